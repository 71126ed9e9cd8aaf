"""The gate: what passes, what does not, and by which reason."""

import math

import pytest
from msgspec.structs import replace
from tests.generators import market_tables

from homalos.config.sections.market import MarketSection
from homalos.kernel.clock import SimClock
from homalos.market.gate import ACCEPTED, TickGate
from homalos.model.ids import InstrumentId
from homalos.model.market import Tick
from homalos.model.times import HOUR, MILLISECOND, MINUTE, SECOND, add_days, china_midnight

DAY = 20171113
FRIDAY = 20171110
RB = InstrumentId("SHFE.rb1801")
SR = InstrumentId("CZCE.SR1801")
IF = InstrumentId("CFFEX.IF1711")
SATURDAY = add_days(FRIDAY, 1)


def at(text: str, day: int = DAY) -> int:
    """``09:00:00.500`` of a natural day."""
    clock, _, fraction = text.partition(".")
    hour, minute, second = (int(part) for part in clock.split(":"))
    return (
        china_midnight(day)
        + hour * HOUR
        + minute * MINUTE
        + second * SECOND
        + int((fraction or "0").ljust(3, "0")) * MILLISECOND
    )


def tick(ts: int, instrument: InstrumentId = RB, **fields: object) -> Tick:
    made = Tick(instrument, ts, ts, DAY, 3850.0, 100, None, 50_000.0, 3849.0, 10, 3850.0, 20)
    return replace(made, **fields)


class Door:
    """A gate and what came through it."""

    def __init__(self, *, recorded: bool = True, **settings: int) -> None:
        self.passed: list[Tick] = []
        self.clock = SimClock()
        products, sessions = market_tables()
        self.gate = TickGate(
            sessions, self.clock, MarketSection(**settings), self.passed.append, recorded=recorded
        )
        for name in (RB, SR, IF):
            instrument = products.instrument(name, DAY)
            assert instrument is not None
            self.gate.listed(instrument)

    def admit(self, made: Tick) -> str:
        before = dict(self.gate.verdicts)
        self.gate.admit(made)
        return next(name for name, n in self.gate.verdicts.items() if n != before[name])


@pytest.fixture
def door() -> Door:
    return Door()


def test_a_good_tick_passes_as_it_is(door: Door) -> None:
    good = tick(at("09:00:00.500"))
    assert door.admit(good) == ACCEPTED
    assert door.passed == [good]
    assert door.passed[0] is good


def test_an_unlisted_contract_is_refused(door: Door) -> None:
    assert door.admit(tick(at("09:00:00"), InstrumentId("SHFE.rb1805"))) == "unknown_instrument"


@pytest.mark.parametrize(
    "price", [math.nan, math.inf, -math.inf, 0.0, -1.0, 1.7976931348623157e308]
)
@pytest.mark.parametrize("field", ["last_price", "bid_price", "ask_price"])
@pytest.mark.parametrize("warm", [False, True])
def test_junk_prices(door: Door, field: str, price: float, warm: bool) -> None:
    if warm:
        assert door.admit(tick(at("09:00:01"))) == ACCEPTED
        assert door.admit(tick(at("09:00:02"), **{field: price})) == "bad_price"
    assert door.admit(tick(at("09:00:00"), **{field: price})) == "bad_price"


def test_no_last_price_is_right_before_the_first_trade_only(door: Door) -> None:
    quoted = tick(at("20:59:00", FRIDAY), last_price=None, volume=0)
    assert door.admit(quoted) == ACCEPTED
    assert door.admit(tick(at("09:00:00"), last_price=None)) == "bad_price"
    nothing = replace(quoted, ts_event=at("20:59:01", FRIDAY), bid_price=None, ask_price=None)
    assert door.admit(nothing) == "bad_price"


def test_a_locked_limit_has_one_side_only(door: Door) -> None:
    assert door.admit(tick(at("09:00:00"), ask_price=None, ask_lots=0)) == ACCEPTED


@pytest.mark.parametrize("volume", [-1, 2**31, 10**30])
def test_junk_volume(door: Door, volume: int) -> None:
    assert door.admit(tick(at("09:00:00"), volume=volume)) == "bad_volume"
    assert door.admit(tick(at("09:00:01"))) == ACCEPTED


