"""Every rule: a case in which it fires and one, just inside the limit, in which it does not."""

from collections.abc import Callable

import msgspec
import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import DAY, IF, RB, Desk, M, instrument, venue_state

from homalos.config.sections.risk import RiskSection
from homalos.model.enums import (
    AuctionPolicy,
    Channel,
    Offset,
    OrderKind,
    OrderStatus,
    Phase,
    Side,
    TimeInForce,
    TradingState,
)
from homalos.model.events import (
    ConnectionChanged,
    InstrumentListed,
    OrderDenied,
    PhaseChanged,
    SetTradingState,
    TradingDayChanged,
)
from homalos.model.ids import InstrumentId, StrategyId
from homalos.model.times import SECOND
from homalos.trading.risk.rules import RULES

B = StrategyId("beta")
RB2 = InstrumentId("SHFE.rb2610")


def _state(desk: Desk, state: TradingState) -> None:
    desk.post(SetTradingState(state, "trader", "test", desk.clock.now()))


def _phase(desk: Desk, phase: Phase) -> None:
    now = desk.clock.now()
    desk.post(PhaseChanged("SHFE", "rb", phase, DAY, now, now))


def _down(desk: Desk) -> None:
    desk.post(ConnectionChanged("test", Channel.TRADING, False, "", desk.clock.now()))


def _listed(desk: Desk, **changes: object) -> None:
    desk.post(InstrumentListed(replace(instrument(), **changes), desk.clock.now()))


def halted(desk: Desk) -> None:
    _state(desk, TradingState.HALTED)
    desk.submit()


def reducing_state_and_an_entry(desk: Desk) -> None:
    _state(desk, TradingState.REDUCING)
    desk.submit()


def reducing_state_and_an_exit(desk: Desk) -> None:
    desk.trade(Side.BUY, 3)
    _state(desk, TradingState.REDUCING)
    desk.submit(side=Side.SELL, lots=2)


def reducing_state_and_two_exits_that_would_turn_it(desk: Desk) -> None:
    desk.trade(Side.BUY, 3)
    _state(desk, TradingState.REDUCING)
    desk.submit(side=Side.SELL, lots=2, price=3600.0)
    desk.submit(side=Side.SELL, lots=2, price=3600.0, offset=Offset.OPEN)


def reducing_state_and_two_covers_that_would_turn_it(desk: Desk) -> None:
    desk.trade(Side.SELL, 3)
    _state(desk, TradingState.REDUCING)
    desk.submit(lots=2, price=3400.0)
    desk.submit(lots=2, price=3400.0, offset=Offset.OPEN)


def reducing_state_and_a_leg_of_a_locked_pair(desk: Desk) -> None:
    desk.trade(Side.BUY, 2)
    desk.trade(Side.SELL, 2, strategy="beta")
    _state(desk, TradingState.REDUCING)
    desk.submit(side=Side.SELL, lots=1)


def reducing_state_and_an_order_that_reduces_the_account_but_not_its_book(desk: Desk) -> None:
    desk.trade(Side.BUY, 3)
    _state(desk, TradingState.REDUCING)
    desk.submit(side=Side.SELL, lots=1, strategy=B)


def line_down(desk: Desk) -> None:
    _down(desk)
    desk.submit()


def in_a_break(desk: Desk) -> None:
    _phase(desk, Phase.BREAK)
    desk.submit()


def in_the_match_minute(desk: Desk) -> None:
    _phase(desk, Phase.AUCTION_MATCH)
    desk.submit(auction=AuctionPolicy.LIMIT)


def fak_in_an_auction(desk: Desk) -> None:
    """The auction policy would have made a limit order of it: the rule does not rely on that."""
    _phase(desk, Phase.AUCTION)
    desk.manager.stages.clear()
    desk.submit(tif=TimeInForce.FAK)


def limit_in_an_auction(desk: Desk) -> None:
    _phase(desk, Phase.AUCTION)
    desk.submit(auction=AuctionPolicy.LIMIT)


def order(**changes: object) -> Callable[[Desk], None]:
    def act(desk: Desk) -> None:
        desk.submit(**changes)

    act.__name__ = " ".join(f"{name}={value}" for name, value in changes.items())
    return act


def below_the_least_open(desk: Desk) -> None:
    _listed(desk, min_lots=4)
    desk.submit(lots=3)


def at_the_least_open(desk: Desk) -> None:
    _listed(desk, min_lots=4)
    desk.submit(lots=4)


