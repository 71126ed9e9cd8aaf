"""Pure: whether conditional orders can be held at all."""

from homalos.model.conditional import Conditional
from homalos.trading.books import Books
from homalos.trading.conditional.book import ConditionalBook

LIVE_MAX = 500
"""Conditional orders that one strategy may have alive: a loop that places them ends somewhere."""


def fault(orders: tuple[Conditional, ...], held: ConditionalBook, books: Books, now: int) -> str:
    """Why these cannot be held; empty: they can."""
    for order in orders:
        if order.id in held.orders:
            return f"{order.id} is there already / 编号重复"
        if books.contract(order.instrument) is None:
            return f"{order.instrument} is not a listed contract / 今日无此合约"
        if order.lots < 1 and order.entry is None:
            return "it is for no lots / 手数有误"
        if 0 < order.good_till <= now:
            return "its good-till time is over / 已过有效时间"
    strategy = orders[0].strategy
    if sum(1 for _ in held.live(strategy)) + len(orders) > LIVE_MAX:
        return f"{strategy} has {LIVE_MAX} alive / 条件单数量超限"
    return ""
