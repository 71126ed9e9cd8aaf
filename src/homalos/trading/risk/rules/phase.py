"""The session takes this order now: none in a break, in the match minute or after the close, and
neither FAK nor FOK in a call auction (FACTS A8, A15)."""

from homalos.model.enums import Phase, TimeInForce
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule

_CONTINUOUS = Phase.CONTINUOUS


class SessionPhase(Rule):
    name = "phase"
    needs = ("phase",)
    for_reducing = True
    en = "breaks, the match minute, after the close; FAK and FOK in a call auction"
    zh = "休息、撮合分钟、收市后的委托；集合竞价中的 FAK、FOK"

    def check(self, order: Order, view: RiskView) -> Denial | None:
        phase = view.phase
        if phase is _CONTINUOUS:
            return None
        if phase is Phase.AUCTION:
            if order.tif is TimeInForce.GFD:
                return None
            return Denial(self.name, 0.0, 0.0, f"no {order.tif.value} order in a call auction")
        now = "unknown" if phase is None else phase.value
        return Denial(self.name, 0.0, 0.0, f"{view.instrument.product} takes no order now: {now}")