def a_close_below_the_least_open(desk: Desk) -> None:
    desk.trade(Side.BUY, 4)
    _listed(desk, min_lots=4)
    desk.submit(side=Side.SELL, lots=1)


def above_the_most_of_one_order(desk: Desk) -> None:
    _listed(desk, max_limit_lots=10)
    desk.submit(lots=11)


def at_the_most_of_one_order(desk: Desk) -> None:
    _listed(desk, max_limit_lots=10)
    desk.submit(lots=10)


def close_more_than_the_account_has(desk: Desk) -> None:
    desk.trade(Side.BUY, 2)
    desk.submit(side=Side.SELL, lots=3, offset=Offset.CLOSE_TODAY)


def close_what_a_working_close_has_bound(desk: Desk) -> None:
    desk.trade(Side.BUY, 2)
    desk.submit(side=Side.SELL, lots=2, price=3600.0)
    desk.submit(side=Side.SELL, lots=1, price=3600.0, offset=Offset.CLOSE_TODAY)


def close_the_lots_of_another_book(desk: Desk) -> None:
    desk.trade(Side.BUY, 2)
    desk.submit(side=Side.SELL, lots=1, offset=Offset.CLOSE_TODAY, strategy=B)


def close_yesterday_of_todays_lots(desk: Desk) -> None:
    desk.trade(Side.BUY, 2)
    desk.submit(side=Side.SELL, lots=1, offset=Offset.CLOSE_YESTERDAY)


def close_what_there_is(desk: Desk) -> None:
    desk.trade(Side.BUY, 2)
    desk.submit(side=Side.SELL, lots=2, offset=Offset.CLOSE_TODAY)


def close_without_a_day_where_there_is_no_split(desk: Desk) -> None:
    desk.trade(Side.BUY, 2, id_=IF)
    desk.submit(instrument=IF, side=Side.SELL, lots=2, offset=Offset.CLOSE_YESTERDAY)


def gross_with_working(desk: Desk) -> None:
    desk.trade(Side.BUY, 3)
    desk.submit(lots=1)
    desk.submit(lots=2)


def gross_at_the_limit(desk: Desk) -> None:
    desk.trade(Side.BUY, 3)
    desk.submit(lots=2)


def net_over(desk: Desk) -> None:
    desk.submit(side=Side.SELL, lots=3)
    desk.submit(side=Side.SELL, lots=2)


def exit_of_a_position_beyond_the_limit(desk: Desk) -> None:
    desk.trade(Side.BUY, 5)
    desk.gate.configure(RiskSection(max_position_lots=1, max_net_lots=1, max_total_lots=1))
    desk.submit(side=Side.SELL, lots=1)


def total_over(desk: Desk) -> None:
    desk.trade(Side.BUY, 3)
    desk.submit(instrument=M, lots=3)


def total_at_the_limit(desk: Desk) -> None:
    desk.trade(Side.BUY, 3)
    desk.submit(instrument=M, lots=2)


def margin_just_covered(desk: Desk) -> None:
    desk.gate.configure(RiskSection(max_margin_use_percent=100.0, max_order_lots=1000))
    desk.submit(lots=285)  # 285 x 3,500 yuan of margin and 285 x 3.50 of fees: 998,497.50


def margin_not_covered(desk: Desk) -> None:
    desk.gate.configure(RiskSection(max_margin_use_percent=100.0, max_order_lots=1000))
    desk.submit(lots=286)


def margin_covered_but_not_the_fee(desk: Desk) -> None:
    desk.gate.configure(RiskSection(max_margin_use_percent=100.0, max_order_lots=1000))
    desk.books.set_cash(0.0, 2_000.0)
    desk.submit(lots=285)


def burst(count: int, apart: float) -> Callable[[Desk], None]:
    def act(desk: Desk) -> None:
        for _ in range(count):
            desk.submit()
            desk.advance(apart)

    act.__name__ = f"{count} orders {apart} s apart"
    return act


def exits_do_not_count_as_too_many(desk: Desk) -> None:
    desk.trade(Side.BUY, 3)
    for _ in range(3):
        desk.submit(side=Side.SELL, lots=1, price=3600.0)


def meets_itself(desk: Desk) -> None:
    desk.submit(price=3500.0)
    desk.submit(side=Side.SELL, price=3500.0, strategy=B)


