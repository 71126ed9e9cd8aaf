"""In the delivery month lots come in multiples: of a position, and of what is opened and closed.

An open has to leave a multiple; so has a close, but for one that takes all there is: of the
account's lots that its offset reaches (a close of today's and yesterday's lots leaves in two
orders), or of those that its book may close, as every order of a flatten does.
"""

from homalos.config.sections.risk import RiskSection
from homalos.market.lot_rules import takes_today
from homalos.model.enums import Side
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule

_SELL = Side.SELL


class DeliveryMultiple(Rule):
    name = "delivery_multiple"
    for_reducing = True
    keys = ("near_delivery",)
    en = "in the delivery month, an order that leaves no multiple of lots (`products.yaml`)"
    zh = "交割月内使持仓不为规定整数倍的委托（见 `products.yaml`）"

    def __init__(self, section: RiskSection) -> None:
        self.active = section.near_delivery == "deny"

    def check(self, order: Order, view: RiskView) -> Denial | None:
        near = view.delivery.get(order.instrument)
        if near is None or near.multiple == 1:
            return None
        left = _left(order, view)
        if left % near.multiple == 0 or (not view.opens and _takes_all(order, view)):
            return None
        text = f"{left} lots would be held: in the delivery month a multiple of {near.multiple}"
        return Denial(self.name, left, near.multiple, text)


def _left(order: Order, view: RiskView) -> int:
    """Lots of the direction, all working orders and this one filled."""
    if view.opens:
        side = view.opening
        return side.today + side.yesterday + view.working_opens + order.lots
    side, working = view.closing, view.working
    bound = working.close_sell if order.side is _SELL else working.close_buy
    return side.today + side.yesterday - bound - order.lots


def _takes_all(order: Order, view: RiskView) -> bool:
    today = takes_today(order.offset, view.instrument.splits_today)
    return order.lots >= min(view.book_closable, view.closing.closable(today))
