"""The sums that risk rules read are kept as things change: they equal sums made anew, and what is
called reducing never makes the account's or the book's net position larger."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.trading.desk import IF, RB, STOCK, Desk, M, account

from homalos.config.sections.risk import RiskSection
from homalos.config.sections.risk_rates import NO_RATES
from homalos.config.sections.trading import TradingSection
from homalos.model.enums import OrderStatus, Side
from homalos.model.ids import StrategyId
from homalos.trading.exposure import UNITS
from homalos.trading.states import LIVE

WIDE = RiskSection(**NO_RATES, max_identical_orders=0, max_leverage=0, max_notional=0,
                   max_net_notional=0, max_margin_use_percent=100)  # fmt: skip

actions = st.tuples(
    st.sampled_from(("submit", "fill", "cancel", "tick")),
    st.sampled_from((RB, IF, M)),
    st.sampled_from(("alpha", "beta")),
    st.sampled_from(Side),
    st.integers(1, 5),
    st.integers(-40, 40),
)


def _desk() -> Desk:
    desk = Desk(ready=False, risk=WIDE, trading=TradingSection(reconcile_s=0))
    desk.venue.snapshot.account = account(100_000_000.0)  # type: ignore[union-attr]
    desk.open()
    desk.venue.snapshot = None
    return desk


def _act(desk: Desk, what: str, id_: str, owner: str, side: Side, lots: int, step: int) -> None:
    live = [o for o in desk.manager.live() if o.status in LIVE]
    if what == "submit":
        price = 3500.0 + step * 0.2 if id_ == IF else 3500.0 + step
        desk.submit(instrument=id_, side=side, lots=lots, price=round(price, 1),
                    strategy=StrategyId(owner))  # fmt: skip
    elif what == "tick":
        desk.tick(id_, 3500.0 + step)  # type: ignore[arg-type]
    elif live:
        order = live[lots % len(live)]
        if what == "fill":
            desk.fill(order.id, order.price, min(lots, order.remaining_lots))
        else:
            desk.report(order.id, OrderStatus.CANCELLED, order.traded_lots)


@settings(max_examples=60, deadline=None)
@given(st.lists(actions, min_size=3, max_size=30))
def test_kept_sums_equal_sums_made_anew(steps: list[tuple[str, str, str, Side, int, int]]) -> None:
    desk = _desk()
    for step in steps:
        _act(desk, *step)
    books = desk.books
    contracts = [books.contract(id_) for id_ in STOCK]
    live = [o for o in desk.manager.live() if o.status in LIVE]
    gross = net = profit = 0.0
    for id_, contract in zip(STOCK, contracts, strict=True):
        assert contract is not None
        long, short, mark = contract.long.lots, contract.short.lots, books.marks[id_]
        group = contract.place.product
        mine = [o for o in live if o.instrument == id_]
        assert (group.gross, group.net) == (long + short, long - short)
        assert group.buy == sum(o.remaining_lots for o in mine if o.side is Side.BUY)
        assert group.sell == sum(o.remaining_lots for o in mine if o.side is Side.SELL)
        gross += mark * (long + short) * contract.multiplier
        net += mark * (long - short) * contract.multiplier
        profit += contract.profit(mark)
    exposure = books.exposure
    assert abs(exposure.gross_units / UNITS - gross) < 0.01
    assert abs(exposure.net_units / UNITS - net) < 0.01
    assert abs(exposure.profit() - profit) < 0.01
    opens = sum(o.price * o.remaining_lots * books.contract(o.instrument).multiplier  # type: ignore[union-attr]
                for o in live if o.offset.value == "open")  # fmt: skip
    assert abs(books.reservations.open_cents / 100 - opens) < 0.01
    account_group = exposure.account
    assert account_group.gross == sum(c.place.product.gross for c in contracts if c is not None)


@settings(max_examples=60, deadline=None)
@given(st.lists(actions, min_size=2, max_size=20), actions)
def test_what_reduces_never_lets_a_net_position_grow(
    steps: list[tuple[str, str, str, Side, int, int]],
    last: tuple[str, str, str, Side, int, int],
) -> None:
    """Were every working order of its side to fill, and then this one."""
    desk = _desk()
    for step in steps:
        _act(desk, *step)
    _, id_, owner, side, lots, _ = last
    seen = len(desk.venue.sent)
    _act(desk, "submit", id_, owner, side, lots, 0)
    view = desk.gate.view
    if len(desk.venue.sent) != seen + 1 or not view.reducing:
        return
    contract = desk.books.contract(id_)  # type: ignore[arg-type]
    assert contract is not None
    book = desk.books.net_book(StrategyId(owner), id_, contract.multiplier)  # type: ignore[arg-type]
    sign = side.sign
    for net, working in (
        (contract.net, contract.working),
        (book.net, book.working),
        (contract.place.product.net, contract.place.product),
    ):
        bound = working.buy if side is Side.BUY else working.sell
        assert abs(net + sign * bound) < abs(net), "this order included"
        assert net * (net + sign * bound) >= 0, "not through zero"
