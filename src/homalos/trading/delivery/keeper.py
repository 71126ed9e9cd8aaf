"""The actor of what approaches delivery.

The days of each contract are worked out when it is listed; when the trading day turns, what they
mean for orders is laid out by contract (``near``), so that a rule compares nothing but what is
there. Whoever holds lots, of this daemon or not, is told some trading days ahead, once a step, also
when the position comes later than the step; what was told is in the journal. On the must-be-flat
day ``must_flat_action`` acts.
"""

from collections.abc import Mapping
from functools import partial

from homalos.config.sections.risk import RiskSection
from homalos.kernel.bus import Bus
from homalos.kernel.records import Kind
from homalos.kernel.timers import Timer, Timers
from homalos.market.delivery import Deliveries, DeliveryDays
from homalos.market.sessions import Sessions
from homalos.model.delivering import DeliveryTold
from homalos.model.enums import Severity, TradingState
from homalos.model.events import (
    AlertRaised,
    InstrumentListed,
    Reconciled,
    SetTradingState,
    TradeFilled,
    TradingDayChanged,
)
from homalos.model.ids import InstrumentId
from homalos.model.market import Instrument
from homalos.model.times import MINUTE, to_date
from homalos.trading.books import Books
from homalos.trading.contract import Contract
from homalos.trading.delivery import near as pure
from homalos.trading.delivery import words
from homalos.trading.delivery.near import LATE, Deadline, Near
from homalos.trading.flatten.keeper import Flatten

ACTOR = "delivery"
WHO = "watch:delivery"


