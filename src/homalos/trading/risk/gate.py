"""The risk gate: the only place that may approve an order.

All rules run and all denials are told. Rules are independent of each other; the gate fills one view
per order, so that each of them is a few comparisons: what depends on the contract alone is looked
up once (``limits``), sums over contracts are kept by the books (``exposure``), times of orders by
the registry (``sent``). A rule whose limits are off is not asked.

An order *reduces* when, were all working orders of its side to fill before it, the account's net
position in the contract would still fall with it, and so would the account's net in the product (a
leg of a calendar spread does not reduce) and the strategy's own book; none may cross zero. An open
never reduces: what it locks today turns into a new position when the other leg is closed. An order
that reduces skips the rules of exposure, loss and rate; all others hold for it too.
"""

from collections.abc import Callable
from typing import Literal, Protocol

from homalos.config.sections.risk import RiskSection
from homalos.gateway.protocol import Approved
from homalos.model.enums import Offset, Side, TradingState
from homalos.model.events import Denial
from homalos.model.ids import InstrumentId
from homalos.model.trading import Order
from homalos.trading.books import Books
from homalos.trading.contract import Contract
from homalos.trading.control import TradingControl
from homalos.trading.exposure import UNITS
from homalos.trading.registry import OrderRegistry, VenueStatus
from homalos.trading.risk.limits import ContractLimits
from homalos.trading.risk.rules import RULES
from homalos.trading.risk.view import RiskView, Rule
from homalos.trading.risk.words import in_both

_BUY, _OPEN = Side.BUY, Offset.OPEN  # a member looked up on its class costs 80 ns


class MoreRules(Protocol):
    """Rules of the trader's own (``user_rules``)."""

    def check(self, order: Order, view: RiskView, money: "Books") -> tuple[Denial, ...]:
        """Every denial of theirs."""

    def names(self) -> tuple[str, ...]:
        """Of those in force."""

    def state(self) -> tuple[object, ...]:
        """Which code is in force."""


def _no_session(exchange: str, product: str, ts: int) -> int | None:
    return None