def opens_while_its_lots_are_missing(desk: Desk) -> None:
    desk.trade(Side.BUY, 3)
    desk.venue.snapshot = venue_state()
    desk.manager.sync.request("test")
    desk.bus.run_until_idle()
    desk.advance(2)
    desk.submit(instrument=M)


def another_opens_while_its_lots_are_missing(desk: Desk) -> None:
    desk.trade(Side.BUY, 3)
    desk.books.blocked = frozenset({StrategyId("alpha")})
    desk.submit(instrument=M, strategy=B)
    desk.submit(side=Side.SELL, offset=Offset.CLOSE_TODAY)


def meets_itself_from_below(desk: Desk) -> None:
    desk.submit(side=Side.SELL, price=3500.0)
    desk.submit(price=3500.0, strategy=B)


def passes_by_itself(desk: Desk) -> None:
    desk.submit(price=3500.0)
    desk.submit(side=Side.SELL, price=3501.0, strategy=B)


def meets_what_is_cancelled(desk: Desk) -> None:
    id_ = desk.submit(price=3500.0)
    desk.report(id_, OrderStatus.CANCELLED)
    desk.submit(side=Side.SELL, price=3500.0, strategy=B)


def no_last_price(desk: Desk) -> None:
    desk.books.marks.clear()
    desk.submit()


# ------------------------------------------------------------ reducing


def reducing_state_and_a_leg_of_a_calendar_spread(desk: Desk) -> None:
    _listed(desk, id=RB2, symbol="rb2610")
    desk.tick(RB2, 3500.0)
    desk.trade(Side.BUY, 3)
    desk.trade(Side.SELL, 3, id_=RB2)
    _state(desk, TradingState.REDUCING)
    desk.submit(side=Side.SELL, lots=1)


def reducing_state_and_the_larger_leg(desk: Desk) -> None:
    _listed(desk, id=RB2, symbol="rb2610")
    desk.tick(RB2, 3500.0)
    desk.trade(Side.BUY, 3)
    desk.trade(Side.SELL, 1, id_=RB2)
    _state(desk, TradingState.REDUCING)
    desk.submit(side=Side.SELL, lots=2)


def covering(lots: int, *, hedged: int = 0, strategy: str = "alpha") -> Callable[[Desk], None]:
    """Three short, and ``hedged`` long of another month, in REDUCING; then a buy."""

    def act(desk: Desk) -> None:
        _listed(desk, id=RB2, symbol="rb2610")
        desk.tick(RB2, 3500.0)
        desk.trade(Side.SELL, 3)
        if hedged:
            desk.trade(Side.BUY, hedged, id_=RB2)
        _state(desk, TradingState.REDUCING)
        desk.submit(lots=lots, strategy=StrategyId(strategy))

    act.__name__ = f"3 short, {hedged} long of another month, {strategy} buys {lots}"
    return act


# ------------------------------------------------------------ lists, value, prices, age


def exit_of_what_is_forbidden_now(desk: Desk) -> None:
    desk.trade(Side.BUY, 2)
    desk.gate.configure(RiskSection(instruments_denied=("SHFE.rb",)))
    desk.submit(side=Side.SELL, lots=1)


def quoted(bid: float | None, ask: float | None, **changes: object) -> Callable[[Desk], None]:
    def act(desk: Desk) -> None:
        desk.tick(RB, 3500.0, bid_price=bid, ask_price=ask)
        desk.submit(**changes)

    act.__name__ = f"bid {bid} ask {ask} {changes}"
    return act


def after(seconds: float, phase: Phase = Phase.CONTINUOUS) -> Callable[[Desk], None]:
    def act(desk: Desk) -> None:
        desk.advance(seconds)
        _phase(desk, phase)
        desk.submit(auction=AuctionPolicy.LIMIT)

    act.__name__ = f"{seconds} s after the last tick, {phase.value}"
    return act


def before_close(seconds: float, **changes: object) -> Callable[[Desk], None]:
    def act(desk: Desk) -> None:
        desk.closes_at = desk.clock.now() + int(seconds * SECOND)
        desk.submit(**changes)

    act.__name__ = f"{seconds} s before the close"
    return act


def exit_before_the_close(desk: Desk) -> None:
    desk.trade(Side.BUY, 2)
    desk.gate.configure(RiskSection(before_close_minutes=5))
    before_close(60, side=Side.SELL, lots=2)(desk)


# ------------------------------------------------------------ exposure


