"""Events in, rows out: what each class of event leaves in the database."""

import asyncio
import math
from pathlib import Path

import msgspec
import pytest
from tests.unit.storage import samples
from tests.unit.storage.conftest import Query

from homalos.config.sections.storage import StorageSection
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.model.enums import OrderStatus, Severity, TradingState
from homalos.model.event import Event
from homalos.model.events import (
    AlertRaised,
    Audited,
    ConfigChanged,
    Denial,
    InstrumentListed,
    OrderAccepted,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
    TradeFilled,
    TradingDayChanged,
    TradingStateChanged,
)
from homalos.model.market import Tick
from homalos.model.times import SECOND
from homalos.storage.store import Store
from homalos.storage.tables import TICK_COLUMNS

TICK_SQL = f"SELECT {', '.join(TICK_COLUMNS)} FROM ticks ORDER BY seq"


def run(bus: Bus, store: Store, *events: Event) -> None:
    """Let the events through the bus and write them to the last row."""
    for event in events:
        bus.post(event)
        bus.run_until_idle()
    store.close()


def as_row(tick: Tick) -> tuple[object, ...]:
    values = list(msgspec.structs.astuple(tick)[: len(TICK_COLUMNS)])
    if tick.depth is not None:
        values[-1] = msgspec.json.encode(tick.depth).decode()
    return tuple(values)


def test_ticks_come_out_as_they_went_in(bus: Bus, store: Store, query: Query) -> None:
    ticks = [samples.wide_tick(n) if n % 3 else samples.narrow_tick(n) for n in range(50)]
    run(bus, store, *ticks)
    assert query(TICK_SQL) == [as_row(t) for t in ticks]


@pytest.mark.parametrize("kind", ["narrow", "wide", "no depth", "odd name"])
def test_a_large_batch_keeps_every_value(bus: Bus, store: Store, query: Query, kind: str) -> None:
    """Large batches travel as SQL literals; a name that SQL would misread must not."""
    make = samples.narrow_tick if kind in ("narrow", "odd name") else samples.wide_tick
    ticks = [make(n) for n in range(2_500)]
    if kind == "no depth":
        ticks = [msgspec.structs.replace(t, depth=None, ts_native=9) for t in ticks]
    if kind == "odd name":
        ticks[7] = msgspec.structs.replace(ticks[7], instrument="X.'); DROP TABLE ticks; --")
        ticks[9] = msgspec.structs.replace(ticks[9], instrument='X."\\"(1,2)')
    run(bus, store, *ticks)
    assert query(TICK_SQL) == [as_row(t) for t in ticks]


def test_equal_times_lose_nothing(bus: Bus, store: Store, query: Query) -> None:
    """CZCE's milliseconds are always 0: two snapshots bear one time."""
    first, second = (samples.narrow_tick(n, samples.SR, ts=samples.OPEN) for n in (1, 2))
    run(bus, store, first, second)
    assert query("SELECT last_price FROM ticks ORDER BY seq") == [(3_801.0,), (3_802.0,)]


def test_ticks_can_be_switched_off_and_on(bus: Bus, store: Store, query: Query) -> None:
    store.configure(StorageSection(store_ticks=False))
    bus.post(samples.narrow_tick(1))
    bus.run_until_idle()
    store.configure(StorageSection())
    run(bus, store, samples.narrow_tick(2), samples.bar(0))
    assert query("SELECT volume FROM ticks") == [(4,)]
    assert query("SELECT count(*) FROM bars") == [(1,)]


def test_a_replay_out_of_the_store_puts_no_tick_back(
    bus: Bus, tmp_path: Path, query: Query
) -> None:
    store = Store(bus, tmp_path, StorageSection(store_ticks=True), store_ticks=False)
    store.attach()
    store.open()
    run(bus, store, samples.narrow_tick(1), samples.bar(0))
    assert query("SELECT (SELECT count(*) FROM ticks), (SELECT count(*) FROM bars)") == [(0, 1)]


def test_a_bar_told_again_replaces_the_old_one(bus: Bus, store: Store, query: Query) -> None:
    run(bus, store, samples.bar(0), samples.bar(1), samples.bar(0, close=10.5))
    assert query("SELECT close FROM bars ORDER BY ts_event") == [(10.5,), (10.0,)]


