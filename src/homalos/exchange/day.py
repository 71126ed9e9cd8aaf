"""The exchange's day: settlement, the roll to the next trading day, and marks in the ledger."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from homalos.config.sections.exchange import ExchangeSection
from homalos.exchange import codes, reports
from homalos.exchange.contract import Contract
from homalos.exchange.desk import Desk
from homalos.exchange.phases import Phases, Scheduler
from homalos.exchange.records import Ended, Fill, Marked, Settled
from homalos.exchange.settlement import settlement_price
from homalos.exchange.state import working_orders
from homalos.market.sessions import Sessions
from homalos.model.enums import OrderStatus
from homalos.model.ids import AccountId, InstrumentId
from homalos.model.market import Instrument
from homalos.model.times import MINUTE, SECOND
from homalos.model.trading import Account, Position

Prices = tuple[tuple[InstrumentId, float], ...]


class AccountEnd(NamedTuple):
    """An account before its settlement."""

    money: Account
    fills: tuple[Fill, ...]
    positions: tuple[Position, ...]


class DayEnd(NamedTuple):
    """The last look at a trading day, before a settlement wipes it out."""

    trading_day: int
    prices: Prices
    accounts: dict[AccountId, AccountEnd]
    instruments: tuple[Instrument, ...]


class DayRoll:
    """Settles after the last close of the day; nothing is scheduled while every floor is closed but
    the next opening and the settlement, so that a simulated clock may jump over a night."""

    def __init__(
        self,
        desk: Desk,
        phases: Phases,
        sessions: Sessions,
        scheduler: Scheduler,
        section: ExchangeSection,
        contracts: Mapping[InstrumentId, Contract],
        settling: Callable[[Prices], None],
        new_day: Callable[[int, int], None],
    ) -> None:
        self._desk = desk
        self._phases = phases
        self._calendar = sessions.calendar
        self._scheduler = scheduler
        self._delay = section.settlement_delay_minutes * MINUTE
        self._interval = section.mark_interval_s * SECOND
        self._contracts = contracts
        self._settling = settling
        self._new_day = new_day
        self._watching = False

    def begin(self, now: int) -> None:
        """Schedule the settlement of the trading day and the first mark."""
        if self._contracts:
            day = self._desk.state.trading_day
            when = max(self._phases.last_close(day) + self._delay, now + 1)
            self._scheduler.call_at(when, lambda: self._due(day, when))
        self.watch(now)

    def _due(self, day: int, when: int) -> None:
        if day == self._desk.state.trading_day:
            self.settle(self._calendar.next_day(day), when)
            self.begin(when)

    def settle(self, next_day: int, ts: int) -> None:
        """End the trading day: orders expire, profits are paid, lots become yesterday's."""
        state, desk = self._desk.state, self._desk
        for order in working_orders(state):
            before = order.status
            desk.write(Ended(order.account, order.id, OrderStatus.CANCELLED, 0, codes.EXPIRED, ts))
            desk.say(*reports.cancelled(order, before, ts))
            if order.instrument in self._contracts:
                self._contracts[order.instrument].remove(order)
        self._mark(ts)
        prices = self._prices()
        self._settling(prices)
        desk.write(Settled(state.trading_day, next_day, prices, ts))
        desk.commit(ts)
        desk.compact()
        if desk.listener is not None:
            desk.listener.on_trading_day(next_day, ts)
        self._new_day(next_day, ts)
        desk.commit(ts)

    def _prices(self) -> Prices:
        """Settlement prices of every contract that has ever had a price here."""
        found = []
        state = self._desk.state
        for id_, contract in sorted(self._contracts.items()):
            tick = contract.tick or state.marks.get(id_)
            if tick is not None and tick.trading_day == state.trading_day:
                price = settlement_price(contract.instrument, tick)
            else:
                price = None if tick is None else tick.last_price
            if price is not None:
                found.append((id_, price))
        return tuple(found)

    # ------------------------------------------------------------ marks

    def watch(self, now: int) -> None:
        """Note time and prices from time to time while something can happen."""
        if not self._watching and self._phases.any_open():
            self._watching = True
            when = now + self._interval
            self._scheduler.call_at(when, lambda: self._noted(when))

    def _noted(self, now: int) -> None:
        self._watching = False
        self.mark(now)
        self.watch(now)

    def mark(self, now: int) -> None:
        """Put the time and the newest prices into the ledger."""
        self._mark(now)
        self._desk.commit(now)

    def _mark(self, now: int) -> None:
        marks = self._desk.state.marks
        ticks = tuple(
            contract.tick
            for id_, contract in sorted(self._contracts.items())
            if contract.tick is not None and marks.get(id_) is not contract.tick
        )
        self._desk.write(Marked(now, ticks))