@pytest.mark.parametrize("ts", [0, -1, 10**30, 1.5, None, "09:00"])
def test_junk_time(door: Door, ts: object) -> None:
    assert door.admit(tick(at("09:00:00"), ts_event=ts)) == "junk_time"


@pytest.mark.parametrize(
    ("time", "day"),
    [
        ("19:29:00", FRIDAY),
        ("23:00:01.000", FRIDAY),
        ("02:00:00", SATURDAY),
        ("07:54:41.500", DAY),
        ("10:20:00", DAY),
        ("12:00:00", DAY),
        ("15:00:01.000", DAY),
    ],
)
def test_out_of_session(door: Door, time: str, day: int) -> None:
    assert door.admit(tick(at(time, day))) == "out_of_session"


@pytest.mark.parametrize(
    ("time", "day"),
    [
        ("20:55:00", FRIDAY),
        ("20:59:00.500", FRIDAY),
        ("21:00:00", FRIDAY),
        ("23:00:00.500", FRIDAY),
        ("10:15:00", DAY),
        ("11:30:00.999", DAY),
        ("15:00:00.500", DAY),
    ],
)
def test_auction_and_closing_ticks_are_in_session(door: Door, time: str, day: int) -> None:
    assert door.admit(tick(at(time, day))) == ACCEPTED


def test_the_closing_grace_is_a_setting() -> None:
    assert Door(closing_grace_ms=0).admit(tick(at("15:00:00.500"))) == "out_of_session"
    assert Door(closing_grace_ms=5_000).admit(tick(at("15:00:04"))) == ACCEPTED


@pytest.mark.parametrize("time", ["15:00:25.327", "15:22:06.500", "15:33:00"])
def test_settlement_push(door: Door, time: str) -> None:
    door.admit(tick(at("15:00:00.500")))
    assert door.admit(tick(at(time), settlement=3855.0)) == "settlement_push"
    assert door.admit(tick(at(time), volume=101)) == "out_of_session"


def test_a_repeat_at_noon_is_no_settlement(door: Door) -> None:
    door.admit(tick(at("11:30:00.500")))
    assert door.admit(tick(at("11:30:25"))) == "out_of_session"


def test_the_last_tick_twice(door: Door) -> None:
    last = tick(at("14:59:59"))
    door.admit(last)
    assert door.admit(last) == "duplicate"
    assert door.admit(replace(last, ts_init=last.ts_init + 5)) == "duplicate"


def test_an_older_repeat_and_an_older_tick(door: Door) -> None:
    door.admit(tick(at("09:00:10")))
    assert door.admit(tick(at("09:00:09"))) == "stale_repeat"
    assert door.admit(tick(at("09:00:09"), last_price=3851.0, volume=101)) == "backward_time"


def test_volume_runs_backwards_inside_a_day_only(door: Door) -> None:
    door.admit(tick(at("14:00:00"), volume=9_000))
    assert door.admit(tick(at("14:00:01"), volume=8_999)) == "backward_volume"
    tuesday = replace(tick(at("20:59:00.500")), trading_day=20171114, volume=3)
    assert door.admit(tuesday) == ACCEPTED


def test_yesterdays_tick_after_todays_first(door: Door) -> None:
    door.admit(tick(at("21:00:00"), trading_day=20171114))
    assert door.admit(tick(at("14:59:59"), volume=5)) == "stale_repeat"
    assert door.admit(tick(at("21:00:00.500"), trading_day=20171114)) == ACCEPTED


