"""What the parts of this gateway ask of each other, as protocols.

``TdPort`` and ``MdPort`` are the vendor's library behind a face that the loop drains: our binding
(``homalos.ctp.fast``) or vnpy's (``vnpy_port``). All calls are made on the loop's thread.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from homalos.model.ids import InstrumentId
from homalos.model.market import Fees, Rate, Tick

Value = str | int | float | bytes
Row = dict[str, Any]
"""A struct as a dict: text as ``str``, an unset single character as ``"\\0"``."""


class Sink(Protocol):
    """Who is told what a port drained."""

    def on_connected(self) -> None: ...

    def on_disconnected(self, reason: int) -> None: ...

    def on_response(
        self, name: str, data: Row | None, error: int, message: str, request: int, last: bool
    ) -> None:
        """An ``OnRsp…``; ``name`` is the SPI's."""

    def on_notice(self, name: str, data: Row | None, error: int, message: str) -> None:
        """An ``OnRtn…`` or ``OnErrRtn…`` that has no method of its own."""


class MdSink(Sink, Protocol):
    def on_tick(self, tick: Tick) -> None: ...


class TdSink(Sink, Protocol):
    def on_order(self, row: Any) -> None:
        """``homalos.ctp.records.OrderRow``"""

    def on_trade(self, row: Any) -> None:
        """``homalos.ctp.records.TradeRow``"""


class Port(Protocol):
    """One API object. After ``close`` every other call raises."""

    def fileno(self) -> int: ...

    def request(self, name: str, fields: Mapping[str, Value], request: int) -> int:
        """``ReqUserLogin`` and its like; 0 or CTP's -1, -2, -3."""

    def close(self) -> None: ...


class TdPort(Port, Protocol):
    def open(self, fronts: Sequence[str]) -> None: ...

    def drain(self, sink: TdSink, limit: int = 0) -> int: ...

    def front_info(self) -> tuple[int, int]:
        """Queries and packages a second that the front allows; 0: not told."""

    def set_account(self, broker: str, investor: str, user: str) -> None: ...

    def insert(
        self, ref: str, exchange: str, instrument: str, direction: str, offset: str,
        price_type: str, price: float, lots: int, time_condition: str, volume_condition: str,
        min_volume: int, request: int, memo: str = "",
    ) -> int: ...  # fmt: skip

    def cancel(
        self, exchange: str, instrument: str, sys_id: str, front: int, session: int, ref: str,
        action_ref: int, request: int,
    ) -> int: ...  # fmt: skip


class MdPort(Port, Protocol):
    def open(self, fronts: Sequence[str]) -> None: ...

    def drain(self, sink: MdSink, limit: int = 0) -> int: ...

    def list(
        self, wire_id: str, instrument: InstrumentId, turnover_factor: float, half_second: bool
    ) -> None: ...

    def dates_by_clock(self, offset_ns: int) -> None: ...

    def dates_by_day(self, evening_ns: int, day_ns: int) -> None: ...

    def set_trading_day(self, day: int) -> None: ...

    def subscribe(self, wire_ids: Sequence[str]) -> int: ...

    def unsubscribe(self, wire_ids: Sequence[str]) -> int: ...

    def stats(self) -> Any: ...


# ---------------------------------------------------------------- who asks queries.py

Done = Callable[[list[Row]], None]
"""All rows of a complete answer, in order; a null record is no row."""
Failed = Callable[[int, str], None]
"""The query cannot be had: refused for good (code, text), or never answered (code 0)."""


class Queries(Protocol):
    """The one scheduler of ``ReqQry…`` of a TD line (A5): one in flight, paced, timed out and
    tried again, 90/154/-2/-3 put back at the head."""

    def start(self, per_second: int) -> None:
        """The line is logged in; nothing leaves before. ``per_second`` of ``front_info``, 0: ours
        (``ctp.query_interval_ms``)."""

    def ask(
        self,
        name: str,
        fields: Mapping[str, Value],
        done: Done,
        failed: Failed,
        *,
        key: str = "",
        background: bool = False,
    ) -> None:
        """Queue ``ReqQryInstrument`` and its like. Of equal non-empty ``key`` one alone waits: a
        later one takes the place of the earlier, whose ``done`` is not called. ``background``:
        only when nothing else waits."""

    def on_response(
        self, name: str, data: Row | None, error: int, message: str, request: int, last: bool
    ) -> bool:
        """Whether it was the answer to a query, ``OnRspError`` included."""

    def reset(self) -> None:
        """The line is gone: forget what waits and what is in flight; nobody is called."""


# ---------------------------------------------------------------- what rates.py asks of gateway.py


class RatesChanged(Protocol):
    def __call__(
        self, instrument: InstrumentId, long: Rate | None, short: Rate | None, fees: Fees | None
    ) -> None:
        """What the broker charges; ``None``: not known (yet), the other part stands."""