class RiskGate:
    """See the module. ``simulated``: what ``missing_data: auto`` goes by. ``closes``: when the
    session of a product closes; ``None``: it is closed."""

    def __init__(
        self, section: RiskSection, books: Books, control: TradingControl, *, simulated: bool,
        closes: Callable[[str, str, int], int | None] = _no_session,
    ) -> None:  # fmt: skip
        self._books = books
        self._control = control
        self._simulated = simulated
        self._closes = closes
        self.view = RiskView()
        """One for all orders; what rules ask beside the order is bound to it once."""
        self.more: MoreRules | None = None
        """The trader's own rules, asked after ours."""
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
        self._limits: dict[InstrumentId, ContractLimits] = {}
        self._rules = tuple(rule for rule in (made(section) for made in RULES) if rule.active)
        self._reducing_rules = tuple(rule for rule in self._rules if rule.for_reducing)
        self._checks = tuple(rule.check for rule in self._rules)
        self._reducing_checks = tuple(rule.check for rule in self._reducing_rules)
        needs = {field for rule in self._rules for field in rule.needs}
        self._asks_close = "closes_at" in needs
        self._asks_sector = "sector" in needs
        self._asks_last_day = "last_trading_day" in needs

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
        if self.more is not None:
            denials += self.more.check(order, view, self._books)
        if not denials:
            return Approved(order)
        return self.deny(tuple(denials))

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
        return self.deny((Denial("instrument", 0.0, 0.0, text),))

    def deny(self, denials: tuple[Denial, ...]) -> tuple[Denial, ...]:
        """Count them, those of the order manager too, and tell them in both languages."""
        for denial in denials:
            self.denied[denial.rule] = self.denied.get(denial.rule, 0) + 1
        return tuple(in_both(denial) for denial in denials)

    # ------------------------------------------------------------ the view

    def _fill(
        self, order: Order, contract: Contract, orders: OrderRegistry, venue: VenueStatus, now: int
    ) -> RiskView:  # fmt: skip
        view, books = self.view, self._books
        view.now = now
        view.state = self._control.state
        view.connected = venue.connected
        view.blocked = order.strategy in books.blocked
        view.instrument, view.contract, view.place = (
            contract.instrument, contract, contract.place
        )  # fmt: skip
        view.opens = order.offset is _OPEN
        view.value = order.price * order.lots * contract.multiplier
        self._fill_lots(order, contract, view)
        self._fill_market(order, view, venue, now)
        if view.opens:  # what closes needs no money
            view.balance, view.margin_used, view.available = books.funds()
            view.margin, view.fee = books.cost(order, contract)
        if not view.reducing:
            view.reservations = held = books.reservations
            exposure = books.exposure
            view.gross_value = exposure.gross_units / UNITS + held.open_cents / 100
            view.net_value = exposure.net_units / UNITS
        view.open_orders = orders.open_count
        view.account_sent, view.strategy_sent = orders.sent.account, orders.sent.of(order.strategy)
        view.resting = orders.resting(order.instrument)
        return view

    def _fill_market(self, order: Order, view: RiskView, venue: VenueStatus, now: int) -> None:
        """Limits of the contract, phase, prices."""
        id_, books = order.instrument, self._books
        limits = self._limits.get(id_)
        if limits is None or limits.instrument is not view.instrument:
            limits = self._look_up(id_, view)
        view.limits, view.sector = limits, limits.sector
        view.phase = phase = venue.phases.get(limits.phase_key)
        view.last_price = last = books.marks.get(id_)
        tick = books.quotes.get(id_)
        if tick is None:
            view.quote_time = view.opposite = view.upper_limit = view.lower_limit = None
            view.complete = False
        else:
            view.quote_time = tick.ts_init
            view.opposite = tick.ask_price if view.buys else tick.bid_price
            view.upper_limit, view.lower_limit = upper, lower = tick.upper_limit, tick.lower_limit
            view.complete = not (phase is None or last is None or upper is None or lower is None)
        if self._asks_close:
            self._fill_close(view, limits, now)
        if limits.lacking:
            view.complete = False

    def _look_up(self, id_: InstrumentId, view: RiskView) -> ContractLimits:
        sector = view.place.sector
        name = None if sector is None else sector.name
        limits = self._limits[id_] = ContractLimits(self._section, view.instrument, name)
        dateless = not view.instrument.last_trading_day
        limits.lacking = (self._asks_sector and name is None) or (self._asks_last_day and dateless)
        return limits

    def _fill_close(self, view: RiskView, limits: ContractLimits, now: int) -> None:
        if now < limits.closes_at:
            view.closes_at = limits.closes_at
            return
        view.closes_at = end = self._closes(*limits.phase_key, now)
        if end is None:
            view.complete = False
        else:
            limits.closes_at = end

    def _fill_lots(self, order: Order, contract: Contract, view: RiskView) -> None:
        """Lots by direction, and whether the order reduces."""
        book = self._books.net_book(order.strategy, order.instrument, contract.multiplier)
        product = contract.place.product
        view.working = working = contract.working
        view.book_net = net = book.net
        lots = order.lots
        if order.side is _BUY:
            view.buys, view.sign = True, 1
            view.opening, view.closing = contract.long, contract.short
            view.same_side_working, view.working_opens = working.buy, working.open_buy
            view.book_closable = -net - book.working.close_buy
            view.reducing = (
                not view.opens
                and 0 < lots <= -contract.net - working.buy
                and lots <= -net - book.working.buy
                and lots <= -product.net - product.buy
            )
        else:
            view.buys, view.sign = False, -1
            view.opening, view.closing = contract.short, contract.long
            view.same_side_working, view.working_opens = working.sell, working.open_sell
            view.book_closable = net - book.working.close_sell
            view.reducing = (
                not view.opens
                and 0 < lots <= contract.net - working.sell
                and lots <= net - book.working.sell
                and lots <= product.net - product.sell
            )
        if book.mode != "own":  # it may close lots that are not its own
            view.book_closable = self._books.strategies.reach(book, contract, order.side)
        exits = self._control.exits
        if exits and not view.opens and (passes := exits.get(order.intent_id)) is not None:
            self._exit(order, view, passes)

    def _exit(self, order: Order, view: RiskView, passes: bool) -> None:
        """A close of a flatten takes lots that the account has, whoever's: it reduces, though it
        be a leg of a pair, and a person's passes a halt."""
        view.reducing, view.book_closable = True, order.lots
        if passes and view.state is TradingState.HALTED:
            view.state = TradingState.REDUCING

    # ------------------------------------------------------------ questions

    def rules(self) -> tuple[str, ...]:
        """Names of all rules in force."""
        more = () if self.more is None else self.more.names()
        return ("instrument", *(rule.name for rule in self._rules), *more)

    def state(self) -> tuple[object, ...]:
        """The limits in force."""
        more = () if self.more is None else self.more.state()
        return (self._skips, self._section, *more)
