"""The resolver, pure; and two opposed books that share one account on three exchanges."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.test_books_against_twin import WIDE
from tests.unit.trading.desk import IF, RB, Desk, M, venue_state

from homalos.config.sections.trading import TradingSection
from homalos.model.enums import Offset, OrderStatus, Side
from homalos.model.events import TradingDayChanged
from homalos.model.ids import InstrumentId, StrategyId
from homalos.trading.offsets import resolve
from homalos.trading.states import LIVE

counts = st.integers(0, 20)


@given(
    lots=st.integers(1, 30), splits=st.booleans(), book=counts, today=counts, old=counts,
    order=st.sampled_from(["today_first", "yesterday_first"]),
)  # fmt: skip
def test_the_resolver(lots: int, splits: bool, book: int, today: int, old: int, order: str) -> None:
    parts = resolve(
        lots, splits_today=splits, book_lots=book, closable_today=today, closable_yesterday=old,
        closable=today + old, close_order=order,  # type: ignore[arg-type]
    )  # fmt: skip
    by = dict(parts)
    assert len(by) == len(parts), "one part an offset"
    assert sum(by.values()) == lots
    assert all(count > 0 for count in by.values())
    closing = lots - by.get(Offset.OPEN, 0)
    assert closing == min(lots, book, today + old), "closes all that is its own, and no more"
    if splits:
        assert by.get(Offset.CLOSE, 0) == 0
        assert by.get(Offset.CLOSE_TODAY, 0) <= today
        assert by.get(Offset.CLOSE_YESTERDAY, 0) <= old
        first = Offset.CLOSE_TODAY if order == "today_first" else Offset.CLOSE_YESTERDAY
        have = today if order == "today_first" else old
        assert by.get(first, 0) == min(closing, have), "the first bucket is emptied first"
    else:
        assert set(by) <= {Offset.CLOSE, Offset.OPEN}


moves = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(Side), st.integers(1, 9)),
        st.tuples(st.just("fill"), st.integers(0, 9), st.integers(1, 9)),
        st.tuples(st.just("cancel"), st.integers(0, 9), st.just(0)),
        st.just("day"),
    ),
    max_size=40,
)


@pytest.mark.parametrize("id_", [RB, IF, M])
@settings(max_examples=150, deadline=None)
@given(moves=moves)
def test_two_books_never_touch_each_other(id_: InstrumentId, moves: list[object]) -> None:
    desk = Desk(ready=False, risk=WIDE, trading=TradingSection(reconcile_s=0))
    desk.venue.snapshot = venue_state(balance=1e9)
    desk.open()
    desk.venue.snapshot = None
    for move in moves:
        _move(desk, id_, move)
        _invariants(desk, id_)


def _move(desk: Desk, id_: InstrumentId, move: object) -> None:
    if move == "day":
        day = desk.books.trading_day + 1
        desk.post(TradingDayChanged("test", day, desk.clock.now()))
        return
    what, which, lots = move  # type: ignore[misc]
    if what in ("a", "b"):
        desk.submit(instrument=id_, strategy=StrategyId(what), side=which, lots=lots)
        assert desk.gate.denied == {}, "an exit of one's own lots is always possible"
        return
    live = [order for order in desk.manager.live() if order.status in LIVE]
    if not live:
        return
    order = live[which % len(live)]
    if what == "fill":
        desk.fill(order.id, 3500.0, min(lots, order.remaining_lots))
    else:
        desk.report(order.id, OrderStatus.CANCELLED, order.traded_lots)


def _invariants(desk: Desk, id_: InstrumentId) -> None:
    contract = desk.books.contract(id_)
    assert contract is not None
    a, b = (desk.books.book(StrategyId(name), id_).net_lots for name in "ab")
    assert a + b == contract.net
    assert contract.long.lots >= max(a, 0) + max(b, 0), "no lots of a book were closed by another"
    assert contract.short.lots >= max(-a, 0) + max(-b, 0)
    for side in (contract.long, contract.short):
        assert 0 <= side.frozen <= side.lots
        assert 0 <= side.frozen_today <= side.today
        if contract.instrument.splits_today:
            assert 0 <= side.frozen_yesterday <= side.yesterday
    opens = sum(o.lots - o.booked_lots for o in desk.manager.live() if o.offset is Offset.OPEN)
    assert contract.working.open_buy + contract.working.open_sell == opens
