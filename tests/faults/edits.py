"""The files of the configuration broken in every way while the real daemon trades.

A broken file is refused with an alert that names it, and nothing of it holds; the daemon trades on
with the old values, and takes the next good edit.
"""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.faults.kills import STILL, Victim
from tests.faults.requests import _stands
from tests.integration.daemon import Daemon, until
from tests.integration.test_daemon_operator import audited

FILES = ("system.yaml", "risk.yaml", "strategies.yaml")
Break = Callable[[bytes, random.Random], bytes]


def _torn(text: bytes, chance: random.Random) -> bytes:
    """As a crash of the editor leaves it: an open quote behind a part of it."""
    return text[: chance.randrange(len(text))] + b'\nx: "'


BREAKS: dict[str, Break] = {
    "torn": _torn,
    "noise": lambda text, chance: chance.randbytes(400),
    "zeros": lambda text, chance: bytes(len(text)),
    "not UTF-8": lambda text, chance: text + b"\n# \xff\xfe\n",
    "a tab": lambda text, chance: b"x:\n\ty: 1\n" + text,
    "an unknown key": lambda text, chance: text + b"\nno_such_key: 1\n",
    "a key twice": lambda text, chance: text + b"\nx: 1\nx: 2\n",
    "a list": lambda text, chance: b"- 1\n- 2\n",
    "a tag that runs code": lambda text, chance: b"x: !!python/object/apply:os.abort []\n",
    "aliases without end": lambda text, chance: _bomb(),
    "too deep": lambda text, chance: b"x: " + b"[" * 5_000,
}


def _bomb() -> bytes:
    lines = (f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))
    return "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x]", *lines]).encode()


class Edit(NamedTuple):
    file: str
    way: str


class Figures(NamedTuple):
    edits: int
    trades: int


def edits() -> Iterator[Edit]:
    for file in FILES:
        for way in BREAKS:
            yield Edit(file, way)


def run(root: Path, seed: int, chosen: tuple[Edit, ...]) -> Figures:
    """Break, wait for the word, mend; at a market of 60 times its pace. ``AssertionError``."""
    chance = random.Random(seed)
    victim = Victim(root)
    daemon = victim.daemon
    victim._pace(60)
    try:
        daemon.start()
        until(lambda: daemon.trades_so_far() > 5, 30, "the first trades")
        before = daemon.trades_so_far()
        for edit in chosen:
            try:
                _break(daemon, edit, chance)
            except AssertionError as error:
                raise AssertionError(f"{edit}: {error}") from error
        _good_edit(daemon)
        trades = daemon.trades_so_far() - before
        assert trades > 0, "nobody trades any more"
        victim._pace(STILL)
        until(lambda: _stands(daemon), 15, "the market stands")
        victim.check()
        assert daemon.stop() == 0, daemon.err()
        return Figures(len(chosen), trades)
    finally:
        daemon.kill()


def _break(daemon: Daemon, edit: Edit, chance: random.Random) -> None:
    path = daemon.config / edit.file
    whole = path.read_bytes()
    told = _refusals(daemon, edit.file)
    running = daemon.ask("/api/v1/strategies")
    path.write_bytes(BREAKS[edit.way](whole, chance))
    try:
        until(lambda: _refusals(daemon, edit.file) > told, 15, "the refusal")
    finally:
        path.write_bytes(whole)
    now = daemon.ask("/api/v1/strategies")
    assert [(r["id"], r["state"]) for r in now] == [(r["id"], r["state"]) for r in running]
    assert daemon.status()["trading_state"] == "active"
    changed = daemon.rows("SELECT count(*) FROM audit WHERE result = 'applied'")
    assert changed == [(0,)], f"something of a broken file holds: {changed}"


def _refusals(daemon: Daemon, file: str) -> int:
    """Alerts so far that name the file."""
    alerts = daemon.ask("/api/v1/alerts?limit=200")
    return sum("Config refused" in a["text"] and file in a["text"] for a in alerts)


def _good_edit(daemon: Daemon) -> None:
    path = daemon.config / "risk.yaml"
    whole = path.read_text(encoding="utf-8")
    daemon.risk(whole + "max_order_lots: 77\n")
    until(lambda: audited(daemon, "100 -> 77", "max_order_lots"), 15, "the good edit")
    daemon.risk(whole)