def test_czce_two_ticks_of_one_second(door: Door) -> None:
    second = at("09:30:00")
    for volume in (100, 101, 102, 103):
        assert door.admit(tick(second, SR, volume=volume)) == ACCEPTED
    assert door.admit(tick(second, SR, volume=103)) == "duplicate"
    assert door.admit(tick(second, SR, volume=99)) == "backward_volume"
    door.admit(tick(second + SECOND, SR, volume=104))
    offsets = [(t.ts_event - second) // MILLISECOND for t in door.passed]
    assert offsets == [0, 500, 501, 502, 1000]
    assert [t.volume for t in door.passed] == [100, 101, 102, 103, 104]
    assert door.gate.repairs["equal_time"] == 3


def test_czce_settlement_repeat_in_session_is_no_news(door: Door) -> None:
    last = tick(at("23:29:59", FRIDAY), SR)
    door.admit(last)
    assert door.admit(replace(last, settlement=6500.0, pre_close=6490.0)) == "duplicate"


def test_wrong_day(door: Door) -> None:
    dated_ahead = tick(at("21:30:00", DAY))  # Monday's evening is Tuesday's session
    assert door.admit(dated_ahead) == "wrong_day"
    assert door.admit(tick(at("21:30:00", FRIDAY), trading_day=FRIDAY)) == "wrong_day"
    assert door.admit(tick(at("09:00:00"))) == ACCEPTED


def test_czce_natural_day_at_night_is_set_right(door: Door) -> None:
    assert door.admit(tick(at("21:30:00", FRIDAY), SR, trading_day=FRIDAY)) == ACCEPTED
    assert door.passed[0].trading_day == DAY
    assert door.gate.repairs["natural_day"] == 1
    assert door.admit(tick(at("21:30:01", FRIDAY), SR, trading_day=20171109)) == "wrong_day"


def test_one_tick_of_the_future_does_not_block_the_day() -> None:
    door = Door(resync_ticks=5)
    door.admit(tick(at("09:00:00"), volume=100))
    door.admit(tick(at("14:59:59"), volume=101))
    verdicts = [door.admit(tick(at("09:00:01") + i * SECOND, volume=102 + i)) for i in range(8)]
    assert verdicts == ["backward_time"] * 4 + [ACCEPTED] * 4
    assert door.gate.repairs["resync"] == 1


def test_one_junk_volume_does_not_block_the_day() -> None:
    door = Door(resync_ticks=5)
    door.admit(tick(at("09:00:00"), volume=2**31 - 1))
    verdicts = [door.admit(tick(at("09:00:01") + i * SECOND, volume=102 + i)) for i in range(8)]
    assert verdicts == ["backward_volume"] * 4 + [ACCEPTED] * 4


def test_late_ticks_of_a_second_line_are_never_believed() -> None:
    door = Door(resync_ticks=3)
    for i in range(20):
        new = at("09:00:10") + i * SECOND
        assert door.admit(tick(new, volume=1_000 + 10 * i)) == ACCEPTED
        late = tick(new - 5 * SECOND, volume=500 + 10 * i, last_price=3900.0)
        assert door.admit(late) == "backward_time"


def test_live_times_are_compared_with_the_clock() -> None:
    door = Door(recorded=False, stale_after_s=60, future_after_s=10)
    door.clock.advance(at("09:30:00"))
    assert door.admit(tick(at("09:28:59"))) == "stale_repeat"
    assert door.admit(tick(at("09:30:11"))) == "future_time"
    assert door.admit(tick(at("09:29:59.500"))) == ACCEPTED
    assert door.admit(tick(at("09:30:09"))) == ACCEPTED


def test_settings_apply_at_once() -> None:
    door = Door(recorded=False)
    door.clock.advance(at("09:30:00"))
    door.gate.configure(MarketSection(stale_after_s=1))
    assert door.admit(tick(at("09:29:58"))) == "stale_repeat"


def test_malformed_ticks_are_counted(door: Door) -> None:
    assert door.admit(tick(at("09:00:00"), bid_price="junk")) == "malformed"
    assert door.admit(tick(at("09:00:00"), instrument=[])) == "malformed"


def test_a_second_listing_keeps_what_is_known(door: Door) -> None:
    last = tick(at("09:00:00"))
    door.admit(last)
    instrument = market_tables()[0].instrument(RB, DAY)
    assert instrument is not None
    door.gate.listed(instrument)
    assert door.admit(last) == "duplicate"


def test_refused_names_what_occurred(door: Door) -> None:
    door.admit(tick(at("12:00:00")))
    assert door.gate.refused == {"out_of_session": 1}
