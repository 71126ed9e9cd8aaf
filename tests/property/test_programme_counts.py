"""Counters of programme trading: facts in any order, repeated, or folded from a journal that was
cut anywhere, come to the same counts."""

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.trading.desk import DAY, RB, instrument, venue_state
from tests.unit.trading.programme.floor import ROW, Floor, foreign, heard, section, side_of

from homalos.model.enums import OrderStatus, Side, TimeInForce
from homalos.model.event import Event
from homalos.model.events import OrderSubmitted, TradeReported
from homalos.model.ids import OrderId
from homalos.model.reconciling import Reconcile
from homalos.model.times import SECOND
from homalos.model.trading import Order
from homalos.trading.programme.actions import Actions
from homalos.trading.programme.tally import Tally
from homalos.trading.recovery import fold

S = OrderStatus
START = 1_767_576_600 * SECOND
TIMES = st.integers(0, 4 * SECOND).map(lambda ns: START + ns)


@st.composite
def lives(draw: st.DrawFn) -> tuple[Any, ...]:
    """Facts about one order."""
    number, at = draw(st.integers(1, 12)), draw(TIMES)
    lots = draw(st.sampled_from([1, 30, 40]))
    traded = draw(st.integers(0, lots))
    order = foreign(
        number, S.SUBMITTED, id=OrderId(f"o-{number}"), ts_init=at, lots=lots,
        tif=draw(st.sampled_from(list(TimeInForce))),
    )  # fmt: skip
    end = replace(
        order, status=draw(st.sampled_from([S.CANCELLED, S.FILLED, S.REJECTED])),
        ts_event=at + draw(st.integers(0, SECOND)), traded_lots=traded, booked_lots=traded,
    )  # fmt: skip
    if end.status is S.FILLED:
        end = replace(end, traded_lots=lots, booked_lots=lots)
    facts = [("order", order), ("order", end)]
    for _ in range(draw(st.integers(0, 2))):
        facts.append(("cancel", (order, at + draw(st.integers(0, SECOND)))))
        facts.append(("order", replace(end, ts_event=at + draw(st.integers(0, SECOND)))))
    if draw(st.booleans()):
        facts.append(("heard", heard(order, at + draw(st.integers(0, SECOND)))))
    return tuple(facts)


def trades() -> st.SearchStrategy[tuple[Any, ...]]:
    return st.builds(
        lambda n, side: (("trade", side_of(f"{n:>8}", side, DAY)),),
        st.integers(1, 6), st.sampled_from(list(Side)),
    )  # fmt: skip


def _tally(facts: list[Any]) -> Tally:
    tally = Tally(section(), instrument)
    for kind, fact in facts:
        if kind == "order":
            tally.order(fact)
        elif kind == "cancel":
            tally.cancel_left(*fact)
        elif kind == "heard":
            tally.heard(fact)
        else:
            tally.trade(fact)
    tuple(tally.recount())
    return tally


def _result(tally: Tally) -> tuple[object, ...]:
    times = [e.actions.times for _, e in sorted(tally.counts.exchanges.items())]
    return *tally.counts.state(), times


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.data())
def test_order_and_repetition_of_the_facts_change_nothing(data: st.DataObject) -> None:
    orders = data.draw(st.lists(lives(), max_size=12, unique_by=lambda life: life[0][1].id))
    some = data.draw(st.lists(trades(), max_size=12))
    facts = [fact for life in (*orders, *some) for fact in life]
    wanted = _result(_tally(facts))
    other = data.draw(st.permutations(facts))
    again = other + data.draw(st.lists(st.sampled_from(facts), max_size=20)) if facts else []
    assert _result(_tally(list(again))) == wanted
    if orders:
        _, contracts = None, wanted[0]
        assert isinstance(contracts, tuple)
        assert contracts[0][1] == len(orders), "one order counts once"


