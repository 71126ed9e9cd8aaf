"""A close takes lots that the account has, that no working close has bound, and that are the book's
own (FACTS A9)."""

from homalos.market.lot_rules import takes_today
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class Closable(Rule):
    name = "closable"
    for_reducing = True
    en = "closing more than the account, or the strategy's own book, can close"
    zh = "平仓多于账户或策略自身账本可平的手数"

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if view.opens:
            return None
        today = takes_today(order.offset, view.instrument.splits_today)
        account = view.closing.closable(today)
        if order.lots > account:
            text = f"{order.offset.value} {order.lots} lots: the account can close {account}"
            return Denial(self.name, order.lots, account, text)
        if order.lots > view.book_closable:
            own = max(0, view.book_closable)
            text = f"{order.lots} lots: the book of {order.strategy} can close {own}"
            return Denial(self.name, order.lots, own, text)
        return None
