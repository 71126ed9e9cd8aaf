"""Lots opened today are the sum of the day's opening fills, in whatever order, however often they
are told, and over restarts; a run of rejects is what is left of the orders' ends in their order."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.trading.desk import (
    ACCOUNT,
    DAY,
    IF,
    RB,
    START,
    STOCK,
    Desk,
    M,
    instrument,
    venue_state,
)

from homalos.model.enums import Offset, Side
from homalos.model.events import InstrumentListed, TradeReported, TradingDayChanged
from homalos.model.ids import InstrumentId, OrderId, StrategyId, TradeId, VenueOrderId
from homalos.model.trading import Trade
from homalos.trading import recovery
from homalos.trading.streaks import Losses, Rejects

Fill = tuple[InstrumentId, Side, Offset, int, int]
"""Contract, side, offset, trade id, lots. The key of a fill is all but offset and lots."""

fills = st.lists(
    st.tuples(
        st.sampled_from((RB, IF, M)), st.sampled_from(Side),
        st.sampled_from((Offset.OPEN, Offset.OPEN, Offset.CLOSE)), st.integers(1, 12),
        st.integers(1, 9),
    ),
    max_size=20,
    unique_by=lambda fill: (fill[0].partition(".")[0], fill[1], fill[3]),
)  # fmt: skip


def told(fill: Fill) -> TradeReported:
    id_, side, offset, number, lots = fill
    return TradeReported(
        None, VenueOrderId(f"{number}"), TradeId(f"{number}"), id_, side, offset, 3500.0, lots,
        DAY, START, START,
    )  # fmt: skip


def of_venue(fill: Fill) -> Trade:
    id_, side, offset, number, lots = fill
    return Trade(
        TradeId(f"{number}"), None, ACCOUNT, StrategyId(""), id_, side, offset, 3500.0, lots, 0.0,
        DAY, START, START, VenueOrderId(f"{number}"),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(day=fills, data=st.data())
def test_openings_are_the_sum_of_opening_fills(day: list[Fill], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(day)), "told before the process died")
    order = data.draw(st.permutations(day[:cut]), "in this order")
    again = data.draw(st.lists(st.sampled_from(order), max_size=9) if order else st.just([]))
    journal = [InstrumentListed(instrument(id_), START) for id_ in STOCK]
    events = [*journal, TradingDayChanged("test", DAY, START), *map(told, [*order, *again])]
    desk = Desk(ready=False)
    recovery.fold(events, desk.books, desk.manager)
    desk.venue.snapshot = venue_state(trades=tuple(map(of_venue, data.draw(st.permutations(day)))))
    desk.open()
    for fill in data.draw(st.permutations(day)):
        desk.post(told(fill))
    opens = [fill for fill in day if fill[2] is Offset.OPEN]
    for id_ in STOCK:
        lots = sum(fill[4] for fill in opens if fill[0] == id_)
        product = id_.rstrip("0123456789")
        assert desk.manager.openings.lots(id_) == lots
        assert desk.manager.openings.lots(product) == lots, "one contract of each"


Ends = st.lists(
    st.sampled_from(("rejected", "taken", "taken and rejected", "taken and over", "over")),
    max_size=30,
)


@given(Ends)
def test_rejects_in_a_row_with_one_order_at_a_time(ends: list[str]) -> None:
    rejects, expected = Rejects(), 0
    for number, end in enumerate(ends):
        id_ = OrderId(f"{number}")
        if end.startswith("taken"):
            rejects.taken(id_)
            assert rejects.count == 0
        if end.endswith("rejected"):
            rejects.rejected(id_)
        elif end.endswith("over"):
            rejects.over(id_)
        expected = expected + 1 if end.endswith("rejected") else 0
        assert rejects.count == expected


@given(st.permutations(range(8)), st.integers(0, 8))
def test_orders_taken_together_and_rejected_in_any_order_all_count(
    order: list[int], before: int
) -> None:
    rejects = Rejects()
    for number in range(before):
        rejects.rejected(OrderId(f"b{number}"))
    for number in range(8):
        rejects.taken(OrderId(f"{number}"))
    assert rejects.count == 0
    for number in order:
        rejects.rejected(OrderId(f"{number}"))
    assert rejects.count == before + 8


@given(st.lists(st.lists(st.lists(st.integers(-5, 5), max_size=3), max_size=3), max_size=12))
def test_an_intent_is_one_close_however_it_was_filled(intents: list[list[list[int]]]) -> None:
    losses, expected = Losses(), 0
    for number, orders in enumerate(intents):
        total, lost = 0, False
        for part, fills_of in enumerate(orders):
            id_ = OrderId(f"{number}.{part}")
            for result in fills_of:
                losses.made(id_, float(result))
            losses.over(id_, OrderId(f"{number}"))
            total += sum(fills_of)
            if fills_of and total > 0:
                expected = 0
            elif fills_of and total < 0 and not lost:
                expected, lost = expected + 1, True
        assert losses.count == expected