@settings(max_examples=300, deadline=None, derandomize=True)
@given(times=st.lists(TIMES, max_size=60), size=st.integers(2, 6), phase=st.integers(0, SECOND - 1))
def test_no_way_to_cut_a_day_into_seconds_finds_more_bursts(
    times: list[int], size: int, phase: int
) -> None:
    live, late = Actions(size), Actions(size)
    for ts in sorted(times):
        live.add(ts)
    for ts in times:
        late.add(ts)
    late.add(START)
    late.remove(START)
    late.recount()
    assert live.bursts == late.bursts
    assert live.seconds == late.seconds
    cut = Counter((ts + phase) // SECOND for ts in times)
    assert live.bursts >= sum(count >= size for count in cut.values())
    assert live.bursts <= len(times) // size


DEEDS = st.lists(
    st.sampled_from(["order", "fak", "cancel", "ended", "fill", "part", "foreign", "ask", "wait"]),
    min_size=5, max_size=40,
)  # fmt: skip


class Day:
    """Drawn deeds on a real desk; the journal that they leave, ingress and outcomes."""

    def __init__(self) -> None:
        self.floor = floor = Floor(section(replace(ROW, cancels=0, large_cancels=0, bursts=0)))
        self.journal: list[Event] = []
        self.rows: list[Order] = []
        self.trades = 0
        floor.recorded = self.journal
        post = floor.post

        def note(event: Event) -> None:
            if type(event).__name__ in ("OrderReported", "TradeReported"):
                self.journal.append(event)
            post(event)

        floor.post = note  # type: ignore[method-assign]
        cancel = floor.venue.cancel

        def journaled(order: Order) -> int:
            from homalos.model.journaled import GatewayReturned

            code = cancel(order)
            self.journal.append(GatewayReturned(order.id, "cancel", code, floor.clock.now()))
            return code

        floor.venue.cancel = journaled  # type: ignore[method-assign]

    def do(self, deed: str) -> None:
        floor = self.floor
        live = [o for o in floor.manager.live() if o.status in (S.ACCEPTED, S.PARTIALLY_FILLED)]
        if deed == "order":
            floor.report(floor.submit(lots=30, price=3400.0), S.ACCEPTED)
        elif deed == "fak":
            floor.report(floor.submit(tif=TimeInForce.FAK), S.CANCELLED)
        elif deed == "wait":
            floor.clock.advance(floor.clock.now() + SECOND // 3)
        elif deed == "foreign":
            self.rows.append(foreign(len(self.rows) + 1, S.CANCELLED, ts_init=floor.clock.now()))
            floor.post(heard(self.rows[-1], floor.clock.now()))
        elif deed == "ask":
            self.ask()
        elif live:
            self._end(deed, live[0])

    def ask(self) -> None:
        """The venue's answer knows all orders, its own terminal's and ours."""
        floor = self.floor
        floor.venue.snapshot = venue_state(orders=(*self.rows, *floor.manager.live()))
        floor.post(Reconcile("me", floor.clock.now()))

    def _end(self, deed: str, order: Order) -> None:
        floor = self.floor
        if deed == "cancel":
            floor.cancel(order.id)
        elif deed == "ended":
            floor.report(order.id, S.CANCELLED, order.traded_lots)
        elif order.remaining_lots > 1:
            floor.fill(order.id, 3400.0, 1 if deed == "part" else None)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(deeds=DEEDS, cut=st.integers(0, 40))
def test_a_day_cut_anywhere_and_folded_has_the_same_counts(deeds: list[str], cut: int) -> None:
    day = Day()
    for deed in deeds[:cut]:
        day.do(deed)
    new = Floor(day.floor.risk)
    past = list(day.journal)
    fold(past, new.books, new.manager)
    new.programme.restore(past)
    assert new.programme.state() == day.floor.programme.state()
    new.programme.restore(past)
    assert new.programme.state() == day.floor.programme.state(), "twice is once"
    assert new.alerts() == []


def test_the_property_sees_something() -> None:
    day = Day()
    for deed in ("order", "cancel", "ended", "fak", "foreign", "ask", "order", "fill"):
        day.do(deed)
    ((_, orders, traded, _, cancels, large, messages),) = day.floor.programme.state()[0]  # type: ignore[misc]
    assert (orders, traded, cancels, large, messages) == (4, 1, 2, 1, 7)
    assert any(isinstance(e, TradeReported) for e in day.journal)
    assert any(isinstance(e, OrderSubmitted) for e in day.journal)
    assert RB in day.floor.programme.counts.contracts
