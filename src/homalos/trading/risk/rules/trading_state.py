"""The trading state: HALTED lets nothing new pass, REDUCING only what reduces."""

from homalos.config.sections.risk import RiskSection
from homalos.model.enums import TradingState
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView

_ACTIVE, _REDUCING = TradingState.ACTIVE, TradingState.REDUCING


class TradingStateRule:
    name = "trading_state"
    needs: tuple[str, ...] = ()
    for_reducing = True

    def __init__(self, section: RiskSection) -> None:
        """It has no limit to read."""

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if view.state is _ACTIVE:
            return None
        if view.state is _REDUCING and view.reducing:
            return None
        allowed = "only reducing orders pass" if view.state is _REDUCING else "no order passes"
        return Denial(self.name, 0.0, 0.0, f"trading is {view.state.value}: {allowed}")
