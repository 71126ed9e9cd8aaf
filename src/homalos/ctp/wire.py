"""The wire between the drop-in libraries and ``homalos exchange``: frames on TCP, little-endian.

A frame is a header and what the method is given: the bytes of its struct, as the library has them
in memory, then those of ``RspInfo``. Requests are numbered by their place in the API's table of
virtual methods, callbacks by theirs in the SPI's; numbers from ``HELLO`` on are the wire's own.
C++ has the same in ``src/native/dropin/wire.h``; a test compares them.
"""

import struct
from enum import IntEnum, IntFlag
from typing import NamedTuple

HEADER = struct.Struct("<IHBBiI")
"""size of what follows this field, method, flags, flow, request id, sequence in the flow."""
SIZE_FIELD = 4
MAX_FRAME = 1 << 20


class Flag(IntFlag):
    LAST = 1
    BODY = 2
    """The struct follows; without it the callback gets a null pointer."""
    ERROR = 4
    """``RspInfo`` follows; without it the callback gets a null pointer."""


class Flow(IntEnum):
    """Which numbered flow a frame belongs to."""

    DIALOG = 0
    """Answers and market data: no number, lost with the line."""
    PRIVATE = 1
    PUBLIC = 2


class Control(IntEnum):
    """Frames that no method of the API stands for."""

    HELLO = 0xFF00
    """First frame of the library; body ``HELLO``."""
    WELCOME = 0xFF01
    """The front's answer; body ``WELCOME``. Only now the library calls ``OnFrontConnected``."""
    HEARTBEAT = 0xFF02
    """Both ways, no body."""
    FLOWS_CLEARED = 0xFF03
    """The flows begin anew (a new trading day, a core restarted with cleared flows): the library
    forgets the numbers that it kept; body ``FLOWS_CLEARED``."""


HELLO = struct.Struct("<16s4sii12sII")
"""ABI version, ``md`` or ``td``, resume modes of the private and the public flow, and of the flow
files: trading day, last private number, last public number."""
WELCOME = struct.Struct("<i12siii")
"""Refusal (0: none, else a reason and the line is cut), trading day, seconds between heartbeats,
queries a second, FTD packages a second (0: unlimited)."""
FLOWS_CLEARED = struct.Struct("<12s")
INSTRUMENT = struct.Struct("<81s")
"""Body of the (un)subscribe requests: any number of these."""


class Resume(IntEnum):
    """``THOST_TE_RESUME_TYPE``."""

    RESTART = 0
    RESUME = 1
    QUICK = 2
    NONE = 3


class Frame(NamedTuple):
    method: int
    flags: int
    flow: int
    request: int
    sequence: int
    body: bytes


def pack(
    method: int, flags: int = 0, request: int = 0, body: bytes = b"", flow: int = 0,
    sequence: int = 0,
) -> bytes:  # fmt: skip
    """One frame as it goes over the wire."""
    size = HEADER.size - SIZE_FIELD + len(body)
    return HEADER.pack(size, method, flags, flow, request, sequence) + body


class FrameError(ValueError):
    """What came is no frame."""


class Splitter:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Frames that are complete now. ``FrameError``: the peer does not speak this protocol."""
        rest = self._rest
        rest += data
        frames, at, end = [], 0, len(rest)
        while end - at >= HEADER.size:
            size, method, flags, flow, request, sequence = HEADER.unpack_from(rest, at)
            if not HEADER.size - SIZE_FIELD <= size <= MAX_FRAME:
                raise FrameError(f"a frame of {size} bytes")
            if end - at < SIZE_FIELD + size:
                break
            body = bytes(rest[at + HEADER.size : at + SIZE_FIELD + size])
            frames.append(Frame(method, flags, flow, request, sequence, body))
            at += SIZE_FIELD + size
        del rest[:at]
        return frames
