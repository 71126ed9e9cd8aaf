"""The books against the slow Decimal twin: any trades of three owners on three exchanges."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.twin.ledger import DayEnd, Fill, Terms, Twin
from tests.unit.trading.desk import DAY, IF, RB, STOCK, Desk, M, account, instrument

from homalos.config.sections.risk import RiskSection
from homalos.config.sections.risk_rates import NO_RATES
from homalos.config.sections.trading import TradingSection
from homalos.model.enums import Direction, Offset, Side
from homalos.model.events import TradeFilled, TradeReported, TradingDayChanged
from homalos.model.ids import UNATTRIBUTED, InstrumentId, StrategyId, TradeId
from homalos.model.market import Rate

HALF_CENT = Decimal("0.005")
OWNERS = ("alpha", "beta", "manual", UNATTRIBUTED)
WIDE = RiskSection(
    **NO_RATES, max_identical_orders=0, max_margin_use_percent=100, prevent_self_trade=False,
    max_order_lots=1000,
)  # fmt: skip


def _rate(rate: Rate) -> tuple[Decimal, Decimal]:
    return Decimal(str(rate.by_money)), Decimal(str(rate.by_lot))


def _twin() -> Twin:
    rows = {}
    for id_ in STOCK:
        row = instrument(id_)
        rows[str(id_)] = Terms(
            Decimal(str(row.multiplier)),
            row.splits_today,
            _rate(row.fees.open),
            _rate(row.fees.close),
            _rate(row.fees.close_today),
        )
    return Twin(rows, Decimal(100_000_000))


def _desk(close_order: str) -> Desk:
    section = TradingSection(reconcile_s=0, close_order=close_order)  # type: ignore[arg-type]
    desk = Desk(ready=False, risk=WIDE, trading=section)
    desk.venue.snapshot.account = account(100_000_000.0)  # type: ignore[union-attr]
    desk.open()
    desk.venue.snapshot = None
    return desk


trades = st.tuples(
    st.sampled_from(OWNERS),
    st.sampled_from((RB, IF, M)),
    st.sampled_from(Side),
    st.integers(1, 6),
    st.integers(-60, 60),
)
steps = st.lists(st.one_of(trades, trades, trades, st.just("day")), min_size=5, max_size=40)


@settings(max_examples=150, deadline=None)
@given(steps=steps, close_order=st.sampled_from(["today_first", "yesterday_first"]))
def test_books_equal_the_twin(steps: list[object], close_order: str) -> None:
    desk, twin = _desk(close_order), _twin()
    prices: dict[InstrumentId, float] = dict.fromkeys(STOCK, 3500.0)
    day = DAY
    for step in steps:
        if step == "day":
            day += 1
            desk.post(TradingDayChanged("test", day, desk.clock.now()))
            twin.events.append(DayEnd({str(i): Decimal(str(p)) for i, p in prices.items()}))
            continue
        owner, id_, side, lots, ticks = step  # type: ignore[misc]
        price = round(3500 + ticks * instrument(id_).tick_size, 1)
        desk.tick(id_, price, trading_day=day)
        prices[id_] = price
        _trade(desk, twin, owner, id_, side, lots, price)
        _compare(desk, twin, prices)


def _trade(
    desk: Desk, twin: Twin, owner: str, id_: InstrumentId, side: Side, lots: int, price: float
) -> None:
    before = len(desk.seen(TradeFilled))
    if owner == UNATTRIBUTED:  # at another terminal
        day, now = desk.books.trading_day, desk.clock.now()
        report = TradeReported(
            None, None, TradeId(f"x{before}"), id_, side, Offset.OPEN, price, lots, day, now, now
        )
        desk.post(report)
    else:
        desk.trade(side, lots, price, id_, owner)
    booked = [fact.trade for fact in desk.seen(TradeFilled)[before:]]
    assert sum(trade.lots for trade in booked) == lots, desk.gate.denied
    for trade in booked:
        twin.events.append(
            Fill(str(id_), owner, side is Side.BUY, trade.offset.value, Decimal(str(price)),
                 trade.lots)
        )  # fmt: skip


def _compare(desk: Desk, twin: Twin, prices: dict[InstrumentId, float]) -> None:
    books, marks = desk.books, {str(i): Decimal(str(p)) for i, p in prices.items()}
    account_ = books.account()
    assert abs(Decimal(account_.balance) - twin.equity(marks)) < HALF_CENT
    played = twin.play()
    for id_ in STOCK:
        contract = books.contract(id_)
        assert contract is not None
        name = str(id_)
        assert (
            abs(Decimal(contract.closed_profit) - played.closed.get(name, Decimal(0))) < HALF_CENT
        )
        assert abs(Decimal(contract.fees) - played.fees.get(name, Decimal(0))) < HALF_CENT
        for direction in Direction:
            row = books.position(id_, direction)
            held = played.lots.get((name, direction is Direction.LONG), [])
            assert (row.today_lots, row.yesterday_lots) == (
                sum(lot.today for lot in held), sum(not lot.today for lot in held),
            )  # fmt: skip
            assert (row.frozen_today, row.frozen_yesterday) == (0, 0)
        net = 0
        for owner in OWNERS:
            book = books.book(StrategyId(owner), id_)
            made = Decimal(book.closed_profit) + Decimal(book.position_profit) - Decimal(book.fees)
            assert abs(made - twin.result(owner, name, marks[name])) < HALF_CENT
            assert book.net_lots == twin.net(owner, name)
            net += book.net_lots
        assert net == contract.net, "the books add up to the account"
    today = sum(b.closed_profit_by_date + b.position_profit_by_date for b in books.books())
    assert abs(account_.closed_profit + account_.position_profit - today) < 0.005, "in money too"
    assert account_.frozen_margin == 0
    assert account_.frozen_fees == 0
