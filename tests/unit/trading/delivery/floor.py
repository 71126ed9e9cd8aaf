"""The trading desk of the tests on a day near delivery.

rb2605 trades for the last time on 2026-05-15, a Friday; a person is flat on the close of the third
trading day before it, 05-12, and opens nothing from the two days before that on. The exchanges are
closed from 05-01 to 05-05, so May's first trading day is 05-06.
"""

from typing import Any

from msgspec.structs import replace
from tests.generators.markets import market_tables
from tests.unit.trading.desk import RB, instrument
from tests.unit.trading.flatten.floor import Floor

from homalos.config.sections.risk import RiskSection
from homalos.model.events import AlertRaised, InstrumentListed, TradingDayChanged
from homalos.model.ids import InstrumentId
from homalos.model.times import MINUTE, china_midnight
from homalos.trading.delivery.keeper import Delivery

LAST, FLAT, LAST_OPEN = 20260515, 20260512, 20260507
MONTH_BEFORE, MONTH = 20260430, 20260506
PRODUCTS, SESSIONS = market_tables()
MORNING = 9 * 60 + 30


class Near(Floor):
    """A flatten's desk with the delivery actor on it; ``turn`` begins a trading day at 09:30."""

    def __init__(self, day: int = 0, *, keep: Any = (), **changes: Any) -> None:
        super().__init__(open_=False, **changes)
        section: RiskSection = changes.get("risk") or RiskSection()
        self.delivery = Delivery(
            self.bus, self.timers, self.books, self.flatten, PRODUCTS.delivery, SESSIONS, section
        )
        self.gate.view.delivery = self.delivery.near
        self.delivery.attach()
        for told in keep:
            self.delivery.fold(told)
        self.open()
        if day:
            self.turn(day)

    def turn(self, day: int, minute: int = MORNING) -> None:
        now = china_midnight(day) + minute * MINUTE
        self.clock.advance(now)
        self.post(TradingDayChanged("test", day, now))
        self.tick(RB, 3500.0, trading_day=day)

    def list_with(self, **changes: Any) -> None:
        self.post(InstrumentListed(replace(instrument(RB), **changes), self.clock.now()))

    def limit(self, section: RiskSection) -> None:
        """New limits, as a saved file brings them."""
        self.gate.configure(section)
        self.delivery.configure(section)

    def warnings(self, id_: InstrumentId = RB) -> list[AlertRaised]:
        return [
            alert for alert in self.seen(AlertRaised)
            if alert.source == "delivery" and alert.text.startswith(id_)
        ]  # fmt: skip
