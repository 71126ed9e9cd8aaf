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
from homalos.trading.risk.rules import RULES
from homalos.trading.risk.view import RiskView, Rule

_BUY, _OPEN = Side.BUY, Offset.OPEN  # a member looked up on its class costs 80 ns


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
        self._rules: tuple[Rule, ...] = tuple(rule(section) for rule in RULES)
        self._reducing_rules = tuple(rule for rule in self._rules if rule.for_reducing)
        self._checks = tuple(rule.check for rule in self._rules)
        self._reducing_checks = tuple(rule.check for rule in self._reducing_rules)

    def check(
        self, order: Order, orders: OrderRegistry, venue: VenueStatus, now: int
    ) -> Approved[Order] | tuple[Denial, ...]:
        """Approve, or tell every reason why not."""
        contract = self._books.contract(order.instrument)
        if contract is None:
            return self._unknown(order)
        view = self._fill(order, contract, orders, venue, now)
        denials: list[Denial] = []
        if view.complete:
            for check in self._reducing_checks if view.reducing else self._checks:
                if (denial := check(order, view)) is not None:
                    denials.append(denial)  # noqa: PERF401  a comprehension is one call more
        else:
            for rule in self._reducing_rules if view.reducing else self._rules:
                if (denial := self._judge(rule, order, view)) is not None:
                    denials.append(denial)  # noqa: PERF401  as above
        if not denials:
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
        view, books, instrument, id_ = (
            self._view, self._books, contract.instrument, order.instrument
        )  # fmt: skip
        view.state = self._control.state
        view.connected = venue.connected
        view.phase = phase = venue.phases.get((instrument.exchange, instrument.product))
        view.instrument, view.contract = instrument, contract
        view.last_price = last = books.marks.get(id_)
        tick = books.quotes.get(id_)
        upper = lower = None
        if tick is not None:
            upper, lower = tick.upper_limit, tick.lower_limit
        view.upper_limit, view.lower_limit = upper, lower
        view.complete = not (phase is None or last is None or upper is None or lower is None)
        view.opens = order.offset is _OPEN
        self._fill_lots(order, contract, view)
        if view.opens:  # what closes needs no money
            view.balance, view.margin_used, view.available = books.funds()
            view.margin, view.fee = books.cost(order, contract)
        if not view.reducing:  # exposure and rate rules do not ask
            view.total_lots = books.total_lots + books.reservations.open_lots
            view.orders_last_second = orders.rate.last_second(now)
            view.orders_last_minute = orders.rate.last_minute(now)
            view.open_orders = orders.open_count
        view.working_orders = orders.working(id_)
        return view

    def _fill_lots(self, order: Order, contract: Contract, view: RiskView) -> None:
        """Lots by direction, and whether the order reduces: the account's net position falls and
        the book's does not rise, were all working orders of this side to fill before it; neither
        may cross zero."""
        book = self._books.net_book(order.strategy, order.instrument, contract.multiplier)
        view.working = working = contract.working
        if order.side is _BUY:
            view.sign = 1
            view.opening, view.closing = contract.long, contract.short
            view.same_side_working, view.working_opens = working.buy, working.open_buy
            view.book_closable = -book.net - book.working.close_buy
            account, own = -contract.net - working.buy, -book.net - book.working.buy
        else:
            view.sign = -1
            view.opening, view.closing = contract.short, contract.long
            view.same_side_working, view.working_opens = working.sell, working.open_sell
            view.book_closable = book.net - book.working.close_sell
            account, own = contract.net - working.sell, book.net - book.working.sell
        view.reducing = 0 < order.lots <= account and order.lots <= own

    def rules(self) -> tuple[str, ...]:
        """Names of all rules in force."""
        return ("instrument", *(rule.name for rule in self._rules))

    def state(self) -> tuple[object, ...]:
        """The limits in force."""
        return (self._skips, self._section)