def held_and_working(lots: int, **changes: object) -> Callable[[Desk], None]:
    """Three long, two short of another month in another book, one more working; then ``lots``."""

    def act(desk: Desk) -> None:
        _listed(desk, id=RB2, symbol="rb2610")
        desk.tick(RB2, 3500.0)
        desk.trade(Side.BUY, 3)
        desk.trade(Side.SELL, 2, id_=RB2, strategy="beta")
        desk.submit(price=3499.0)
        desk.submit(lots=lots, **changes)

    act.__name__ = f"3 long, 2 short, 1 working, {lots} more"
    return act


def two_products(lots: int) -> Callable[[Desk], None]:
    def act(desk: Desk) -> None:
        desk.trade(Side.BUY, 3)
        desk.trade(Side.SELL, 2, id_=M)
        desk.submit(lots=lots)

    act.__name__ = f"3 rb long, 2 m short, {lots} rb more"
    return act


def worth(lots: int, price: float) -> Callable[[Desk], None]:
    """Three lots bought at 3500 are worth what the last tick says, one works."""

    def act(desk: Desk) -> None:
        desk.trade(Side.BUY, 3)
        desk.submit(price=3499.0)
        desk.tick(RB, price)
        desk.submit(price=price, lots=lots)

    act.__name__ = f"3 held, 1 working, {lots} more at {price}"
    return act


def hedged(lots: int) -> Callable[[Desk], None]:
    def act(desk: Desk) -> None:
        desk.trade(Side.BUY, 3)
        desk.trade(Side.SELL, 3, id_=M)
        desk.submit(lots=lots)

    act.__name__ = f"3 long, 3 short of another, {lots} more"
    return act


# ------------------------------------------------------------ rates


def cancelled(count: int, apart: float = 0.0, strategy: str = "alpha") -> Callable[[Desk], None]:
    """So many orders sent and cancelled, then one more of ``strategy``."""

    def act(desk: Desk) -> None:
        for number in range(count):
            id_ = desk.submit(price=3490.0 - number)
            desk.report(id_, OrderStatus.ACCEPTED)
            desk.cancel(id_)
            desk.report(id_, OrderStatus.CANCELLED)
            desk.advance(apart)
        assert len(desk.venue.cancelled) == count
        desk.submit(strategy=StrategyId(strategy))

    act.__name__ = f"{count} cancels {apart} s apart, then {strategy}"
    return act


def cancels_are_never_held(desk: Desk) -> None:
    ids = [desk.submit(price=3490.0 - number) for number in range(3)]
    for id_ in ids:
        desk.report(id_, OrderStatus.ACCEPTED)
        desk.cancel(id_)
    assert len(desk.venue.cancelled) == 3


def killed_orders_are_no_cancels(desk: Desk) -> None:
    for number in range(3):
        id_ = desk.submit(price=3500.0 + number, tif=TimeInForce.FAK)
        desk.report(id_, OrderStatus.CANCELLED)
    desk.submit()


def of_two_strategies(desk: Desk) -> None:
    for strategy in ("alpha", "beta"):
        for number in range(2):
            desk.submit(price=3490.0 - number, strategy=StrategyId(strategy))


def _next_day(desk: Desk) -> None:
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))


def over_two_days(desk: Desk) -> None:
    burst(3, 0.1)(desk)
    _next_day(desk)
    burst(3, 0.1)(desk)


# ------------------------------------------------------------ duplicates


def same(count: int, apart: float = 0.0, **changes: object) -> Callable[[Desk], None]:
    def act(desk: Desk) -> None:
        for _ in range(count):
            desk.submit(**changes)
            desk.advance(apart)

    act.__name__ = f"{count} times the same {apart} s apart"
    return act


def nearly_the_same(desk: Desk) -> None:
    desk.submit()
    desk.submit(price=3499.0)
    desk.submit(lots=2)
    desk.submit(instrument=M)
    desk.submit(strategy=B)


def parts_of_one_intent(desk: Desk) -> None:
    """A close of today's lots and of yesterday's, alike but for their offset."""
    desk.trade(Side.BUY, 2)
    _next_day(desk)
    desk.trade(Side.BUY, 2)
    before = len(desk.venue.sent)
    desk.submit(side=Side.SELL, lots=4, price=3600.0)
    assert [o.lots for o in desk.venue.sent[before:]] == [2, 2]


