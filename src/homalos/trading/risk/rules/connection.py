"""The trading line to the venue is up."""

from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class Connection(Rule):
    name = "connection"
    for_reducing = True
    en = "the trading line is down"
    zh = "交易线路断开"

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if view.connected:
            return None
        return Denial(self.name, 0.0, 1.0, "the trading line to the venue is down")
