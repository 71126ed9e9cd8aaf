"""Keeps the counters of programme trading: hears the facts, warns, and shows what it has.

Counted are all orders of the account: the strategies', the trader's, other terminals'. An order
that another terminal sent counts as a message when it is first heard of, and as a cancel when the
venue's next whole answer says what it was. Everything can be heard twice or late; see ``tally``.

A restart folds the journal, and the venue's first answer fills in what was missed.
"""

from collections.abc import Iterable
from typing import Any

from homalos.config.sections.risk import RiskSection
from homalos.gateway.protocol import VenueSnapshot
from homalos.kernel.bus import Bus
from homalos.kernel.timers import Timers
from homalos.model.enums import Severity
from homalos.model.event import Event
from homalos.model.events import (
    AlertRaised,
    OrderCancelled,
    OrderFilled,
    OrderReported,
    OrderSubmitted,
    TradeReported,
    TradingDayChanged,
)
from homalos.model.ids import OrderId
from homalos.model.programme import GroupCounted
from homalos.model.times import MILLISECOND
from homalos.model.trading import Order
from homalos.trading.books import Books
from homalos.trading.manager import OrderManager
from homalos.trading.programme.counts import (
    ContractCount,
    ExchangeCount,
    contract_row,
    exchange_row,
)
from homalos.trading.programme.group import Group
from homalos.trading.programme.level import Level
from homalos.trading.programme.tally import Tally

ACTOR = "programme"
LATER = 500 * MILLISECOND
"""So long after late news the seconds are counted anew, for it comes by the hundred; and so long
after ours what only the sum of a group shows."""
_SEVERITY = {1: Severity.WARNING, 2: Severity.ERROR, 3: Severity.CRITICAL}


