"""CTP for the daemon: ports that the loop drains on its own thread, over the native binding.

The library's threads only copy each callback into a ring (`src/native/binding/`); they never touch
Python, so nothing here can deadlock with them. ``fileno`` becomes readable once per burst. All
calls of one port come from one thread, ``close`` apart.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from homalos.ctp.abi import FieldError, Value
from homalos.ctp.errors import ClosedError, LibraryError
from homalos.ctp.libraries import load_binding
from homalos.ctp.records import MdStats, OrderRow, TdStats, TradeRow
from homalos.model.ids import InstrumentId
from homalos.model.market import Tick

if TYPE_CHECKING:
    from homalos.ctp import _homalos_ctp as native

__all__ = [
    "ClosedError",
    "FastMd",
    "FastTd",
    "FieldError",
    "LibraryError",
    "MdSink",
    "MdStats",
    "OrderRow",
    "Resume",
    "TdSink",
    "TdStats",
    "TradeRow",
    "wait",
]

RING_BYTES = 1 << 24
"""Some 26,000 ticks."""


class Resume(IntEnum):
    """From where the private and the public flow begin (FACTS A18)."""

    RESTART = 0
    RESUME = 1
    QUICK = 2
    NONE = 3


class Sink(Protocol):
    """Who is told. An exception comes out of ``drain``; the callback that raised it is done."""

    def on_connected(self) -> None: ...

    def on_disconnected(self, reason: int) -> None: ...

    def on_response(
        self, name: str, data: dict[str, Any] | None, error: int, message: str, request: int,
        last: bool,
    ) -> None:  # fmt: skip
        """Every ``OnRsp…``; ``name`` is the SPI's, ``data`` None for a null record. Text is ``str``
        (``?`` marks replaced where it is no GB18030), apart from ``SettlementInfo.Content``:
        ``bytes``, since a character may be cut in two by the end of a chunk."""

    def on_notice(self, name: str, data: dict[str, Any] | None, error: int, message: str) -> None:
        """Every other ``OnRtn…`` and ``OnErrRtn…``."""


class MdSink(Sink, Protocol):
    def on_tick(self, tick: Tick) -> None:
        """``OnRtnDepthMarketData`` of a listed contract."""


class TdSink(Sink, Protocol):
    def on_order(self, row: OrderRow) -> None:
        """``OnRtnOrder``"""

    def on_trade(self, row: TradeRow) -> None:
        """``OnRtnTrade``"""


class _MdDrain(Protocol):
    def __call__(self, sink: MdSink, limit: int = 0) -> int: ...


class _TdDrain(Protocol):
    def __call__(self, sink: TdSink, limit: int = 0) -> int: ...


class _Insert(Protocol):
    def __call__(
        self, ref: str, exchange: str, instrument: str, direction: str, offset: str,
        price_type: str, price: float, lots: int, time_condition: str, volume_condition: str,
        min_volume: int, request: int, memo: str = "",
    ) -> int: ...  # fmt: skip


class _Cancel(Protocol):
    def __call__(
        self, exchange: str, instrument: str, sys_id: str, front: int, session: int, ref: str,
        action_ref: int, request: int,
    ) -> int: ...  # fmt: skip


class FastMd:
    """Market data. The hot methods are the extension's own, without a Python frame between.

    Until ``dates_by_clock`` or ``dates_by_day`` was called, dates go by the machine's clock.
    """

    drain: _MdDrain
    """``drain(sink, limit=0)`` tells the sink what has come, clears the wake, and returns how many
    callbacks it took. ``limit`` 0: until nothing is left, but at most 1,024; what is left over
    keeps ``fileno`` readable."""

    def __init__(
        self, folder: Path, flow: Path, *, production: bool = True, ring_bytes: int = RING_BYTES
    ) -> None:
        """``folder`` holds the vendor's library; ``flow`` is made if absent and must be this
        port's alone. ``LibraryError``: the library is missing or of another version, or the flow
        folder cannot be written. ``NativeMissingError``: there is no binding."""
        self._port: native.Md = load_binding().Md(
            str(folder), _flow_prefix(flow), production, ring_bytes
        )
        self.drain = self._port.drain

    def open(self, fronts: Sequence[str]) -> None:
        """Registers the fronts (``tcp://host:port``) and starts connecting to one after another."""
        self._port.open(list(fronts))

    def fileno(self) -> int:
        return self._port.fileno()

    def list(
        self, wire_id: str, instrument: InstrumentId, turnover_factor: float, half_second: bool
    ) -> None:
        """Makes ticks of ``wire_id`` ticks of ``instrument``; those of others are counted only.
        ``half_second``: CZCE, whose second snapshot in a second bears the same time: +500 ms."""
        self._port.list(wire_id, instrument, turnover_factor, half_second)

    def dates_by_clock(self, offset_ns: int) -> None:
        """A tick is of the natural day that puts it nearest to now (machine's clock plus offset);
        one that is more than 30 minutes away is stale: counted, not delivered (FACTS A14)."""
        self._port.dates_by_clock(offset_ns)

    def dates_by_day(self, evening_ns: int, day_ns: int) -> None:
        """A tick is of the trading day whose evening and whose own midnight (China's, ns UTC) these
        are: from 18:00 the evening, before 08:00 the night after it, else the day."""
        self._port.dates_by_day(evening_ns, day_ns)

    def set_trading_day(self, day: int) -> None:
        """``Tick.trading_day`` from now on (the login's, never the tick's own)."""
        self._port.set_trading_day(day)

    def subscribe(self, wire_ids: Sequence[str]) -> int:
        return self._port.subscribe(wire_ids)

    def unsubscribe(self, wire_ids: Sequence[str]) -> int:
        return self._port.unsubscribe(wire_ids)

    def request(self, name: str, fields: Mapping[str, Value], request: int) -> int:
        """``ReqUserLogin`` and its like: 0, or -1, -2, -3 and nothing was sent (FACTS A5).
        ``FieldError``: a field that is not there, of the wrong type or too long."""
        return self._port.request(name, fields, request)

    def stats(self) -> MdStats:
        return MdStats(*self._port.stats())

    def close(self) -> None:
        """Ends the library's threads. Harmless twice, and from within a sink."""
        self._port.close()


class FastTd:
    """Trading."""

    drain: _TdDrain
    """As ``FastMd.drain``."""
    insert: _Insert
    """``ReqOrderInsert`` of a speculative order; ``set_account`` comes first."""
    cancel: _Cancel
    """``ReqOrderAction``; of the two identities give what is known, ``""`` and 0 for the other."""

    def __init__(
        self, folder: Path, flow: Path, *, production: bool = True, ring_bytes: int = RING_BYTES
    ) -> None:
        """As ``FastMd``."""
        self._port: native.Td = load_binding().Td(
            str(folder), _flow_prefix(flow), production, ring_bytes
        )
        self.drain = self._port.drain
        self.insert = self._port.insert
        self.cancel = self._port.cancel

    def open(
        self,
        fronts: Sequence[str],
        private: Resume = Resume.RESTART,
        public: Resume = Resume.RESTART,
    ) -> None:
        self._port.open(list(fronts), private, public)

    def fileno(self) -> int:
        return self._port.fileno()

    def set_account(self, broker: str, investor: str, user: str) -> None:
        """Filled into every order and cancel from now on."""
        self._port.set_account(broker, investor, user)

    def request(self, name: str, fields: Mapping[str, Value], request: int) -> int:
        """As ``FastMd.request``."""
        return self._port.request(name, fields, request)

    def front_info(self) -> tuple[int, int]:
        """Queries and packages a second that the front allows; 0: not told, or no limit."""
        return self._port.front_info()

    def stats(self) -> TdStats:
        return TdStats(*self._port.stats())

    def close(self) -> None:
        """As ``FastMd.close``."""
        self._port.close()


def wait(ports: Sequence[FastMd | FastTd], nanoseconds: int) -> bool:
    """Spins, without the GIL, until a port has something (True) or the time is over (False).
    Meanwhile the ports do not signal ``fileno``."""
    spin: bool = load_binding().wait([port._port for port in ports], nanoseconds)
    return spin


def _flow_prefix(flow: Path) -> str:
    """The vendor's flow path is a bare prefix of file names, and a missing folder ends the
    process (FACTS A2)."""
    try:
        flow.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LibraryError(f"cannot make the flow folder {flow}: {error}") from error
    return f"{flow}/"
