"""The trading desk of the tests with flattens and the watch over losses on it."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from tests.unit.trading.desk import RB, instrument
from tests.unit.trading.flatten.floor import ALPHA, BETA, Floor

from homalos.config.sections.risk import RiskSection
from homalos.config.sections.risk_losses import WatchLevel
from homalos.gateway.protocol import VenueSnapshot
from homalos.model.enums import Side
from homalos.model.events import AlertRaised, SetTradingState, TradingDayChanged
from homalos.model.ids import AccountId, InstrumentId
from homalos.model.times import MILLISECOND
from homalos.model.watching import LossesNoted
from homalos.trading.watch.keeper import LossWatch

HALF = 500 * MILLISECOND

OFF: dict[str, Any] = {"max_day_loss_percent": 0.0, "max_drawdown_percent": 0.0, "watches": ()}


def section(*levels: WatchLevel, **limits: Any) -> RiskSection:
    """Nothing of the watch is on but what is said."""
    return RiskSection(**(OFF | {"watches": levels} | limits))


class WatchFloor(Floor):
    """``risk``: the limits. Prices go by ``pass_by``: two ticks half a second apart."""

    def __init__(self, risk: RiskSection | None = None, **changes: Any) -> None:
        self.limits = risk or section()
        super().__init__(risk=self.limits, open_=False, **changes)
        self.watch = LossWatch(self.bus, self.timers, self.books, self.manager.venue, self.control)
        self.watch.configure(self.limits)
        self.gate.view.losses = self.watch.standing
        self.watch.attach()
        self.open()
        self.volume = 1

    def tick(self, id_: InstrumentId, price: float | None, **changes: Any) -> None:
        """The volume grows with each; the settlement that it tells is the last price of all."""
        self.volume = getattr(self, "volume", 1) + 1
        day = self.books.trading_day
        super().tick(id_, price, **({"volume": self.volume, "trading_day": day} | changes))

    def pass_by(self, price: float, id_: InstrumentId = RB, ticks: int = 2, **changes: Any) -> None:
        """So many ticks at this price; then all of it has held."""
        for _ in range(ticks):
            self.tick(id_, price, **changes)
            self.advance(0.5)

    def prime(self, id_: InstrumentId = RB, price: float = 3500.0) -> None:
        """Let the contract have a valid mark, and what was held before have held."""
        self.pass_by(price, id_, 4)

    def holding(self, lots: int = 10, strategy: str = "alpha", id_: InstrumentId = RB) -> None:
        side = Side.BUY if lots > 0 else Side.SELL
        self.trade(side, abs(lots), 3500.0, id_, strategy)
        self.prime(id_)

    def reload(self, *levels: WatchLevel, **limits: Any) -> None:
        """An edit of risk.yaml."""
        self.limits = section(*levels, **limits)
        self.gate.configure(self.limits)
        self.watch.configure(self.limits)
        self.advance(1.5)

    def next_day(self, settlement: float | None = None, wait: float = 1.5, **money: float) -> None:
        """The venue's trading day turns; it says what the books say, and ``money`` beside."""
        now = self.clock.now()
        day = self.books.trading_day + 1
        if settlement is not None:
            self.tick(RB, settlement, settlement=settlement, volume=self.volume)

        def answer(_: AccountId, done: Callable[[VenueSnapshot], None]) -> None:
            account = replace(self.books.account(), **money)
            done(VenueSnapshot(day, account, self.books.positions(), (), ()))

        self.venue.query = answer  # type: ignore[method-assign]
        self.post(TradingDayChanged("test", day, now))
        self.advance(wait)

    def flows(self, deposit: float = 0.0, withdraw: float = 0.0) -> None:
        """Money comes or goes: the venue's word at the next comparison."""
        self.books.set_cash(deposit, withdraw)
        self.watch._on_change(None)
        self.advance(0.5)

    def alerts(self) -> list[str]:
        return [fact.text for fact in self.seen(AlertRaised) if fact.source == "watch"]

    def states(self) -> list[tuple[str, str]]:
        rows = [fact for fact in self.seen(SetTradingState) if fact.who.startswith("watch:")]
        return [(row.state.value, row.who) for row in rows]

    def notes(self) -> list[LossesNoted]:
        return [event for event in self.recorded if isinstance(event, LossesNoted)]

    def loss(self) -> float:
        figure = self.watch.measures.capital.day_loss()
        assert figure is not None
        return round(figure.yuan, 2)

    def drawdown(self) -> float:
        figure = self.watch.measures.capital.drawdown()
        assert figure is not None
        assert figure.percent is not None
        return figure.percent


__all__ = ["ALPHA", "BETA", "WatchFloor", "instrument", "section"]
