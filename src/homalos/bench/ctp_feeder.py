"""A front for benchmarks, in a process of its own: ``python -m homalos.bench.ctp_feeder``.

It speaks the wire of the drop-in libraries on two ports and sends ticks that were encoded before,
when it is told to on its standard input, one JSON object a line:

- ``{"do": "single", "count": n, "rate": 500}``: one tick after another, contracts taking turns
- ``{"do": "burst", "count": n, "gap_ms": 500}``: one tick of every contract at one instant, n times
- ``{"do": "flood", "count": n}``: n ticks as fast as they are taken

It answers ``{"done": ..., "ticks": n, "orders": n}``; its first line is ``{"md": port, "td":
port}``. Requests are answered all the while (``ctp_answers``). It ends with its input.
"""

import json
import os
import select
import socket
import struct
import sys
from collections.abc import Sequence
from typing import Any

from homalos.bench.ctp_answers import Answers
from homalos.bench.ctp_contracts import BEGINS_MS, SINGLE, contracts, trading_day
from homalos.ctp import abi
from homalos.ctp.wire import HEADER, WELCOME, Control, Flag, Splitter, pack
from homalos.kernel.clock import monotonic_ns
from homalos.model.market import Instrument
from homalos.model.times import MILLISECOND, SECOND

HEARTBEAT_S = 3_600
"""No benchmark lasts so long."""
PRICE_TICKS = 1_000
_INT = struct.Struct("<i")
_DOUBLE = struct.Struct("<d")


class Snapshots:
    """Market data frames of the contracts, the newest snapshot of each laid over the last one."""

    def __init__(self, rows: Sequence[Instrument]) -> None:
        facts = abi.load()
        layout = facts.layout("DepthMarketData")
        names = [method.name for method in facts.md_spi]
        method = names.index("OnRtnDepthMarketData")
        at = {field.name: HEADER.size + field.offset for field in layout.fields}
        self._time, self._millis = at["UpdateTime"], at["UpdateMillisec"]
        self._volume, self._last = at["Volume"], at["LastPrice"]
        self._rows = rows
        self._frames = [bytearray(pack(method, Flag.BODY, 0, _body(layout, row))) for row in rows]
        self._sent = [0] * len(rows)
        self._begin = monotonic_ns()

    def clock(self) -> str:
        """The exchange's time of day."""
        return _clock(self._now())

    def next(self, index: int) -> bytearray:
        """The frame of a contract with the present time, one lot more, another last price."""
        frame, now = self._frames[index], self._now()
        self._sent[index] += 1
        sent = self._sent[index]
        frame[self._time : self._time + 8] = _clock(now).encode()
        _INT.pack_into(frame, self._millis, now % 1_000)
        _INT.pack_into(frame, self._volume, 100 + sent)
        price = (PRICE_TICKS + sent % 2) * self._rows[index].tick_size
        _DOUBLE.pack_into(frame, self._last, price)
        return frame

    def all(self) -> bytes:
        """One snapshot of every contract."""
        return b"".join(self.next(index) for index in range(len(self._frames)))

    def _now(self) -> int:
        return BEGINS_MS + (monotonic_ns() - self._begin) // MILLISECOND


class Line:
    """A client's connection."""

    def __init__(self, connection: socket.socket, side: str) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = connection
        self.side = side
        self.splitter = Splitter()


