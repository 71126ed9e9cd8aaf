"""What is done about differences that nothing explains: two looks, a person's word, an adjustment.

``VenueSync`` has merged the venue's orders and booked its trades, foreign ones too. What is left is
looked at here, in this order: on a new trading day the settlement (the venue's opening equity,
where lots agree); contracts that have expired; and only then an adjustment. That needs the same
differences in two answers with no fill between them and no order of ours in flight, and, but for a
simulated venue, the operator's word for exactly them.
"""

from typing import TYPE_CHECKING

from homalos.gateway.protocol import Gateway, VenueSnapshot
from homalos.kernel.bus import Bus
from homalos.kernel.timers import Timer, Timers
from homalos.model.enums import OrderStatus, Severity, Side
from homalos.model.events import Audited, StrategyCommand
from homalos.model.ids import StrategyId
from homalos.model.reconciling import (
    AcceptVenue,
    AssignLoss,
    LossAssigned,
    PositionAdjusted,
    VenueTaken,
)
from homalos.model.times import SECOND
from homalos.model.trading import Order
from homalos.trading import shortages
from homalos.trading.books import Books
from homalos.trading.reconcile import Differences, adjustments
from homalos.trading.shortages import Shortage
from homalos.trading.states import LIVE

if TYPE_CHECKING:
    from homalos.trading.manager import OrderManager

LOOK_AGAIN = SECOND
"""Between the two answers that must agree."""
_UNSETTLED = (OrderStatus.SUBMITTED, OrderStatus.UNRESOLVED)


