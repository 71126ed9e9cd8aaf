"""Whose lots an order may close: ``book_mode``; exits that never open; the choice on SHFE."""

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import IF, RB, Desk, M, instrument

from homalos.config.sections.trading import TradingSection
from homalos.model.enums import Offset, OrderStatus, Side
from homalos.model.events import InstrumentListed, OrderDenied, TradingDayChanged
from homalos.model.ids import InstrumentId, StrategyId
from homalos.model.market import Fees, Rate
from homalos.trading.offsets import BookMode

OPEN, CLOSE = Offset.OPEN, Offset.CLOSE
TODAY, YESTERDAY = Offset.CLOSE_TODAY, Offset.CLOSE_YESTERDAY


def _desk(a: BookMode = "own", b: BookMode = "own", **changes: object) -> Desk:
    desk = Desk(trading=TradingSection(reconcile_s=0, **changes))  # type: ignore[arg-type]
    desk.books.strategies.set_mode(StrategyId("alpha"), a)
    desk.books.strategies.set_mode(StrategyId("beta"), b)
    return desk


def _sent(desk: Desk, before: int) -> list[tuple[Offset, int]]:
    return [(order.offset, order.lots) for order in desk.venue.sent[before:]]


def _trade(desk: Desk, side: Side, lots: int, who: str = "alpha", id_: InstrumentId = RB,
           offset: Offset | None = None) -> list[tuple[Offset, int]]:  # fmt: skip
    before = len(desk.venue.sent)
    desk.trade(side, lots, 3500.0, id_, who, offset)
    return _sent(desk, before)


def _next_day(desk: Desk) -> None:
    desk.venue.snapshot = None
    desk.post(TradingDayChanged("test", desk.books.trading_day + 1, desk.clock.now()))


@pytest.mark.parametrize("id_", [RB, IF, M])
def test_own_two_opposed_books_hold_both_directions(id_: InstrumentId) -> None:
    desk = _desk()
    close = TODAY if id_ == RB else CLOSE
    assert _trade(desk, Side.BUY, 3, "alpha", id_) == [(OPEN, 3)]
    assert _trade(desk, Side.SELL, 2, "beta", id_) == [(OPEN, 2)], "not a close of alpha's lots"
    assert _trade(desk, Side.SELL, 4, "alpha", id_) == [(close, 3), (OPEN, 1)]
    assert _trade(desk, Side.BUY, 2, "beta", id_) == [(close, 2)], "not alpha's short lot"


@pytest.mark.parametrize("id_", [RB, IF, M])
def test_net_two_opposed_books_have_no_lots_at_the_exchange(id_: InstrumentId) -> None:
    desk = _desk("net", "net")
    close = TODAY if id_ == RB else CLOSE
    _trade(desk, Side.BUY, 3, "alpha", id_)
    assert _trade(desk, Side.SELL, 3, "beta", id_) == [(close, 3)], "an open is a close"
    contract = desk.books.contract(id_)
    assert contract is not None
    assert (contract.long.lots, contract.short.lots) == (0, 0)
    nets = [desk.books.book(StrategyId(name), id_).net_lots for name in ("alpha", "beta")]
    assert nets == [3, -3]
    assert _trade(desk, Side.SELL, 3, "alpha", id_, CLOSE) == [(OPEN, 3)], "and an exit an open"


@pytest.mark.parametrize("mode", ["net", "lock"])
def test_an_own_books_lots_are_left_alone_by_other_modes(mode: BookMode) -> None:
    desk = _desk("own", mode)
    _trade(desk, Side.BUY, 3, "alpha")
    _next_day(desk)
    assert _trade(desk, Side.SELL, 2, "beta") == [(OPEN, 2)]
    assert _trade(desk, Side.SELL, 3, "alpha") == [(YESTERDAY, 3)]


@pytest.mark.parametrize("id_", [RB, IF, M])
@pytest.mark.parametrize("side", list(Side))
def test_lots_that_a_book_will_hold_when_its_closes_are_filled_are_its_own(
    id_: InstrumentId, side: Side
) -> None:
    """Its exit works; meanwhile it has opened the other way, though the book's net is not there
    yet. Those lots are no other's to close."""
    desk = _desk("own", "net")
    _trade(desk, side, 2, "alpha", id_)
    exit_ = desk.submit(instrument=id_, side=side.opposite, lots=2, price=3500.0 + side.sign)
    assert _trade(desk, side.opposite, 1, "alpha", id_) == [(OPEN, 1)]
    assert _trade(desk, side, 1, "beta", id_) == [(OPEN, 1)]
    desk.fill(exit_, 3500.0)
    contract = desk.books.contract(id_)
    assert contract is not None
    assert desk.books.book(StrategyId("alpha"), id_).net_lots == -side.sign
    assert contract.closing(side).lots == 1
    desk.trade(side, 1, id_=id_, offset=CLOSE)
    assert desk.books.book(StrategyId("alpha"), id_).net_lots == 0