def test_an_order_has_its_latest_state_and_its_history(
    bus: Bus, store: Store, query: Query
) -> None:
    run(
        bus,
        store,
        TradingDayChanged("sim", samples.DAY, 5),
        OrderSubmitted(samples.order(1)),
        OrderAccepted(samples.order(1, OrderStatus.ACCEPTED)),
        TradingDayChanged("sim", samples.DAY + 1, 6),
        OrderFilled(samples.order(1, OrderStatus.FILLED, 2)),
    )
    assert query("SELECT id, status, traded_lots, trading_day FROM orders") == [
        ("1-000001", "filled", 2, samples.DAY)
    ]
    assert query("SELECT event, status, trading_day FROM order_events ORDER BY seq") == [
        ("OrderSubmitted", "submitted", samples.DAY),
        ("OrderAccepted", "accepted", samples.DAY),
        ("OrderFilled", "filled", samples.DAY + 1),
    ]


def test_a_denied_order_is_in_orders_and_in_the_audit(bus: Bus, store: Store, query: Query) -> None:
    denial = Denial("max_order_lots", 20.0, 10.0, "20 lots, 10 allowed")
    order = samples.order(1, OrderStatus.DENIED, message='价格"超限"')
    run(bus, store, OrderDenied(order, (denial,)))
    assert query("SELECT status, message FROM orders") == [("denied", '价格"超限"')]
    assert query("SELECT detail FROM order_events") == [
        ('[["max_order_lots",20.0,10.0,"20 lots, 10 allowed"]]',)
    ]
    kind, who, result = query("SELECT kind, who, result FROM audit")[0]
    assert (kind, who) == ("denial", "ma")
    assert "20 lots, 10 allowed" in result


def test_a_trade_is_booked_once(bus: Bus, store: Store, query: Query) -> None:
    """The key is the venue's: the same fill told again (after a restart) is the same row."""
    run(bus, store, *(TradeFilled(samples.trade(n)) for n in (1, 2, 1)))
    assert query("SELECT id, price, fee FROM trades ORDER BY seq") == [
        ("       1", 3_800.0, 3.8),
        ("       2", 3_800.0, 3.8),
    ]


def test_an_instrument_is_kept_by_trading_day(bus: Bus, store: Store, query: Query) -> None:
    run(
        bus,
        store,
        TradingDayChanged("sim", samples.DAY, 5),
        InstrumentListed(samples.instrument(), 6),
        InstrumentListed(samples.instrument(multiplier=20.0), 7),
        TradingDayChanged("sim", samples.DAY + 1, 8),
        InstrumentListed(samples.instrument(), 9),
    )
    sql = "SELECT trading_day, name, multiplier, splits_today FROM instruments ORDER BY 1"
    assert query(sql) == [
        (samples.DAY, "螺纹钢1801", 20.0, 1),
        (samples.DAY + 1, "螺纹钢1801", 10.0, 1),
    ]