class Adjusting:
    """Part of ``VenueSync``."""

    def __init__(
        self, bus: Bus, timers: Timers, gateway: Gateway, books: Books, manager: "OrderManager"
    ) -> None:
        self._bus = bus
        self._timers = timers
        self._gateway = gateway
        self._books = books
        self._manager = manager
        self.differences: tuple[str, ...] = ()
        """As the last answer showed them, when nothing explained them."""
        self.confirmed = False
        """Two answers agreed in them: a person may accept the venue's word."""
        self.missing: tuple[Shortage, ...] = ()
        self._fills = 0
        self._word: AcceptVenue | None = None
        self._new_day = False
        self._again: Timer | None = None

    def attach(self) -> None:
        self._bus.subscribe(AcceptVenue, self._on_word, actor="orders", role="orders")
        self._bus.subscribe(AssignLoss, self._on_assign, actor="orders", role="orders")

    def new_day(self) -> None:
        """The trading day has turned: the venue's opening figures are its settlement's."""
        self._new_day = True
        self._forget()

    # ------------------------------------------------------------ differences

    def settles(self, left: Differences) -> bool:
        """Whether what is left is the last day's settlement, which the books did not know: they
        rolled at their own last prices, and only the split of the equity differs."""
        return self._new_day and not left.holdings

    def settle(
        self, local: VenueSnapshot, venue: VenueSnapshot, left: Differences, fills: int
    ) -> bool:
        """Deal with what is ``left``; whether the books have taken the venue's word.

        ``fills``: how many the books have booked: another number than before, another situation.
        """
        if self.settles(left):
            # Equal or not: the venue's opening figures are its settlement's, no tick's.
            self._new_day = False
            if left.money:
                self._take(venue, (), left, "settlement")
            else:
                take(self._bus, self._books, venue)
                self._forget()
            return True
        if not left.all:
            self._forget()
            return False
        if left.money and not left.holdings and self._tolerable(local, venue):
            # A fee whose rate was not known yet, a rounding of the broker's are no reason to
            # stand still.
            self._take(venue, (), left, "money")
            return True
        if left.day or left.orders or self._in_flight():
            self._forget()
            return False
        same = (left.all, fills) == (self.differences, self._fills)
        self.differences, self._fills = left.all, fills
        if not same:
            self.confirmed, self._word = False, None
            self._look_again()
            return False
        return self._second_look(local, venue, left)

    def _tolerable(self, local: VenueSnapshot, venue: VenueSnapshot) -> bool:
        ours, theirs = local.account, venue.account
        away = (ours.balance - ours.position_profit) - (theirs.balance - theirs.position_profit)
        limit = self._manager.section.money_tolerance_percent / 100
        return abs(away) <= limit * abs(theirs.balance)

    def _second_look(self, local: VenueSnapshot, venue: VenueSnapshot, left: Differences) -> bool:
        who = self._gateway.name if self._gateway.simulated else ""
        if self._word is not None and self._word.differences == left.all:
            who = self._word.who
        listed = {instrument.id for instrument in self._gateway.instruments()}
        now = self._bus.clock.now()
        changes = adjustments(local, venue, listed, who or "expiry", now)
        if who or (not left.money and all(c.cause == "expired" for c in changes)):
            self._take(venue, changes, left, who or "expiry")
            return True
        if not self.confirmed:
            self.confirmed = True
            self._manager.alert(
                Severity.CRITICAL,
                "books and venue differ, twice the same, and nothing explains it; look, then "
                "accept the venue's word (page, or: homalos reconcile --accept) / "
                "账本与柜台不一致且无法解释，请核对后确认: " + "; ".join(left.all),
            )
        return False

    def _in_flight(self) -> bool:
        return any(_is_in_flight(order) for order in self._manager.registry.open())

    def _look_again(self) -> None:
        if self._again is not None:
            self._again.cancel()
        when = self._bus.clock.now() + LOOK_AGAIN
        self._again = self._timers.call_at(when, self._ask)

    def _ask(self) -> None:
        self._again = None
        self._manager.sync.request("a second look at what differs")

    def _forget(self) -> None:
        self.differences, self.confirmed, self._word = (), False, None
        if self._again is not None:
            self._again.cancel()
            self._again = None

    # ------------------------------------------------------------ taking the venue's word

    def _take(
        self, venue: VenueSnapshot, changes: tuple[PositionAdjusted, ...], left: Differences,
        who: str,
    ) -> None:  # fmt: skip
        for change in changes:
            self._adjust(change)
        take(self._bus, self._books, venue)
        text = "; ".join(left.all)
        self._audit(who, "adjust", "account", f"the venue's word was taken: {text}")
        severity = Severity.INFO if who == "settlement" else Severity.WARNING
        self._manager.alert(
            severity, f"the word of {self._gateway.name} was taken ({who}) / 已按柜台调整: {text}"
        )
        self._forget()

    def told(self, local: VenueSnapshot, venue: VenueSnapshot) -> None:
        """A start on a simulated venue takes its word at once: write down what that changes."""
        listed = {instrument.id for instrument in self._gateway.instruments()}
        now = self._bus.clock.now()
        for change in adjustments(local, venue, listed, self._gateway.name, now):
            self._adjust(change)

    def _adjust(self, change: PositionAdjusted) -> None:
        self._bus.record(change)
        expire(self._books, change)
        self._manager.publish(change)
        if change.cause == "expired":
            lots = change.books_today + change.books_yesterday
            self._manager.alert(
                Severity.WARNING,
                f"{change.instrument} has expired: {lots} {change.direction.value} lots left the "
                f"books at {change.cost_price:g}, their last settlement / 合约已到期，"
                "持仓按最后结算价了结",
            )

    def _on_word(self, event: AcceptVenue) -> None:
        """Not yet done: the venue is asked once more, and must still say the same."""
        if not self.confirmed or event.differences != self.differences:
            result = "refused: these are not the differences that two answers of the venue showed"
            self._audit(event.who, "accept the venue's word", "account", result)
            self._manager.alert(Severity.WARNING, f"{result} / 差异已变化，请重新核对")
            return
        self._audit(event.who, "accept the venue's word", "account", "; ".join(event.differences))
        self._word = event
        self._manager.sync.request("the operator accepts the venue's word")

    # ------------------------------------------------------------ lots that are gone

    def look_for_shortages(self) -> None:
        """Whose lots are gone is for a person to say; until then its owners open nothing."""
        found = shortages.shortages(self._books)
        if found == self.missing:
            return
        before, self.missing = shortages.stopped(self.missing), found
        self._books.blocked = shortages.blocked(found)
        now = self._bus.clock.now()
        for strategy in sorted(shortages.stopped(found) - before):
            self._bus.publish(StrategyCommand(strategy, "stop", "reconcile", now))
        if found:
            self._manager.alert(
                Severity.CRITICAL,
                "the account has fewer lots than its books: their strategies are stopped and open "
                "nothing until the lots are assigned (page, or: homalos reconcile --assign) / "
                "账户持仓少于账本，相关策略已停止开仓，请逐手分配: "
                + "; ".join(row.text() for row in found),
            )

    def _on_assign(self, event: AssignLoss) -> None:
        target = f"{event.instrument} {event.direction.value}"
        action = f"assign {event.lots} lost lots to {event.strategy}"
        why_not = shortages.refusal(self._books, event)
        if why_not is not None:
            self._audit(event.who, action, target, f"refused: {why_not}")
            self._manager.alert(Severity.WARNING, f"{action}: {why_not} / 无法分配")
            return
        price = shortages.price_of(self._books, event)
        done = LossAssigned(
            event.instrument, event.direction, event.strategy, event.lots, price, event.who,
            self._bus.clock.now(),
        )  # fmt: skip
        self._bus.record(done)
        shortages.assign(self._books, done)
        self._manager.publish(done)
        self._audit(event.who, action, target, f"done, at {price:g}")
        self.look_for_shortages()

    def _audit(self, who: str, action: str, target: str, result: str) -> None:
        self._manager.publish(Audited(who, action, target, result, self._bus.clock.now()))


def take(bus: Bus, books: Books, venue: VenueSnapshot) -> None:
    """The venue's account and positions are the books' from now on."""
    bus.record(VenueTaken(venue.trading_day, venue.account, venue.positions, venue.trades))
    books.restore(venue)


def _is_in_flight(order: Order) -> bool:
    """Its next word may be on the way: sent, being cancelled, or traded and not booked."""
    return (
        order.status in _UNSETTLED
        or order.traded_lots != order.booked_lots
        or (order.cancel_requested and order.status in LIVE)
    )


def expire(books: Books, change: PositionAdjusted) -> None:
    """An expired contract's lots leave the strategies' books at the last settlement."""
    contract = books.contract(change.instrument)
    if change.cause != "expired" or contract is None:
        return
    wanted = 1 if change.direction.value == "long" else -1
    for (strategy, instrument), book in sorted(books.strategies.books.items()):
        if instrument == change.instrument and book.net * wanted > 0:
            _close(books, strategy, change)


def _close(books: Books, strategy: StrategyId, change: PositionAdjusted) -> None:
    contract = books.contract(change.instrument)
    assert contract is not None
    book = books.net_book(strategy, change.instrument, contract.multiplier)
    side = Side.SELL if book.net > 0 else Side.BUY
    book.trade(side, abs(book.net), change.cost_price, 0.0)