RATES = {
    "max_orders_per_s": 0, "max_orders_per_min": 0, "max_orders_per_day": 0,
    "max_strategy_orders_per_s": 0, "max_strategy_orders_per_min": 0,
    "max_strategy_orders_per_day": 0, "max_identical_orders": 0,
}  # fmt: skip
"""All off, so that a case can set its own."""


def R(**limits: object) -> RiskSection:
    return msgspec.convert({**RATES, **limits}, RiskSection)


S = RiskSection
FIRES: list[tuple[str, RiskSection, Callable[[Desk], None]]] = [
    ("trading_state", S(), halted),
    ("trading_state", S(), reducing_state_and_an_entry),
    ("trading_state", S(), reducing_state_and_two_exits_that_would_turn_it),
    ("trading_state", S(), reducing_state_and_a_leg_of_a_locked_pair),
    (
        "trading_state",
        S(),
        reducing_state_and_an_order_that_reduces_the_account_but_not_its_book,
    ),
    ("trading_state", S(), reducing_state_and_a_leg_of_a_calendar_spread),
    ("trading_state", S(), reducing_state_and_two_covers_that_would_turn_it),
    ("trading_state", S(), covering(2, hedged=2)),
    ("trading_state", S(), covering(1, strategy="beta")),
    ("connection", S(), line_down),
    ("phase", S(), in_a_break),
    ("phase", S(), in_the_match_minute),
    ("phase", S(), fak_in_an_auction),
    ("lots", S(), order(lots=0)),
    ("lots", S(), order(lots=-1)),
    ("lots", S(), below_the_least_open),
    ("lots", S(), above_the_most_of_one_order),
    ("price_tick", S(), order(price=3500.5)),
    ("price_tick", S(), order(price=0.0)),
    ("price_tick", S(), order(price=float("nan"))),
    ("price_tick", S(), order(instrument=IF, price=3500.1)),
    ("order_size", S(max_order_lots=5), order(lots=6)),
    ("collar", S(collar_ticks=10), order(price=3511.0)),
    ("collar", S(collar_ticks=10), order(price=3489.0, side=Side.SELL)),
    ("collar", S(collar_percent=1.0), order(price=3536.0)),
    ("collar", S(missing_data="deny"), no_last_price),
    ("price_limits", S(collar_percent=20.0), order(price=3851.0)),
    ("price_limits", S(), order(price=3149.0)),
    ("closable", S(), close_more_than_the_account_has),
    ("closable", S(), close_what_a_working_close_has_bound),
    ("closable", S(), close_the_lots_of_another_book),
    ("closable", S(), close_yesterday_of_todays_lots),
    ("position", S(max_position_lots=5), gross_with_working),
    ("position", S(max_net_lots=4), net_over),
    ("position", S(lots_of={"SHFE.rb2605": 4}), gross_with_working),
    ("position_total", S(max_total_lots=5), total_over),
    ("position_total", S(max_total_lots=7), held_and_working(2)),
    ("position_total", S(max_total_net_lots=3), held_and_working(2)),
    ("position_total", S(max_total_net_lots=2), two_products(2)),
    ("position_product", S(max_product_lots=7), held_and_working(2)),
    ("position_product", S(lots_of={"SHFE.rb": 7}), held_and_working(2)),
    ("position_product", S(max_product_net_lots=3), held_and_working(2)),
    ("position_product", S(max_product_net_lots=2), held_and_working(5, side=Side.SELL)),
    ("position_sector", S(max_sector_lots=7), held_and_working(2)),
    ("position_sector", S(lots_of={"ferrous": 7}), held_and_working(2)),
    ("position_sector", S(max_sector_net_lots=3), held_and_working(2)),
    ("notional", S(max_notional=209_989.0), worth(2, 3500.0)),
    ("notional", S(max_notional=209_990.0), worth(2, 3501.0)),
    ("notional", S(max_net_notional=69_999.0), hedged(2)),
    ("leverage", S(max_leverage=0.2), worth(2, 3520.0)),
    ("instrument_list", S(instruments_allowed=("DCE", "CFFEX.IF")), order()),
    ("instrument_list", S(instruments_denied=("SHFE.rb2605",)), order()),
    ("instrument_list", S(instruments_allowed=("SHFE",), instruments_denied=("SHFE.rb",)), order()),
    ("order_value", S(max_order_value=69_999.0), order(lots=2)),
    ("stale_data", S(max_quote_age_ms=1_000), after(1.001)),
    ("collar_opposite", S(opposite_ticks=5), quoted(3489.0, 3490.0, price=3496.0)),
    ("collar_opposite", S(opposite_ticks=5), quoted(3510.0, 3511.0, price=3504.0, side=Side.SELL)),
    ("collar_opposite", S(opposite_percent=0.1), quoted(3489.0, 3490.0, price=3494.0)),
    (
        "limit_distance",
        S(limit_distance_ticks=10, collar_percent=20.0, opposite_percent=20.0),
        order(price=3841.0),
    ),
    ("limit_distance", S(limit_distance_ticks=10), order(price=3159.0, side=Side.SELL)),
    (
        "limit_distance",
        S(limit_distance_percent=1.0, collar_percent=20.0, opposite_percent=20.0),
        order(price=3812.0),
    ),
    ("before_close", S(before_close_minutes=5), before_close(300)),
    ("before_close", S(before_close_minutes=5), before_close(1)),
    ("margin_available", S(), margin_not_covered),
    ("margin_available", S(), margin_covered_but_not_the_fee),
    ("margin_use", S(max_margin_use_percent=3.4), order(lots=10)),
    ("order_rate", S(max_orders_per_s=3), burst(4, 0.3)),
    ("order_rate", S(max_orders_per_min=3), burst(4, 19.9)),
    ("order_rate", R(max_orders_per_day=3), burst(4, 30)),
    ("order_rate", S(max_orders_per_s=3), of_two_strategies),
    ("strategy_order_rate", S(max_strategy_orders_per_s=3), burst(4, 0.3)),
    ("strategy_order_rate", S(max_strategy_orders_per_min=3), burst(4, 19.9)),
    ("strategy_order_rate", R(max_strategy_orders_per_day=3), burst(4, 30)),
    ("strategy_order_rate", R(strategies=[{"id": "alpha", "max_orders_per_s": 3}]), burst(4, 0.1)),
    ("cancel_rate", S(max_cancels_per_s=3), cancelled(3, 0.3, "beta")),
    ("cancel_rate", S(max_cancels_per_min=3), cancelled(3, 19.9)),
    ("cancel_rate", S(max_cancels_per_day=3), cancelled(3, 30)),
    ("strategy_cancel_rate", S(max_strategy_cancels_per_s=3), cancelled(3, 0.3)),
    ("strategy_cancel_rate", S(max_strategy_cancels_per_min=3), cancelled(3, 19.9)),
    ("strategy_cancel_rate", S(max_strategy_cancels_per_day=3), cancelled(3, 30)),
    ("strategy_cancel_rate", R(strategies=[{"id": "alpha", "max_cancels_per_s": 2}]), cancelled(2)),
    ("duplicate", S(), same(6)),
    ("duplicate", S(max_identical_orders=1), same(2, 0.999)),
    ("duplicate", S(max_identical_orders=1), same(2, side=Side.SELL)),
    ("open_orders", S(max_open_orders=3), burst(4, 0)),
    ("self_trade", S(), meets_itself),
    ("self_trade", S(), meets_itself_from_below),
    ("unassigned_loss", S(), opens_while_its_lots_are_missing),
]
PASSES: list[tuple[str, RiskSection, Callable[[Desk], None]]] = [
    ("trading_state", S(), reducing_state_and_an_exit),
    ("trading_state", S(), reducing_state_and_the_larger_leg),
    ("trading_state", S(), covering(3)),
    ("trading_state", S(), covering(1, hedged=2)),
    ("connection", S(), order()),
    ("phase", S(), limit_in_an_auction),
    ("lots", S(), at_the_least_open),
    ("lots", S(), a_close_below_the_least_open),
    ("lots", S(), at_the_most_of_one_order),
    ("price_tick", S(), order(instrument=IF, price=3500.2)),
    ("order_size", S(max_order_lots=5), order(lots=5)),
    ("collar", S(collar_ticks=10), order(price=3510.0)),
    ("collar", S(collar_ticks=10), order(price=3200.0)),
    ("collar", S(missing_data="skip"), no_last_price),
    ("price_limits", S(collar_percent=20.0, opposite_percent=20.0), order(price=3850.0)),
    ("closable", S(), close_what_there_is),
    ("closable", S(), close_without_a_day_where_there_is_no_split),
    ("position", S(max_position_lots=5), gross_at_the_limit),
    ("position", S(), exit_of_a_position_beyond_the_limit),
    ("position", S(lots_of={"SHFE.rb2605": 5}, max_position_lots=1), gross_at_the_limit),
    ("position_total", S(max_total_lots=5), total_at_the_limit),
    ("position_total", S(max_total_lots=8), held_and_working(2)),
    ("position_total", S(max_total_net_lots=4), held_and_working(2)),
    ("position_total", S(max_total_net_lots=3), two_products(2)),
    ("position_product", S(max_product_lots=8), held_and_working(2)),
    ("position_product", S(lots_of={"SHFE.rb": 8}, max_product_lots=1), held_and_working(2)),
    ("position_product", S(max_product_net_lots=4), held_and_working(2)),
    ("position_sector", S(max_sector_lots=8), held_and_working(2)),
    ("position_sector", S(lots_of={"ferrous": 8, "oils": 1}), held_and_working(2)),
    ("position_sector", S(max_sector_net_lots=4), held_and_working(2)),
    ("notional", S(max_notional=209_990.0), worth(2, 3500.0)),
    ("notional", S(max_net_notional=105_000.0), hedged(3)),
    ("leverage", S(max_leverage=0.21), worth(2, 3500.0)),
    ("instrument_list", S(instruments_allowed=("SHFE.rb",)), order()),
    ("instrument_list", S(instruments_denied=("SHFE.hc", "DCE")), order()),
    ("instrument_list", S(), exit_of_what_is_forbidden_now),
    ("order_value", S(max_order_value=70_000.0), order(lots=2)),
    ("stale_data", S(max_quote_age_ms=1_000), after(1.0)),
    ("stale_data", S(max_quote_age_ms=1_000), after(3_600, Phase.AUCTION)),
    ("collar_opposite", S(opposite_ticks=5), quoted(3489.0, 3490.0, price=3495.0)),
    ("collar_opposite", S(opposite_ticks=5), quoted(3489.0, None, price=3499.0)),
    ("collar_opposite", S(opposite_percent=0.1), quoted(3489.0, 3490.0, price=3493.0)),
    (
        "limit_distance",
        S(limit_distance_ticks=10, collar_percent=20.0, opposite_percent=20.0),
        order(price=3840.0),
    ),
    ("limit_distance", S(limit_distance_ticks=10), order(price=3150.0)),
    (
        "limit_distance",
        S(limit_distance_percent=1.0, collar_percent=20.0, opposite_percent=20.0),
        order(price=3811.0),
    ),
    ("before_close", S(before_close_minutes=5), before_close(300.1)),
    ("before_close", S(), exit_before_the_close),
    ("margin_available", S(), margin_just_covered),
    ("margin_use", S(max_margin_use_percent=3.5), order(lots=10)),
    ("order_rate", S(max_orders_per_s=3), burst(4, 0.34)),
    ("order_rate", S(max_orders_per_min=3), burst(4, 20.1)),
    ("order_rate", R(max_orders_per_s=1), burst(2, 1.0)),
    ("order_rate", R(max_orders_per_min=1), burst(2, 60.0)),
    ("strategy_order_rate", R(max_strategy_orders_per_s=1), burst(2, 1.0)),
    ("strategy_order_rate", R(max_strategy_orders_per_min=1), burst(2, 60.0)),
    ("cancel_rate", S(max_cancels_per_s=1), cancelled(1, 1.0)),
    ("cancel_rate", S(max_cancels_per_min=1), cancelled(1, 60.0)),
    ("strategy_cancel_rate", S(max_strategy_cancels_per_s=1), cancelled(1, 1.0)),
    ("strategy_cancel_rate", S(max_strategy_cancels_per_min=1), cancelled(1, 60.0)),
    ("position", S(max_net_lots=5), gross_at_the_limit),
    ("order_rate", R(max_orders_per_day=4), burst(4, 10)),
    ("order_rate", R(max_orders_per_day=3), over_two_days),
    ("strategy_order_rate", S(max_strategy_orders_per_s=3), burst(4, 0.34)),
    ("strategy_order_rate", S(max_strategy_orders_per_s=2), of_two_strategies),
    ("strategy_order_rate", R(strategies=[{"id": "beta", "max_orders_per_s": 1}]), burst(4, 0.1)),
    (
        "strategy_order_rate",
        R(max_strategy_orders_per_s=1, strategies=[{"id": "alpha", "max_orders_per_s": 4}]),
        burst(4, 0.1),
    ),
    ("cancel_rate", S(max_cancels_per_s=3), cancelled(3, 0.34, "beta")),
    ("cancel_rate", S(max_cancels_per_s=1), cancels_are_never_held),
    ("cancel_rate", S(max_cancels_per_s=1), killed_orders_are_no_cancels),
    ("strategy_cancel_rate", S(max_strategy_cancels_per_s=3), cancelled(3, 0.3, "beta")),
    ("strategy_cancel_rate", S(max_strategy_cancels_per_s=3), cancelled(3, 0.34)),
    ("duplicate", S(), same(5)),
    ("duplicate", S(max_identical_orders=1), same(2, 1.0)),
    ("duplicate", S(max_identical_orders=1), nearly_the_same),
    ("duplicate", S(max_identical_orders=1), parts_of_one_intent),
    ("order_rate", S(max_orders_per_s=2), exits_do_not_count_as_too_many),
    ("open_orders", S(max_open_orders=3), burst(3, 0)),
    ("self_trade", S(), passes_by_itself),
    ("self_trade", S(), meets_what_is_cancelled),
    ("self_trade", S(prevent_self_trade=False), meets_itself),
    ("unassigned_loss", S(), another_opens_while_its_lots_are_missing),
]


