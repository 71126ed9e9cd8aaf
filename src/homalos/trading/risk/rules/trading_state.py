"""The trading state: HALTED lets nothing new pass, REDUCING only what reduces."""

from homalos.model.enums import TradingState
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule

_ACTIVE, _REDUCING = TradingState.ACTIVE, TradingState.REDUCING


class TradingStateRule(Rule):
    name = "trading_state"
    for_reducing = True
    en = "what the trading state does not let pass"
    zh = "交易状态不允许的委托"

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if view.state is _ACTIVE:
            return None
        if view.state is _REDUCING and view.reducing:
            return None
        allowed = "only reducing orders pass" if view.state is _REDUCING else "no order passes"
        return Denial(self.name, 0.0, 0.0, f"trading is {view.state.value}: {allowed}")