class Feeder:
    """Sockets, clients, and the ticks that are due. One thread, no timer finer than ``select``."""

    def __init__(self, rows: Sequence[Instrument]) -> None:
        self._snapshots = Snapshots(rows)
        self._answers = Answers(rows, self._snapshots.clock)
        self._doors = {side: _listen() for side in ("md", "td")}
        self._lines: list[Line] = []
        self._subscribers: list[Line] = []
        self._commands: list[dict[str, Any]] = []
        self._rest = b""
        self._open = True

    @property
    def ports(self) -> dict[str, int]:
        return {side: door.getsockname()[1] for side, door in self._doors.items()}

    def run(self) -> None:
        """Until the input ends."""
        while self._open:
            self._serve(None)
            while self._commands:
                self._obey(self._commands.pop(0))

    def _obey(self, command: dict[str, Any]) -> None:
        kind, count = command["do"], command["count"]
        if kind == "single":
            self._single(count, command["rate"])
        elif kind == "burst":
            self._burst(count, command["gap_ms"] * MILLISECOND)
        elif kind == "flood":
            self._flood(count)
        else:
            raise ValueError(f"feeder: no command {kind}")
        _say({"done": kind, "ticks": count, "orders": self._answers.orders})

    # ------------------------------------------------------------ ticks

    def _single(self, count: int, rate: int) -> None:
        begin, step = monotonic_ns(), SECOND // rate
        for number in range(count):
            self._serve(begin + number * step)
            self._send(self._snapshots.next(number % SINGLE))

    def _burst(self, count: int, gap: int) -> None:
        begin = monotonic_ns()
        for number in range(count):
            block = self._snapshots.all()
            self._serve(begin + number * gap)
            self._send(block)
        self._serve(begin + count * gap)

    def _flood(self, count: int) -> None:
        block = self._snapshots.all()
        frame = len(self._snapshots.next(0))
        many = len(block) // frame
        for sent in range(0, count, many):
            self._send(block[: min(many, count - sent) * frame])

    def _send(self, data: bytes | bytearray) -> None:
        for line in self._subscribers:
            line.socket.sendall(data)

    # ------------------------------------------------------------ clients

    def _serve(self, until: int | None) -> None:
        """Take what comes until ``until`` (None: until something has come)."""
        while self._open:
            left = None if until is None else (until - monotonic_ns()) / SECOND
            if left is not None and left <= 0:
                left = 0
            watched: list[int | socket.socket] = [0, *self._doors.values()]
            watched += [line.socket for line in self._lines]
            ready, _, _ = select.select(watched, [], [], left)
            for one in ready:
                self._take(one)
            if left == 0 or until is None:
                return

    def _take(self, one: int | socket.socket) -> None:
        if one == 0:
            self._hear()
            return
        for side, door in self._doors.items():
            if one is door:
                self._lines.append(Line(door.accept()[0], side))
                return
        line = next(line for line in self._lines if line.socket is one)
        try:
            data = line.socket.recv(1 << 16)
        except OSError:
            data = b""
        if data:
            self._answer(line, data)
        else:
            self._drop(line)

    def _hear(self) -> None:
        data = os.read(0, 1 << 16)
        self._open = bool(data)
        *whole, self._rest = (self._rest + data).split(b"\n")
        self._commands += [json.loads(text) for text in whole if text.strip()]

    def _answer(self, line: Line, data: bytes) -> None:
        out = []
        for frame in line.splitter.feed(data):
            if frame.method == Control.HELLO:
                body = WELCOME.pack(0, str(trading_day()).encode(), HEARTBEAT_S, 0, 0)
                out.append(pack(Control.WELCOME, Flag.BODY, 0, body))
            elif frame.method < Control.HELLO:
                out += self._answers.of(line.side, frame)
                if self._answers.name(line.side, frame) == "SubscribeMarketData":
                    self._subscribe(line)
        if out:
            line.socket.sendall(b"".join(out))

    def _subscribe(self, line: Line) -> None:
        """Ticks of all contracts, whichever it named: the programs name all that are sent."""
        if line not in self._subscribers:
            self._subscribers.append(line)

    def _drop(self, line: Line) -> None:
        line.socket.close()
        self._lines.remove(line)
        if line in self._subscribers:
            self._subscribers.remove(line)


def _listen() -> socket.socket:
    door = socket.create_server(("127.0.0.1", 0))
    door.setblocking(True)
    return door


def _say(words: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def _clock(millis: int) -> str:
    seconds = millis // 1_000
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _body(layout: abi.Layout, row: Instrument) -> bytes:
    """A snapshot with every field that a level-1 front fills."""
    tick = row.tick_size
    price = PRICE_TICKS * tick
    unset = 1.7976931348623157e308
    depth = {f"{side}Price{level}": unset for side in ("Bid", "Ask") for level in range(2, 6)}
    return layout.encode({
        "TradingDay": str(trading_day()), "ExchangeID": row.exchange, "InstrumentID": row.symbol,
        "LastPrice": price, "PreSettlementPrice": price, "PreClosePrice": price,
        "PreOpenInterest": 250_000.0, "OpenPrice": price, "HighestPrice": price + 5 * tick,
        "LowestPrice": price - 5 * tick, "Volume": 100, "Turnover": price * row.multiplier * 100,
        "OpenInterest": 251_234.0, "ClosePrice": unset, "SettlementPrice": unset,
        "UpperLimitPrice": price * 1.1, "LowerLimitPrice": price * 0.9, "PreDelta": unset,
        "CurrDelta": unset, "UpdateTime": _clock(BEGINS_MS), "BidPrice1": price - tick,
        "BidVolume1": 113, "AskPrice1": price + tick, "AskVolume1": 87,
        "AveragePrice": price * row.multiplier, "ActionDay": str(trading_day()), **depth,
    })  # fmt: skip


def main() -> None:
    """Answer and feed until the input ends."""
    feeder = Feeder(contracts())
    _say(feeder.ports)
    feeder.run()


if __name__ == "__main__":
    main()