def _without_limits(desk: Desk) -> None:
    for id_ in (RB, IF, M):
        desk.tick(id_, 3500.0, upper_limit=None, lower_limit=None)


def _full_data(_: Desk) -> None:
    """Last price, phase and limits of every contract."""


@pytest.mark.parametrize(
    ("rule", "section", "act", "data"),
    [
        pytest.param(*case, data, marks=pytest.mark.fires(case[0]))
        for data in (_full_data, _without_limits)
        for case in FIRES
        if data is _full_data or case[0] not in ("price_limits", "limit_distance")
    ],
)
def test_fires(
    rule: str, section: RiskSection, act: Callable[[Desk], None], data: Callable[[Desk], None]
) -> None:
    desk = Desk(risk=section)
    data(desk)
    act(desk)
    denials = [d for fact in desk.seen(OrderDenied) for d in fact.denials]
    mine = [d for d in denials if d.rule == rule]
    assert mine, f"only {[d.rule for d in denials]} denied"
    assert all(len(d.message) > 10 for d in mine)
    assert desk.gate.denied[rule] == len(mine)
    assert len(desk.venue.sent) + len(desk.seen(OrderDenied)) == desk._intents


@pytest.mark.parametrize(("rule", "section", "act"), PASSES)
def test_does_not_fire(rule: str, section: RiskSection, act: Callable[[Desk], None]) -> None:
    desk = Desk(risk=section)
    act(desk)
    assert desk.denials() == set()
    assert desk.venue.sent


