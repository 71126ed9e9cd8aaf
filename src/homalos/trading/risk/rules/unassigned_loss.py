"""Lots that a strategy claims are gone from the account, and nobody has said yet whose they were:
whoever may be meant opens nothing, for its book may be wrong."""

from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class UnassignedLoss(Rule):
    name = "unassigned_loss"
    for_reducing = True
    en = "an open of a strategy whose lots are missing from the account, until they are assigned"
    zh = "账户缺少该策略账本中的持仓，在分配之前不得开仓"

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if not (view.opens and view.blocked):
            return None
        text = f"lots of {order.strategy} are missing from the account: assign them first"
        return Denial(self.name, 1.0, 0.0, text)