class Programme:
    """See the module. The only writer of ``view.programme``."""

    def __init__(
        self, bus: Bus, timers: Timers, books: Books, orders: OrderManager, section: RiskSection,
        *, simulated: bool,
    ) -> None:  # fmt: skip
        self._bus = bus
        self._timers = timers
        self._books = books
        self._orders = orders
        self._section = section
        self._simulated = simulated
        self._day = 0
        self._over: frozenset[OrderId] = frozenset()
        """Orders of the day before: what is heard of them now is no news."""
        self._armed = False
        self.tally = Tally(section, orders.contract)
        self.counts = self.tally.counts
        self.group = Group()
        orders.registry.sent.witness = self
        orders.sync.witnesses.append(self._on_answer)

    def attach(self) -> None:
        bus = self._bus
        bus.subscribe(OrderSubmitted, self._on_order, actor=ACTOR, role="orders")
        bus.subscribe(OrderCancelled, self._on_order, actor=ACTOR, role="orders")
        bus.subscribe(OrderFilled, self._on_order, actor=ACTOR, role="orders")
        bus.subscribe(OrderReported, self._on_report, actor=ACTOR, role="orders")
        bus.subscribe(TradeReported, self._on_trade, actor=ACTOR, role="orders")
        bus.subscribe(TradingDayChanged, self._on_day, actor=ACTOR, role="orders")
        bus.subscribe(GroupCounted, self._on_group, actor=ACTOR, role="orders")

    def configure(self, section: RiskSection) -> None:
        """New thresholds hold for what was counted before them, too."""
        before, self._section = _thresholds(self._section), section
        if before != _thresholds(section):
            self.tally.configure(section)
            self._share()

    # ------------------------------------------------------------ facts

    def _on_order(self, event: OrderSubmitted | OrderCancelled | OrderFilled) -> None:
        if event.order.id not in self._over:
            self._look(self.tally.order(event.order))

    def cancelled(self, order: Order, ts: int) -> None:
        """A cancel of it left for the venue (also while recovery folds the journal)."""
        if order.id in self._over:
            return
        count = self.tally.cancel_left(order, ts)
        if not self._orders.muted:
            self._look(count)

    def _on_report(self, event: OrderReported) -> None:
        """Only an order that nobody here knows: the facts tell of all others."""
        find = self._orders.registry.find
        if find(event.order_id, event.instrument, event.venue_order_id) is not None:
            return
        count = None if event.order_id in self._over else self.tally.heard(event)
        if count is not None:
            self._look(count)

    def _on_trade(self, event: TradeReported) -> None:
        if event.trading_day == self._books.trading_day:
            self._look(self.tally.trade(event))

    def _on_answer(self, venue: VenueSnapshot) -> None:
        """The venue's whole answer: trades of before we listened. Its orders came as facts."""
        if venue.trading_day == self._books.trading_day:
            for trade in venue.trades:
                self._look(self.tally.trade(trade))

    def _on_group(self, event: GroupCounted) -> None:
        if not event.trading_day:
            self.group.members.pop(event.account, None)
        elif event.trading_day != self._books.trading_day:
            return
        else:
            self.group.take(event)
        self._share()

    def _share(self) -> None:
        for id_ in self.group.instruments():
            self.tally.contract(id_)
        self.group.share(self.counts)
        self._tell_all()

    # ------------------------------------------------------------ days

    def new_day(self) -> None:
        """The orders of the old trading day are about to be forgotten."""
        self._over = frozenset(order.id for order in self._orders.registry.all())
        self.tally.clear()
        self.group.clear()

    def _on_day(self, event: TradingDayChanged) -> None:
        """A live account without thresholds goes unwatched: say so, once a day."""
        if event.trading_day == self._day:
            return
        self._day = event.trading_day
        if not self._section.programme and not self._simulated:
            text = (
                "risk.programme has no rows: the exchanges' limits of programme trading are "
                "counted against nothing / risk.programme 为空，未设程序化交易限制"
            )
            self._alert(Severity.WARNING, text)

    # ------------------------------------------------------------ warnings

    def _look(self, count: ContractCount) -> None:
        """After something was counted."""
        exchange = count.exchange
        if exchange.actions.disordered or self.group.members:
            self._arm()
        if (
            count.cancels.total >= count.cancels.next
            or count.messages.total >= count.messages.next
            or count.self_trades.total >= count.self_trades.next
            or count.large_cancels.total >= count.large_cancels.next
        ):
            self._look_in(count)
        if (
            exchange.bursts.total >= exchange.bursts.next
            or exchange.messages.total >= exchange.messages.next
        ):
            self._look_at(exchange)

    def _look_at(self, exchange: ExchangeCount) -> None:
        for en, zh, level in exchange.levels():
            self._tell(en, zh, level, exchange.exchange)

    def _look_in(self, count: ContractCount) -> None:
        for en, zh, level in count.levels():
            self._tell(en, zh, level, str(count.instrument))

    def _tell_all(self) -> None:
        for count in self.counts.contracts.values():
            self._look_in(count)
        for exchange in self.counts.exchanges.values():
            self._look_at(exchange)

    def _tell(self, en: str, zh: str, level: Level, where: str) -> None:
        if level.total < level.next or not level.rise():
            return
        meaning, sense = level.words()
        group = f" ({level.others} of them by others of the group)" if level.others else ""
        text = f"{where}: {level.total} {en} today{group}, {meaning}, {level.limit} / "
        self._alert(_SEVERITY[level.stage], f"{text}{where} 今日{zh} {level.total} 次，{sense}")

    def _alert(self, severity: Severity, text: str) -> None:
        self._bus.publish(AlertRaised(severity, ACTOR, text, self._bus.clock.now()))

    def _arm(self) -> None:
        if not self._armed:
            self._armed = True
            self._timers.call_at(self._bus.clock.now() + LATER, self._recount)

    def _recount(self) -> None:
        self._armed = False
        for name in self.tally.recount():
            self._look_at(self.counts.exchanges[name])
        if self.group.members:  # a second that was full of all may be full of ours alone now
            self.group.share(self.counts)
            self._tell_all()

    # ------------------------------------------------------------ recovery

    def restore(self, past: Iterable[Event]) -> None:
        """After recovery has folded the journal into the orders: count what they are today. What
        had been told is not told again."""
        orders = self._orders
        for order in orders.registry.all():
            if order.id not in self._over:
                self.tally.order(order)
        heard: list[OrderReported] = []
        for event in past:
            if isinstance(event, TradingDayChanged):
                heard.clear()
            elif isinstance(event, OrderReported):
                heard.append(event)
            elif isinstance(event, TradeReported) and event.trading_day == self._books.trading_day:
                self.tally.trade(event)
        find = orders.registry.find
        for report in heard:
            if find(report.order_id, report.instrument, report.venue_order_id) is None:
                self.tally.heard(report)
        tuple(self.tally.recount())
        rows = [count.levels() for count in self.counts.contracts.values()]
        rows += [count.levels() for count in self.counts.exchanges.values()]
        for _, _, level in (entry for row in rows for entry in row):
            level.rise()

    # ------------------------------------------------------------ questions

    def rows(self) -> dict[str, Any]:
        """For the page: what was counted today, in what limits."""
        section, counts = self._section, self.counts
        return {
            "trading_day": self._books.trading_day,
            "soft_percent": section.programme_soft_percent,
            "warn_percent": section.programme_warn_percent,
            "group": [
                {"account": member.account, "told": member.told}
                for _, member in sorted(self.group.members.items())
            ],
            "exchanges": [
                exchange_row(row) for _, row in sorted(counts.exchanges.items())
                if row.messages.total
            ],
            "contracts": [
                contract_row(row) for _, row in sorted(counts.contracts.items())
                if row.messages.total or row.self_trades.total
            ],
        }  # fmt: skip

    def state(self) -> tuple[object, ...]:
        """Of this account alone, as recovery makes it."""
        tuple(self.tally.recount())
        return self.counts.state()


def _thresholds(section: RiskSection) -> tuple[object, ...]:
    return section.programme, section.programme_soft_percent, section.programme_warn_percent