def test_lock_opens_the_opposite_of_todays_lots_and_unlocks_when_they_are_old() -> None:
    desk = _desk("lock")
    _trade(desk, Side.BUY, 3)
    assert _trade(desk, Side.SELL, 3, offset=CLOSE) == [(OPEN, 3)], "no close-today fee"
    assert desk.books.book(StrategyId("alpha"), RB).net_lots == 0
    _next_day(desk)
    _trade(desk, Side.BUY, 1)
    contract = desk.books.contract(RB)
    assert contract is not None
    assert (contract.long.lots, contract.short.lots) == (3, 2), "a short lot of yesterday is closed"


def test_lock_where_the_exchange_picks_the_lots_waits_for_the_fee() -> None:
    """IF: a lot of yesterday goes first, but the close-today rate is paid while one of today is
    there: the opposite is opened until that is over."""
    desk = _desk("lock")
    _trade(desk, Side.BUY, 1, id_=IF)
    _next_day(desk)
    assert _trade(desk, Side.SELL, 1, id_=IF) == [(CLOSE, 1)]
    _trade(desk, Side.BUY, 1, id_=IF)
    assert _trade(desk, Side.SELL, 1, id_=IF) == [(OPEN, 1)]


def test_an_exit_closes_what_it_can_and_the_rest_is_denied() -> None:
    desk = _desk()
    _trade(desk, Side.BUY, 3)
    _next_day(desk)
    _trade(desk, Side.BUY, 2)
    before = len(desk.venue.sent)
    desk.submit(side=Side.SELL, lots=7, offset=CLOSE)
    assert _sent(desk, before) == [(TODAY, 2), (YESTERDAY, 3)], "of both days"
    (denied,) = desk.seen(OrderDenied)
    assert (denied.order.lots, [d.rule for d in denied.denials]) == (2, ["closable"])
    desk.submit(side=Side.SELL, lots=1, offset=CLOSE)
    assert len(desk.venue.sent) == before + 2, "its lots are bound by the first: it does not open"


def test_lots_that_the_account_lacks_are_not_opened_instead() -> None:
    """Another terminal closed the book's lots: its exit is denied, it is no short position."""
    desk = _desk()
    id_ = desk.trade(Side.BUY, 3)
    foreign = desk.trade_report(
        desk.manager.registry.of_intent(id_)[0].id, 3, 3500.0, order_id=None, side=Side.SELL,
        offset=TODAY,
    )  # fmt: skip
    desk.post(foreign)
    before = len(desk.venue.sent)
    desk.submit(side=Side.SELL, lots=3)
    assert len(desk.venue.sent) == before
    assert desk.seen(OrderDenied)[-1].denials[0].rule == "closable"


def test_an_exit_that_ended_gives_its_lots_back() -> None:
    desk = _desk()
    _trade(desk, Side.BUY, 2)
    id_ = desk.submit(side=Side.SELL, lots=2, price=3510.0)
    order = desk.manager.registry.of_intent(id_)[0]
    desk.report(order.id, OrderStatus.CANCELLED)
    assert _trade(desk, Side.SELL, 2) == [(TODAY, 2)]


@pytest.mark.parametrize(
    ("order", "today_fee", "first"),
    [
        ("cheaper_first", 3e-4, YESTERDAY), ("cheaper_first", 0.0, TODAY),
        ("today_first", 3e-4, TODAY), ("yesterday_first", 0.0, YESTERDAY),
    ],
)  # fmt: skip
def test_which_lots_go_first_on_shfe(order: str, today_fee: float, first: Offset) -> None:
    desk = _desk(close_order=order)
    fees = Fees(Rate(1e-4), Rate(1e-4), Rate(today_fee))
    desk.post(InstrumentListed(replace(instrument(), fees=fees), desk.clock.now()))
    _trade(desk, Side.BUY, 2)
    _next_day(desk)
    _trade(desk, Side.BUY, 2)
    other = YESTERDAY if first is TODAY else TODAY
    assert _trade(desk, Side.SELL, 3) == [(first, 2), (other, 1)]


def test_a_mode_that_comes_late_holds_for_the_book_that_is_there() -> None:
    desk = _desk()
    _trade(desk, Side.BUY, 1, "alpha")
    for name in ("alpha", "beta"):
        desk.books.strategies.set_mode(StrategyId(name), "net")
    assert _trade(desk, Side.SELL, 1, "beta") == [(TODAY, 1)]


def test_lock_closes_again_once_the_fee_of_todays_lots_is_paid() -> None:
    """IF: the trader's close took yesterday's lot and paid for today's: the next one is free."""
    desk = _desk("lock")
    _trade(desk, Side.BUY, 1, id_=IF)
    _trade(desk, Side.BUY, 1, "manual", IF)
    _next_day(desk)
    _trade(desk, Side.BUY, 1, id_=IF)
    _trade(desk, Side.SELL, 1, "manual", IF)
    contract = desk.books.contract(IF)
    assert contract is not None
    assert (contract.long.today, contract.long.charged_today) == (1, 0)
    assert _trade(desk, Side.SELL, 1, id_=IF) == [(CLOSE, 1)]
