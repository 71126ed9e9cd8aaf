"""The first word of a front to a library."""

from homalos.ctp.abi import VERSION
from homalos.ctp.wire import WELCOME, Control, pack
from homalos.exchange.door.core import Core
from homalos.exchange.door.line import Hello, Line

WRONG_VERSION = 3039
WRONG_SIDE = 77


def welcome(core: Core, line: Line, hello: Hello) -> bool:
    """Let a library in, or tell why not and cut it; whether it is in."""
    refusal = 0
    if not hello.version.startswith(VERSION):
        refusal = WRONG_VERSION
    elif hello.side != line.side:
        refusal = WRONG_SIDE
    section = core.section
    line.write(
        pack(
            Control.WELCOME,
            body=WELCOME.pack(
                refusal, core.day.encode(), section.heartbeat_s, section.queries_per_s,
                section.packages_per_s,
            ),
        )
    )  # fmt: skip
    if refusal:
        line.cut(flush=True)
    return not refusal
