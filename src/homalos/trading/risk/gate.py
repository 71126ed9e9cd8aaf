"""The risk gate: the only place that may approve an order.

All rules run and all denials are told. Rules are independent of each other; the gate fills one view
per order, so that each of them is a few comparisons.
"""

from typing import Literal

from homalos.config.sections.risk import RiskSection
from homalos.gateway.protocol import Approved
from homalos.model.enums import Offset, Side
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.books import Books
from homalos.trading.contract import Contract
from homalos.trading.control import TradingControl
from homalos.trading.registry import OrderRegistry, VenueStatus
from homalos.trading.reservations import order_margin
from homalos.trading.risk.rules import RULES
from homalos.trading.risk.view import RiskView, Rule

Verdict = Approved[Order] | tuple[Denial, ...]


class RiskGate:
    """See the module. ``simulated``: what ``missing_data: auto`` goes by."""

    def __init__(
        self, section: RiskSection, books: Books, control: TradingControl, *, simulated: bool
    ) -> None:
        self._books = books
        self._control = control
        self._simulated = simulated
        self._view = RiskView()
        self.denied: dict[str, int] = {}
        """Denials by rule since the start."""
        self.skipped: dict[str, int] = {}
        """Orders that a rule could not judge for want of data, by rule."""
        self.configure(section)

    def configure(self, section: RiskSection) -> None:
        """Apply new limits, between two events."""
        self._section = section
        choice: Literal["auto", "deny", "skip"] = section.missing_data
        self._skips = self._simulated if choice == "auto" else choice == "skip"
        rules: list[Rule] = [rule(section) for rule in RULES]
        self._plain = tuple(rule.check for rule in rules if rule.for_reducing and not rule.needs)
        self._exposure = tuple(rule.check for rule in rules if not rule.for_reducing)
        self._needy = tuple(rule for rule in rules if rule.needs)

    def check(
        self, order: Order, orders: OrderRegistry, venue: VenueStatus, now: int
    ) -> Verdict:  # fmt: skip
        """Approve, or tell every reason why not."""
        contract = self._books.contract(order.instrument)
        if contract is None:
            return self._unknown(order)
        view = self._fill(order, contract, orders, venue, now)
        denials: list[Denial] | None = None
        for check in self._plain:
            if (denial := check(order, view)) is not None:
                denials = [*denials, denial] if denials else [denial]
        if not view.reducing:
            for check in self._exposure:
                if (denial := check(order, view)) is not None:
                    denials = [*denials, denial] if denials else [denial]
        for rule in self._needy:
            if (denial := self._judge(rule, order, view)) is not None:
                denials = [*denials, denial] if denials else [denial]
        if denials is None:
            return Approved(order)
        return self._deny(tuple(denials))

    def _judge(self, rule: Rule, order: Order, view: RiskView) -> Denial | None:
        """A rule that needs data: without it, deny or skip and count."""
        for field in rule.needs:
            if getattr(view, field) is None:
                if self._skips:
                    self.skipped[rule.name] = self.skipped.get(rule.name, 0) + 1
                    return None
                return Denial(rule.name, 0.0, 0.0, f"{field} of {order.instrument} is unknown")
        return rule.check(order, view)

    def _unknown(self, order: Order) -> tuple[Denial, ...]:
        text = f"{order.instrument} is not a listed contract"
        return self._deny((Denial("instrument", 0.0, 0.0, text),))

    def _deny(self, denials: tuple[Denial, ...]) -> tuple[Denial, ...]:
        for denial in denials:
            self.denied[denial.rule] = self.denied.get(denial.rule, 0) + 1
        return denials

    def _fill(
        self, order: Order, contract: Contract, orders: OrderRegistry, venue: VenueStatus, now: int
    ) -> RiskView:  # fmt: skip
        view, books, instrument = self._view, self._books, contract.instrument
        view.state = self._control.state
        view.connected = venue.connected
        view.phase = venue.phases.get((instrument.exchange, instrument.product))
        view.instrument = instrument
        view.contract = contract
        view.last_price = books.marks.get(order.instrument)
        tick = books.quotes.get(order.instrument)
        if tick is None:
            view.upper_limit = view.lower_limit = None
        else:
            view.upper_limit, view.lower_limit = tick.upper_limit, tick.lower_limit
        view.opens = order.offset is Offset.OPEN
        if order.side is Side.BUY:
            view.opening, view.closing = contract.long, contract.short
        else:
            view.opening, view.closing = contract.short, contract.long
        view.working = contract.working
        book = books.net_book(order.strategy, order.instrument, contract.multiplier)
        view.book_closable = book.closable(order.side)
        view.reducing = self._reduces(order, contract, book.net, book.working.buy
                                      if order.side is Side.BUY else book.working.sell)  # fmt: skip
        view.total_lots = books.total_lots + books.reservations.open_lots
        view.balance, view.margin_used, view.available = books.funds()
        view.margin = order_margin(contract, order)
        view.fee = contract.fee(order.side, order.offset, order.price, order.lots)
        view.orders_last_second = orders.rate.last_second(now)
        view.orders_last_minute = orders.rate.last_minute(now)
        view.open_orders = orders.open_count
        view.working_orders = orders.working(order.instrument)
        return view

    @staticmethod
    def _reduces(order: Order, contract: Contract, book_net: int, book_working: int) -> bool:
        """The account's net position falls and the book's does not rise, were all working orders of
        this side to fill before it: neither may cross zero."""
        if order.lots <= 0:
            return False
        if order.side is Side.BUY:
            account, book = -contract.net - contract.working.buy, -book_net - book_working
        else:
            account, book = contract.net - contract.working.sell, book_net - book_working
        return account >= order.lots and book >= order.lots

    def rules(self) -> tuple[str, ...]:
        """Names of all rules in force."""
        return ("instrument", *(rule.name for rule in RULES))

    def state(self) -> tuple[object, ...]:
        """The limits in force."""
        return (self._skips, self._section)
