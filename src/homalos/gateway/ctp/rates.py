"""Margin and commission rates of the account: asked for lazily, kept on disk for the trading day.

At one query a second, two queries for each of two hundred contracts take seven minutes: what is
held comes first, then what is subscribed, and a restart on the same day asks for nothing twice
(FACTS A11).
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from loguru import logger

from homalos.gateway.ctp.seams import Queries, RatesChanged, Row
from homalos.model.enums import Severity
from homalos.model.ids import InstrumentId
from homalos.model.market import Fees, Instrument, Rate

__all__ = ["Rates"]

SAVE_EVERY = 10
"""Contracts between two writings of the file; it is also written when nothing is left to ask."""
_SANE = 1e6
"""No rate is above it: CTP's DBL_MAX is none."""


class _Known(msgspec.Struct):
    """Of one contract; ``None``: the broker gave no answer of use."""

    long: Rate | None = None
    short: Rate | None = None
    fees: Fees | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    broker: str
    investor: str
    trading_day: int
    rates: dict[InstrumentId, _Known]


class Rates:
    """See the module. ``changed`` is told whatever becomes known; ``alarm`` of a bad file."""

    def __init__(
        self,
        queries: Queries,
        path: Path,
        broker: str,
        investor: str,
        changed: RatesChanged,
        alarm: Callable[[Severity, str], None],
    ) -> None:
        """``path``: the file, in the data folder."""
        self._queries = queries
        self._path = path
        self._broker = broker
        self._investor = investor
        self._changed = changed
        self._alarm = alarm
        self._day = 0
        self._known: dict[InstrumentId, _Known] = {}
        self._fees: dict[tuple[str, str], Fees] = {}
        """By (exchange, product), where the broker's row is the product's."""
        self._wanted: dict[InstrumentId, tuple[Instrument, bool]] = {}
        self._waiting: tuple[deque[Instrument], deque[Instrument]] = (deque(), deque())
        """Held; the rest."""
        self._asking: InstrumentId | None = None
        self._round = 0
        """Counts the logins: an answer to a query of an earlier one is nobody's."""
        self._unsaved = 0

    def start(self, trading_day: int) -> None:
        """Logged in, queries may be asked: what the disk has of this day is told at once."""
        if trading_day != self._day:
            self._day = trading_day
            self._fees.clear()
            self._known = self._load()
            for id, known in self._known.items():  # noqa: A001
                self._changed(id, known.long, known.short, known.fees)
        for queue in self._waiting:
            queue.clear()
        # What was being asked when the line dropped, and what had no answer, is asked again.
        if self._asking is not None:
            self._known.pop(self._asking, None)
        self._asking = None
        self._round += 1
        for id in [id for id, known in self._known.items() if known == _Known()]:  # noqa: A001
            del self._known[id]
        for instrument, held in self._wanted.values():
            self._queue(instrument, held)
        self._next()

    def want(self, instruments: Iterable[Instrument], *, held: bool = False) -> None:
        """Subscribed, ordered or held (those first); known ones are not asked for again."""
        for instrument in instruments:
            before = self._wanted.get(instrument.id)
            if before is not None and (before[1] or not held):
                continue
            self._wanted[instrument.id] = instrument, held
            if before is not None and instrument in self._waiting[1]:
                self._waiting[1].remove(instrument)
                self._waiting[0].append(instrument)
            elif before is None:
                self._queue(instrument, held)
        self._next()

    # ------------------------------------------------------------ asking

    def _queue(self, instrument: Instrument, held: bool) -> None:
        if instrument.id not in self._known:
            self._waiting[not held].append(instrument)

    def _next(self) -> None:
        if self._asking is not None or not self._day:
            return
        queue = self._waiting[0] or self._waiting[1]
        if not queue:
            if self._unsaved:
                self._save()
            return
        instrument = queue.popleft()
        self._asking = instrument.id
        self._known[instrument.id] = _Known()
        self._ask(
            "ReqQryInstrumentMarginRate", instrument, lambda rows: self._margin(instrument, rows)
        )

    def _ask(self, name: str, instrument: Instrument, done: Callable[[list[Row]], None]) -> None:
        fields = {
            "BrokerID": self._broker,
            "InvestorID": self._investor,
            "ExchangeID": instrument.exchange,
            "InstrumentID": instrument.symbol,
        }
        if name == "ReqQryInstrumentMarginRate":
            fields["HedgeFlag"] = "1"

        asked_in = self._round

        def answered(rows: list[Row]) -> None:
            if asked_in == self._round:
                done(rows)

        def failed(code: int, text: str) -> None:
            logger.warning("ctp td: {} {}: {} {}", name, instrument.id, code, text)
            answered([])

        self._queries.ask(name, fields, answered, failed, background=True)

    def _margin(self, instrument: Instrument, rows: Sequence[Row]) -> None:
        row = _of(rows, instrument)
        known = self._known[instrument.id]
        if row is not None and int(row.get("IsRelative", 0)):
            logger.warning("ctp td: margin rate of {} is relative, not used", instrument.id)
        elif row is not None:
            known.long = _rate(row, "LongMarginRatio")
            known.short = _rate(row, "ShortMarginRatio")
            if known.long == Rate() or known.short == Rate():
                known.long = known.short = None  # nobody trades without margin: not filled in
        shared = self._fees.get((instrument.exchange, instrument.product))
        if shared is None:
            self._ask(
                "ReqQryInstrumentCommissionRate",
                instrument,
                lambda rows: self._commission(instrument, rows),
            )
        else:
            known.fees = shared
            self._complete(instrument)

    def _commission(self, instrument: Instrument, rows: Sequence[Row]) -> None:
        row = _of(rows, instrument)
        if row is not None:
            parts = [_rate(row, f"{name}Ratio") for name in ("Open", "Close", "CloseToday")]
            if None not in parts:
                fees = Fees(*(part for part in parts if part is not None))
                self._known[instrument.id].fees = fees
                if _id(row) == instrument.product:
                    self._fees[instrument.exchange, instrument.product] = fees
        self._complete(instrument)

    def _complete(self, instrument: Instrument) -> None:
        known = self._known[instrument.id]
        self._asking = None
        self._unsaved += 1
        self._changed(instrument.id, known.long, known.short, known.fees)
        if self._unsaved >= SAVE_EVERY:
            self._save()
        self._next()

    # ------------------------------------------------------------ the file

    def _load(self) -> dict[InstrumentId, _Known]:
        try:
            file = msgspec.json.decode(self._path.read_bytes(), type=_File)
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            text = f"{self._path}: {error}; ignored, asked for again / 缓存无法读取，已忽略"
            logger.warning("ctp td: {}", text)
            self._alarm(Severity.WARNING, text)
            return {}
        mine = (self._broker, self._investor, self._day)
        return file.rates if (file.broker, file.investor, file.trading_day) == mine else {}

    def _save(self) -> None:
        self._unsaved = 0
        useful = {id: known for id, known in self._known.items() if known != _Known()}  # noqa: A001
        file = _File(self._broker, self._investor, self._day, useful)
        draft = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(msgspec.json.encode(file))
            draft.replace(self._path)
        except OSError as error:
            logger.warning("ctp td: the rates cannot be kept in {}: {}", self._path, error)


def _of(rows: Sequence[Row], instrument: Instrument) -> Row | None:
    """The row whose id fits longest: the contract's, else its product's (A11)."""
    fitting = [row for row in rows if _id(row) in (instrument.symbol, instrument.product)]
    return max(fitting, key=lambda row: len(_id(row)), default=None)


def _id(row: Row) -> str:
    return str(row.get("InstrumentID", ""))


def _rate(row: Row, name: str) -> Rate | None:
    money, lot = _number(row.get(f"{name}ByMoney")), _number(row.get(f"{name}ByVolume"))
    return None if money is None or lot is None else Rate(money, lot)


def _number(value: Any) -> float | None:
    good = isinstance(value, int | float) and 0.0 <= value < _SANE
    return float(value) if good else None
