"""The resolver, pure; books in every mode that share one account on three exchanges; a machine."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.test_books_against_twin import WIDE
from tests.unit.trading.desk import IF, RB, Desk, M, venue_state

from homalos.config.sections.trading import TradingSection
from homalos.model.enums import Offset, OrderStatus, Side
from homalos.model.events import OrderDenied, TradingDayChanged
from homalos.model.ids import InstrumentId, StrategyId
from homalos.trading.lots import LotSide
from homalos.trading.offsets import BookMode, reach, resolve
from homalos.trading.states import LIVE

counts = st.integers(0, 20)
modes = st.sampled_from(["own", "net", "lock"])
CLOSES = (Offset.CLOSE, Offset.CLOSE_TODAY, Offset.CLOSE_YESTERDAY)


def _side(today: int, old: int) -> LotSide:
    side = LotSide()
    if old:
        side.open(old, 3500.0, 1)
        side.roll(3500.0)
    if today:
        side.open(today, 3500.0, 2)
    return side


def _total(parts: Iterable[tuple[Offset, int]], *offsets: Offset) -> int:
    return sum(lots for offset, lots in parts if offset in offsets)


@given(
    lots=st.integers(1, 30), splits=st.booleans(), mode=modes, own=counts, claimed=counts,
    today=counts, old=counts, exits=st.booleans(), first=st.booleans(),
)  # fmt: skip
def test_the_resolver(
    lots: int, splits: bool, mode: BookMode, own: int, claimed: int, today: int, old: int,
    exits: bool, first: bool,
) -> None:  # fmt: skip
    closing = _side(today, old)
    far = reach(mode, own, claimed, closing, splits)
    parts = resolve(
        lots, Offset.CLOSE if exits else None, splits_today=splits, mode=mode, reach=far,
        closing=closing, today_first=first,
    )  # fmt: skip
    assert _total(parts, Offset.OPEN, *CLOSES) == lots
    assert all(count > 0 for _, count in parts)
    opened = _total(parts, Offset.OPEN)
    if mode == "own":
        assert far == own
        assert opened == (0 if exits else max(0, lots - own)), "an exit never opens"
    else:
        assert far <= max(0, today + old - claimed), "nobody else's lots"
        assert opened == max(0, lots - far)
    if mode == "lock":
        assert _total(parts, Offset.CLOSE_TODAY) == 0
        assert splits or not today or opened == lots, "it would pay the close-today fee"
    closes = min(lots - opened, far)
    if not splits:
        assert _total(parts, *CLOSES[1:]) == 0
    elif mode != "lock" and closes:
        head, have = (CLOSES[1], today) if first else (CLOSES[2], old)
        assert not have or parts[0] == (head, min(closes, have)), "the first are emptied first"


@pytest.mark.parametrize("splits", [True, False])
def test_what_another_book_may_not_take_is_left(splits: bool) -> None:
    """Five lots of which another holds four."""
    closing = _side(0, 5)
    assert reach("net", 0, 4, closing, splits) == 1
    assert reach("lock", 0, 4, closing, splits) == 1
    assert reach("own", 0, 4, closing, splits) == 0


def test_words_of_the_intent_are_taken_at_their_word() -> None:
    for offset, splits, there in (
        (Offset.OPEN, True, Offset.OPEN), (Offset.CLOSE_TODAY, True, Offset.CLOSE_TODAY),
        (Offset.CLOSE_YESTERDAY, False, Offset.CLOSE),
    ):  # fmt: skip
        parts = resolve(
            3, offset, splits_today=splits, mode="own", reach=1, closing=_side(1, 0),
            today_first=True,
        )  # fmt: skip
        assert parts == ((there, 3),)


moves = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(Side), st.integers(1, 9)),
        st.tuples(st.sampled_from(["exit a", "exit b"]), st.sampled_from(Side), st.integers(1, 9)),
        st.tuples(st.just("fill"), st.integers(0, 9), st.integers(1, 9)),
        st.tuples(st.just("cancel"), st.integers(0, 9), st.just(0)),
        st.just("day"),
    ),
    max_size=40,
)


def _open_desk(**modes_: BookMode) -> Desk:
    desk = Desk(ready=False, risk=WIDE, trading=TradingSection(reconcile_s=0))
    desk.venue.snapshot = venue_state(balance=1e9)
    desk.open()
    desk.venue.snapshot = None
    for name, mode in modes_.items():
        desk.books.strategies.set_mode(StrategyId(name), mode)
    return desk


@pytest.mark.parametrize("id_", [RB, IF, M])
@settings(max_examples=100, deadline=None)
@given(moves=moves)
def test_two_books_never_touch_each_other(id_: InstrumentId, moves: list[object]) -> None:
    desk = _open_desk()
    for move in moves:
        _move(desk, id_, move)
        _invariants(desk, id_)


@pytest.mark.parametrize("id_", [RB, IF, M])
@pytest.mark.parametrize("mode", ["net", "lock"])
@settings(max_examples=60, deadline=None)
@given(moves=moves)
def test_books_of_other_modes_leave_an_own_books_lots(
    mode: BookMode, id_: InstrumentId, moves: list[object]
) -> None:
    desk = _open_desk(b=mode)
    for move in moves:
        _move(desk, id_, move)
        _invariants(desk, id_, "a")


@pytest.mark.parametrize("id_", [RB, IF, M])
@settings(max_examples=60, deadline=None)
@given(moves=moves)
def test_two_netted_books_share_what_there_is(id_: InstrumentId, moves: list[object]) -> None:
    desk = _open_desk(a="net", b="net")
    for move in moves:
        _move(desk, id_, move)
        _invariants(desk, id_, "")


def _move(desk: Desk, id_: InstrumentId, move: object) -> None:
    if move == "day":
        day = desk.books.trading_day + 1
        desk.post(TradingDayChanged("test", day, desk.clock.now()))
        return
    what, which, lots = move  # type: ignore[misc]
    if what in ("a", "b"):
        denied = len(desk.seen(OrderDenied))
        desk.submit(instrument=id_, strategy=StrategyId(what), side=which, lots=lots)
        assert len(desk.seen(OrderDenied)) == denied, "an exit of one's own lots is always possible"
    elif what in ("exit a", "exit b"):
        _exit(desk, id_, StrategyId(what[-1]), which, lots)
    else:
        live = [order for order in desk.manager.live() if order.status in LIVE]
        if not live:
            return
        order = live[which % len(live)]
        if what == "fill":
            desk.fill(order.id, 3500.0, min(lots, order.remaining_lots))
        else:
            desk.report(order.id, OrderStatus.CANCELLED, order.traded_lots)


def _exit(desk: Desk, id_: InstrumentId, strategy: StrategyId, side: Side, lots: int) -> None:
    contract = desk.books.contract(id_)
    assert contract is not None
    book = desk.books.net_book(strategy, id_, contract.multiplier)
    can = book.closable(side)
    intent = desk.submit(
        instrument=id_, strategy=strategy, side=side, lots=lots, offset=Offset.CLOSE
    )
    if book.mode == "own":
        sent = desk.manager.registry.of_intent(intent)
        assert all(order.offset is not Offset.OPEN for order in sent), "an exit never opens"
        assert sum(order.lots for order in sent) == min(lots, can)


def _invariants(desk: Desk, id_: InstrumentId, own: str = "ab") -> None:
    contract = desk.books.contract(id_)
    assert contract is not None
    nets = {name: desk.books.book(StrategyId(name), id_).net_lots for name in "ab"}
    assert sum(nets.values()) == contract.net, "the books add up to the account"
    long = sum(max(nets[name], 0) for name in own)
    short = sum(max(-nets[name], 0) for name in own)
    assert contract.long.lots >= long, "no lots of a book were closed by another"
    assert contract.short.lots >= short
    for side in (contract.long, contract.short):
        assert 0 <= side.frozen <= side.lots
        assert 0 <= side.frozen_today <= side.today
        if contract.instrument.splits_today:
            assert 0 <= side.frozen_yesterday <= side.yesterday
    opens = sum(o.lots - o.booked_lots for o in desk.manager.live() if o.offset is Offset.OPEN)
    assert contract.working.open_buy + contract.working.open_sell == opens