def test_what_fires_here_has_both_cases() -> None:
    """``tests/unit/test_fires.py``: every rule fires, here or in a test marked with its name."""
    rules = {case[0] for case in FIRES}
    assert rules <= {rule.name for rule in RULES}
    assert {case[0] for case in PASSES} >= rules


def test_all_denials_are_told_not_the_first_alone() -> None:
    desk = Desk(risk=RiskSection(max_order_lots=5, max_position_lots=5))
    desk.submit(lots=9, price=3700.5)
    rules = {denial.rule for denial in desk.seen(OrderDenied)[0].denials}
    assert rules == {"order_size", "position", "price_tick", "collar", "collar_opposite"}


def test_a_rule_without_its_data_is_counted_where_it_skips() -> None:
    desk = Desk()
    desk.tick(RB, 3500.0, upper_limit=None, lower_limit=None)
    desk.submit(price=3500.0)
    assert len(desk.venue.sent) == 1
    assert desk.gate.skipped == {"price_limits": 1}


def test_missing_data_denies_on_a_live_venue() -> None:
    desk = Desk(simulated=False)
    _state(desk, TradingState.ACTIVE)
    desk.tick(RB, 3500.0, upper_limit=None)
    desk.submit(kind=OrderKind.LIMIT)
    assert [d.rule for d in desk.seen(OrderDenied)[0].denials] == ["price_limits"]


def test_new_limits_hold_from_the_next_order_on() -> None:
    desk = Desk()
    desk.submit(lots=9)
    desk.gate.configure(RiskSection(max_order_lots=5))
    desk.submit(lots=9)
    assert desk.denials() == {"order_size"}
    assert len(desk.venue.sent) == 1
