"""Lots within what the contract allows in one order."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView


class LotLimits:
    name = "lots"
    needs: tuple[str, ...] = ()
    for_reducing = True

    def __init__(self, section: RiskSection) -> None:
        """It has no limit to read."""

    def check(self, order: Order, view: RiskView) -> Denial | None:
        lots, instrument = order.lots, view.instrument
        least = instrument.min_lots if view.opens else 1
        if lots < max(1, least):
            return Denial(self.name, lots, max(1, least), f"{lots} lots: at least {max(1, least)}")
        most = instrument.max_limit_lots
        if most and lots > most:
            return Denial(self.name, lots, most, f"{lots} lots in one order: at most {most}")
        return None