class Delivery:
    """See the module. The only writer of ``near``, which the risk rules read."""

    def __init__(
        self, bus: Bus, timers: Timers, books: Books, flatten: Flatten, deliveries: Deliveries,
        sessions: Sessions, section: RiskSection,
    ) -> None:  # fmt: skip
        self._bus = bus
        self._timers = timers
        self._books = books
        self._flatten = flatten
        self._deliveries = deliveries
        self._sessions = sessions
        self._section = section
        self._today = 0
        self._days: dict[InstrumentId, DeliveryDays | None] = {}
        """Of each listed contract; ``None``: its last trading day is unknown."""
        self._near: dict[InstrumentId, Near] = {}
        self._quiet: set[InstrumentId] = set()
        """Looked at: today no fill in them changes what there is to say or do."""
        self._told: set[DeliveryTold] = set()
        self._due: dict[tuple[InstrumentId, int], Timer] = {}
        """By contract and trading day: when its must-be-flat day is acted upon."""

    @property
    def near(self) -> Mapping[InstrumentId, Near]:
        """Always the same object."""
        return self._near

    def attach(self) -> None:
        """Subscribe: after the books, before the strategies."""
        bus = self._bus
        bus.subscribe(InstrumentListed, self._on_listed, actor=ACTOR, role="orders")
        bus.subscribe(TradingDayChanged, self._on_day, actor=ACTOR, role="orders")
        bus.subscribe(TradeFilled, self._on_fill, actor=ACTOR, role="orders")
        bus.subscribe(Reconciled, self._on_reconciled, actor=ACTOR, role="orders")

    def configure(self, section: RiskSection) -> None:
        """Apply the keys that hold at once."""
        before, self._section = self._section, section
        if _own(before) == _own(section):
            return
        for id_ in self._days:
            item = self._books.instrument(id_)
            if item is not None:
                self._learn(item)
        for timer in self._due.values():
            timer.cancel()
        self._due.clear()
        self._look_at_all()

    # ------------------------------------------------------------ the days

    def _on_listed(self, event: InstrumentListed) -> None:
        self._learn(event.instrument)
        contract = self._books.contract(event.instrument.id)
        if contract is not None and _lots(contract) != (0, 0):
            self._look(contract)

    def _learn(self, item: Instrument) -> None:
        section = self._section
        closed = section.last_open_days
        if section.must_flat_action == "flatten":
            closed = max(1, closed)  # what is being closed is not opened
        try:
            if item.last_trading_day:
                to_date(item.last_trading_day)
            days = self._deliveries.days(item, section.client, section.delivery_early_days, closed)
        except ValueError:  # a table with a day or a month that no calendar has: unknown
            days = None
        self._days[item.id] = days
        self._lay(item.id, days)

    def _lay(self, id_: InstrumentId, days: DeliveryDays | None) -> None:
        self._quiet.discard(id_)
        found = None if days is None or not self._today else pure.near(days, self._today)
        if found is None:
            self._near.pop(id_, None)
        else:
            self._near[id_] = found

    def _on_day(self, event: TradingDayChanged) -> None:
        if event.trading_day == self._today:
            return
        self._today = today = event.trading_day
        self._told = {row for row in self._told if not 0 < row.day < today != -row.step}
        for id_, days in self._days.items():
            self._lay(id_, days)
        self._look_at_all()

    # ------------------------------------------------------------ warnings

    def _on_fill(self, event: TradeFilled) -> None:
        id_ = event.trade.instrument
        if id_ in self._quiet:
            return
        contract = self._books.contract(id_)
        if contract is not None and _lots(contract) != (0, 0):
            self._look(contract)

    def _on_reconciled(self, _: Reconciled) -> None:
        """Lots that other terminals opened, and those of before a start."""
        self._look_at_all()

    def _look_at_all(self) -> None:
        for contract in sorted(self._books.held(), key=lambda contract: contract.instrument.id):
            self._look(contract)

    def _look(self, contract: Contract) -> None:
        """Warn of what is held in one contract, and see to its must-be-flat day."""
        id_ = contract.instrument.id
        if not self._today or id_ not in self._days:
            return
        days = self._days[id_]
        if days is None:
            self._once(DeliveryTold(id_, "unknown", 0, 0), Severity.WARNING, words.unknown(id_))
            self._quiet.add(id_)
            return
        for row in pure.deadlines(days, _lots(contract)):
            self._warn(contract, row, days)
        if days.must_flat and days.must_flat <= self._today:
            self._see_to(contract.instrument)
        elif not self._lots_matter(days):
            self._quiet.add(id_)

    def _lots_matter(self, days: DeliveryDays) -> bool:
        """Whether a fill may leave lots that are to be warned of today, and were not before."""
        for row in pure.deadlines(days, (1,)):
            if row.what == "multiple":
                return LATE < self._left(row) <= max(self._section.delivery_warn_days, default=0)
        return False

    def _left(self, row: Deadline) -> int:
        """Trading days to it, as far as anybody is warned."""
        most = max(self._section.delivery_warn_days, default=0)
        return pure.left(self._sessions.calendar, self._today, row.day, most)

    def _warn(self, contract: Contract, row: Deadline, days: DeliveryDays) -> None:
        steps = self._section.delivery_warn_days
        count = self._left(row)
        if row.what == "multiple" and count == LATE:
            return  # from here on the rule holds, and partial fills are nobody's fault
        step = -self._today if count == LATE else pure.step(count, steps)
        if step is None:
            return
        id_ = contract.instrument.id
        severity = Severity.WARNING if count > 1 else Severity.ERROR
        if count <= 0 and row.what != "multiple":
            severity = Severity.CRITICAL if row.what == "must_flat" else Severity.ERROR
        long, short = _lots(contract)
        text = words.warning(id_, f"{long} long + {short} short", row, count, days)
        self._once(DeliveryTold(id_, row.what, row.day, step), severity, text)

    def _once(self, told: DeliveryTold, severity: Severity, text: str) -> None:
        if told in self._told:
            return
        self._told.add(told)
        self._bus.record(told)
        self._bus.publish(AlertRaised(severity, ACTOR, text, self._bus.clock.now()))

    # ------------------------------------------------------------ the must-be-flat day

    def _see_to(self, item: Instrument) -> None:
        key = item.id, self._today
        if key in self._due or self._section.must_flat_action == "warn":
            return
        now, end = self._bus.clock.now(), self._end(item)
        when = max(now, end - self._section.must_flat_minutes * MINUTE)
        if when < end:
            self._due[key] = self._timers.call_at(when, partial(self._act, *key))

    def _end(self, item: Instrument) -> int:
        """The contract's close on this trading day."""
        early = self._sessions.early_close(item, self._today)
        return early or self._sessions.span(item.exchange, item.product, self._today)[1]

    def _act(self, id_: InstrumentId, day: int) -> None:
        self._due.pop((id_, day), None)
        contract, days = self._books.contract(id_), self._days.get(id_)
        if contract is None or days is None or day != self._today or _lots(contract) == (0, 0):
            return
        if not days.must_flat or days.must_flat > day:
            return  # the config changed meanwhile
        action, now, end = self._section.must_flat_action, self._bus.clock.now(), 0
        why = f"{id_} may not be held over {days.must_flat} / 须在 {days.must_flat} 收盘前平仓"
        if action == "reduce":
            self._bus.publish(SetTradingState(TradingState.REDUCING, WHO, why, now))
        elif action == "flatten":
            end = self._end(contract.instrument)
            self._flatten.close_contract(id_, end, (now + end) // 2, WHO, why)

    # ------------------------------------------------------------ keeping

    def fold(self, told: DeliveryTold) -> None:
        """From the journal."""
        self._told.add(told)

    def checkpoint(self) -> None:
        """What stands before this is not read again."""
        for told in sorted(self._told, key=_order):
            self._bus.record(told, Kind.CHECKPOINT)

    def state(self) -> tuple[object, ...]:
        """For the hash of all state."""
        return tuple(_order(told) for told in sorted(self._told, key=_order))


def _own(section: RiskSection) -> tuple[object, ...]:
    return (
        section.client, section.last_open_days, section.delivery_early_days,
        section.delivery_warn_days, section.must_flat_action, section.must_flat_minutes,
    )  # fmt: skip


def _lots(contract: Contract) -> tuple[int, int]:
    """Long, short."""
    long, short = contract.long, contract.short
    return long.today + long.yesterday, short.today + short.yesterday


def _order(told: DeliveryTold) -> tuple[str, str, int, int]:
    return told.instrument, told.what, told.day, told.step
