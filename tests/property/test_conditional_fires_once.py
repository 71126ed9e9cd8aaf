"""Whatever comes — ticks, repeats, partial fills, refused cancels, phases, restarts: a conditional
order fires at most once, and its strategy never sells more than it holds."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.trading.conditional.floor import ALPHA, STATES, Floor, Next
from tests.unit.trading.desk import RB

from homalos.model.conditional import ConditionalKind, GapPolicy
from homalos.model.enums import OrderStatus, Phase, Side
from homalos.model.ids import OrderId
from homalos.model.trading import Order
from homalos.trading.registry import is_open

WORDS = ("tick", "tick", "tick", "again", "accept", "fill", "fill", "end", "late", "phase", "line",
         "restart", "crash", "cancel", "own")  # fmt: skip
STEPS = st.lists(
    st.tuples(st.sampled_from(WORDS), st.integers(0, 40), st.integers(0, 7)), max_size=40
)
HELD = st.lists(st.sampled_from(("stop", "oco", "trail", "bracket", "gap")), min_size=1, max_size=4)


class Story:
    """One strategy that only ever means to be long, over several runs."""

    def __init__(self, held: list[str]) -> None:
        self.floor: Floor = Floor(long=3)
        self.ids: list[OrderId] = []
        self.sent: Counter[OrderId] = Counter()
        self.seen = 0
        for name in held:
            self.place(name)

    def place(self, name: str) -> None:
        floor = self.floor
        if name == "stop":
            self.ids.append(floor.place(lots=2))
        elif name == "gap":
            self.ids.append(floor.place(lots=2, gap=GapPolicy.LIMIT, trigger=3490.0))
        elif name == "trail":
            kind = ConditionalKind.TRAILING
            self.ids.append(floor.place(kind=kind, trigger=None, trail_ticks=10))
        elif name == "oco":
            self.ids += floor.pair(limit=3520.0)
        else:
            self.ids += floor.bracket()[1:]

    def step(self, word: str, number: int, pick: int) -> None:
        getattr(self, word)(number, pick)
        self.look()

    def look(self) -> None:
        floor = self.floor
        for order in floor.venue.sent[self.seen :]:
            self.sent[order.id] += 1
        self.seen = len(floor.venue.sent)
        assert all(count == 1 for count in self.sent.values()), self.sent
        book = floor.books.book(ALPHA, RB)
        assert book.net_lots >= 0
        closing = sum(o.lots - o.booked_lots for o in floor.manager.live() if o.side is Side.SELL)
        assert closing <= book.net_lots, "never two orders for the same lots"
        for id_ in self.ids:
            told = [o for o in floor.kept.book.orders.values() if o.id == id_]
            assert all(o.status is not STATES.ARMED or not o.sent_lots for o in told)

    # ------------------------------------------------------------ what happens

    def tick(self, number: int, pick: int) -> None:
        self.floor.last(3460.0 + 2 * number)

    def again(self, number: int, pick: int) -> None:
        tick = self.floor.books.quotes[RB]
        for _ in range(3):
            self.floor.post(tick)

    def _one(self, pick: int) -> Order | None:
        rows = [o for o in self.floor.manager.live() if is_open(o)]
        return rows[pick % len(rows)] if rows else None

    def accept(self, number: int, pick: int) -> None:
        if (order := self._one(pick)) and order.traded_lots == 0:
            self.floor.report(order.id, OrderStatus.ACCEPTED)

    def fill(self, number: int, pick: int) -> None:
        order = self._one(pick)
        if order and order.remaining_lots and order.status is not OrderStatus.CANCELLED:
            lots = 1 + number % order.remaining_lots
            done = order.traded_lots + lots
            full = OrderStatus.FILLED if done == order.lots else OrderStatus.PARTIALLY_FILLED
            self.floor.report(order.id, full, done)
            fill = self.floor.trade_report(order.id, lots, 3500.0)
            for _ in range(1 + pick % 2):
                self.floor.post(fill)

    def end(self, number: int, pick: int) -> None:
        order = self._one(pick)
        if order and order.status is not OrderStatus.CANCELLED:
            self.floor.report(order.id, OrderStatus.CANCELLED, order.traded_lots)

    def late(self, number: int, pick: int) -> None:
        """The end first, its last fill afterwards (FACTS A7.3, case 8)."""
        order = self._one(pick)
        if order and order.remaining_lots and order.status is not OrderStatus.CANCELLED:
            self.floor.report(order.id, OrderStatus.CANCELLED, order.traded_lots + 1)
            self.look()
            self.floor.post(self.floor.trade_report(order.id, 1, 3500.0))

    def phase(self, number: int, pick: int) -> None:
        for phase in (list(Phase)[number % 5], Phase.CONTINUOUS):
            self.floor.phase(phase)
            self.floor.last(3460.0 + 10 * pick)

    def line(self, number: int, pick: int) -> None:
        self.floor.line(False)
        self.floor.last(3460.0 + 2 * number)
        self.floor.line(True)

    def cancel(self, number: int, pick: int) -> None:
        """The next cancel cannot leave."""
        self.floor.venue.cancel_returns = -1 if number % 2 else 0

    def own(self, number: int, pick: int) -> None:
        """A resting target of the strategy's own."""
        room = self.floor.books.net_book(ALPHA, RB, 10.0).closable(Side.SELL)
        if room:
            self.floor.submit(side=Side.SELL, lots=1 + number % room, price=3530.0)

    def restart(self, number: int, pick: int) -> None:
        self._next(self.floor)

    def crash(self, number: int, pick: int) -> None:
        """Killed within the step that a tick would have made: some of its records are written,
        and what they do not tell has not happened."""
        floor = self.floor
        if [o for o in floor.manager.live() if is_open(o)]:
            return  # the venue's part of the story would need rewriting
        before, venue = len(floor.written), floor.agrees()
        sent = len(floor.venue.sent)
        floor.last(3460.0 + 2 * number)
        if len(floor.venue.sent) > sent:
            records = floor.written[before:]
            names = [type(event).__name__ for event in records]
            del floor.written[before + names.index("OrderSubmitted") :]
            self._next(floor, venue)

    def _next(self, floor: Floor, venue: object = None) -> None:
        after = Next(floor)
        after._fills = floor._fills + 1000
        after._intents, after._placed = floor._intents + 1000, floor._placed
        after.go_on(floor.agrees() if venue is None else venue)  # type: ignore[arg-type]
        after.written[:0] = floor.written
        self.floor, self.seen = after, 0


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(HELD, STEPS)
def test_a_conditional_order_fires_at_most_once(
    held: list[str], steps: list[tuple[str, int, int]]
) -> None:
    story = Story(held)
    for word, number, pick in steps:
        story.step(word, number, pick)