def test_the_curve_is_thinned_but_no_change_of_lots_is_missed(
    bus: Bus, store: Store, query: Query
) -> None:
    at = samples.OPEN
    run(
        bus,
        store,
        samples.snapshot(at, profit=1.0),
        samples.snapshot(at + SECOND // 2, profit=2.0),  # too soon, nothing but prices
        samples.snapshot(at + SECOND // 2 + 1, profit=3.0, lots=5),
        samples.snapshot(at + SECOND, profit=4.0, lots=5),  # too soon after the last
        samples.snapshot(at + SECOND + 5, profit=5.0, lots=5),  # held back, stored at the end
    )
    assert [p for (p,) in query("SELECT position_profit FROM account ORDER BY ts")] == [1, 3, 5]
    assert query("SELECT today_lots, position_profit, ts FROM positions") == [
        (5, 5.0, at + SECOND + 5)
    ]
    assert query("SELECT net_lots FROM books") == [(5,)]


def test_a_closed_position_is_gone_from_the_view_of_now(
    bus: Bus, store: Store, query: Query
) -> None:
    at = samples.OPEN
    run(bus, store, samples.snapshot(at), samples.snapshot(at + 1, lots=0))
    assert query("SELECT count(*) FROM positions") == [(1,)]
    assert query("SELECT count(*) FROM positions_now") == [(0,)]


def test_the_audit_trail_holds_who_did_what(bus: Bus, store: Store, query: Query) -> None:
    run(
        bus,
        store,
        TradingStateChanged(
            TradingState.HALTED, TradingState.ACTIVE, "li", "lunch", TradingState.HALTED, 7
        ),
        ConfigChanged((("risk.max_order_lots", "5", "6"),), 8),
        AlertRaised(Severity.ERROR, "feed", "行情中断", 9),
        Audited("li", "strategy start", "ma", "done", 10),
    )
    assert query("SELECT ts, kind, severity, who, action, target, result FROM audit") == [
        (7, "state", "info", "li", "active -> halted", "trading", "lunch"),
        (8, "config", "info", "", "reload", "config", "changed"),
        (9, "alert", "error", "feed", "alert", "", "行情中断"),
        (10, "command", "info", "li", "strategy start", "ma", "done"),
    ]
    assert query("SELECT detail FROM audit WHERE kind = 'config'") == [
        ('[["risk.max_order_lots","5","6"]]',)
    ]


def test_not_a_number_is_unknown_and_the_rest_goes_on(bus: Bus, store: Store, query: Query) -> None:
    """A NaN becomes NULL; where the schema needs a value the row is refused, told and counted."""
    nan = msgspec.structs.replace(samples.narrow_tick(1), last_price=math.nan)
    bad = msgspec.structs.replace(samples.bar(1), close=math.inf)
    alerts: list[AlertRaised] = []
    bus.subscribe(AlertRaised, alerts.append, actor="test", role="monitor")
    run(bus, store, nan, samples.bar(0), bad, samples.bar(2))
    assert query("SELECT last_price FROM ticks") == [(None,)]
    assert query("SELECT count(*) FROM bars") == [(2,)]
    assert store.stats()["refused"] == 1
    bus.run_until_idle()
    assert len(alerts) == 1
    assert "bars" in alerts[0].text


@pytest.mark.parametrize("count", [10, 1_500])
def test_a_poisoned_row_is_alone_refused(bus: Bus, store: Store, query: Query, count: int) -> None:
    ticks: list[Event] = [samples.narrow_tick(n) for n in range(count)]
    ticks[count // 2] = msgspec.structs.replace(ticks[count // 2], bid_lots="many")
    ticks[3] = msgspec.structs.replace(ticks[3], last_price="1); DROP TABLE ticks")
    run(bus, store, *ticks)
    assert query("SELECT count(*) FROM ticks") == [(count - 2,)]
    stats = store.stats()
    assert (stats["written"], stats["refused"], stats["backlog"]) == (count - 2, 2, 0)


def test_a_row_that_cannot_be_encoded_is_counted(bus: Bus, store: Store, query: Query) -> None:
    run(
        bus,
        store,
        AlertRaised(Severity.INFO, "x", "\ud800", 5),
        samples.narrow_tick(2),
    )
    assert query("SELECT count(*) FROM ticks") == [(1,)]
    assert store.stats()["unencodable"] == 1


def test_backlog_counts_down_to_nothing(bus: Bus, tmp_path: Path) -> None:
    store = Store(bus, tmp_path, StorageSection())
    store.attach()
    for n in range(30):
        bus.post(samples.narrow_tick(n))
    bus.run_until_idle()
    assert store.backlog() == 30
    store.open()
    store.close()
    assert store.backlog() == 0


def test_a_running_loop_hands_rows_over_in_time(tmp_path: Path, query: Query) -> None:
    async def session() -> int:
        bus = Bus(SimClock(1))
        store = Store(bus, tmp_path, StorageSection(flush_ms=5))
        store.attach()
        await store.start()
        bus.post(samples.narrow_tick(1))
        bus.run_until_idle()
        for _ in range(400):
            if store.backlog() == 0:
                break
            await asyncio.sleep(0.01)
        seen = query("SELECT count(*) FROM ticks")[0][0]
        bus.post(samples.narrow_tick(2))
        bus.run_until_idle()
        await store.stop()
        return int(seen)

    assert asyncio.run(session()) == 1
    assert query("SELECT count(*) FROM ticks") == [(2,)]


def test_views_speak_chinas_time(bus: Bus, store: Store, query: Query) -> None:
    run(bus, store, samples.narrow_tick(1))
    assert query("SELECT time, volume FROM ticks_view") == [("2017-11-13 09:00:00.500", 2)]


def test_the_catalogue_knows_the_store(bus: Bus, store: Store) -> None:
    """Every subscription of the store is one that the catalogue grants to its role."""
    from homalos.model.catalogue import CATALOGUE

    wrong = [
        event.__name__
        for event, route in bus.routes().items()
        for s in route.subscriptions
        if s.role not in CATALOGUE[event].consumers
    ]
    assert not wrong
