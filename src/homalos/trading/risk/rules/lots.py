"""Lots within what the contract allows in one order."""

from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class LotLimits(Rule):
    name = "lots"
    for_reducing = True
    en = "fewer lots than the contract's least (opens), more than its most in a limit order"
    zh = "少于最小开仓手数，多于限价单最大手数"

    def check(self, order: Order, view: RiskView) -> Denial | None:
        lots, instrument = order.lots, view.instrument
        least = (instrument.min_lots or 1) if view.opens else 1
        if lots < least:
            return Denial(self.name, lots, least, f"{lots} lots: at least {least}")
        most = instrument.max_limit_lots
        if most and lots > most:
            return Denial(self.name, lots, most, f"{lots} lots in one order: at most {most}")
        return None
