"""The event step: order, isolation, ingress, limits."""

import asyncio
import threading
from pathlib import Path

import pytest

from homalos.kernel.async_actor import Retry
from homalos.kernel.bus import Bus
from homalos.kernel.clock import LiveClock, SimClock
from homalos.kernel.journal import Journal, Kind, read
from homalos.kernel.limits import DEFAULTS
from homalos.kernel.pump import LiveTimers
from homalos.kernel.timers import Timers
from homalos.model.enums import Severity, TradingState
from homalos.model.event import Event
from homalos.model.events import (
    ActorQuarantined,
    AlertRaised,
    BarsDue,
    CancelOrder,
    HandlerFailed,
    LaneOverflowed,
    SetTradingState,
    TimerFired,
)
from homalos.model.ids import InstrumentId, OrderId
from homalos.model.market import Tick
from homalos.model.times import SECOND


def tick(instrument: str, ts: int) -> Tick:
    return Tick(InstrumentId(instrument), ts, ts, 20260105, 1.0, ts, None, None, 1.0, 1, 2.0, 1)


CONTROL = SetTradingState(TradingState.HALTED, "test", "test", 1)
EXECUTION = CancelOrder(OrderId("1-1"), "test", 1)
MARKET = BarsDue(1, 1)
TIMER = TimerFired("test", "t", 1, 1)
BACKGROUND = AlertRaised(Severity.INFO, "test", "text", 1)


@pytest.fixture
def bus() -> Bus:
    return Bus(SimClock(SECOND))


def test_lanes_are_served_in_strict_priority(bus: Bus) -> None:
    seen: list[Event] = []
    for event in (CONTROL, EXECUTION, MARKET, TIMER, BACKGROUND):
        bus.subscribe(type(event), seen.append, actor="a", role="r")
    for event in (BACKGROUND, TIMER, MARKET, EXECUTION, CONTROL):
        bus.publish(event)
    bus.run_until_idle()
    assert seen == [CONTROL, EXECUTION, MARKET, TIMER, BACKGROUND]


def test_what_a_handler_publishes_overtakes_lower_lanes(bus: Bus) -> None:
    seen: list[Event] = []
    bus.subscribe(BarsDue, lambda e: bus.publish(EXECUTION), actor="a", role="r")
    bus.subscribe(BarsDue, seen.append, actor="a", role="r")
    bus.subscribe(CancelOrder, seen.append, actor="a", role="r")
    bus.publish(MARKET)
    bus.publish(MARKET)
    bus.run_until_idle()
    assert seen == [MARKET, EXECUTION, MARKET, EXECUTION]


def test_background_subscribers_come_after_everything_urgent(bus: Bus) -> None:
    seen: list[str] = []
    bus.subscribe(BarsDue, lambda e: seen.append("store"), actor="s", role="r", background=True)
    bus.subscribe(BarsDue, lambda e: seen.append("market"), actor="m", role="r")
    bus.subscribe(TimerFired, lambda e: seen.append("timer"), actor="t", role="r")
    bus.publish(MARKET)
    bus.publish(TIMER)
    bus.run_until_idle()
    assert seen == ["market", "timer", "store"]


def test_a_handler_that_raises_is_isolated_and_reported(bus: Bus) -> None:
    seen: list[Event] = []

    def broken(event: BarsDue) -> None:
        raise RuntimeError("boom")

    bus.subscribe(BarsDue, broken, actor="broken", role="r")
    bus.subscribe(BarsDue, seen.append, actor="good", role="r")
    bus.subscribe(HandlerFailed, seen.append, actor="good", role="r")
    bus.publish(MARKET)
    bus.run_until_idle()
    assert seen[0] == MARKET
    assert isinstance(seen[1], HandlerFailed)
    assert (seen[1].actor, seen[1].error) == ("broken", "RuntimeError: boom")


def test_an_actor_past_its_error_budget_is_quarantined_with_all_its_handlers(bus: Bus) -> None:
    calls = {"broken": 0, "other": 0, "good": 0}
    told: list[ActorQuarantined] = []

    def broken(event: BarsDue) -> None:
        calls["broken"] += 1
        raise RuntimeError("boom")

    def count(name: str) -> None:
        calls[name] += 1

    bus.subscribe(BarsDue, broken, actor="broken", role="r")
    bus.subscribe(TimerFired, lambda e: count("other"), actor="broken", role="r")
    bus.subscribe(BarsDue, lambda e: count("good"), actor="good", role="r")
    bus.subscribe(ActorQuarantined, told.append, actor="good", role="r")
    for _ in range(100):
        bus.publish(MARKET)
    bus.run_until_idle()
    bus.publish(TIMER)
    bus.run_until_idle()
    assert calls == {"broken": DEFAULTS.error_budget + 1, "other": 0, "good": 100}
    assert [t.actor for t in told] == ["broken"]


def test_errors_outside_the_window_do_not_add_up(bus: Bus) -> None:
    clock = bus.clock
    assert isinstance(clock, SimClock)
    calls = []

    def broken(event: BarsDue) -> None:
        calls.append(event)
        raise RuntimeError("boom")

    bus.subscribe(BarsDue, broken, actor="broken", role="r")
    for _ in range(60):
        clock.advance(clock.now() + 10 * SECOND)
        bus.publish(MARKET)
        bus.run_until_idle()
    assert len(calls) == 60


def test_events_are_frozen() -> None:
    with pytest.raises(AttributeError):
        MARKET.ts_event = 5  # type: ignore[misc]


def test_ingress_is_journaled_in_order_before_it_is_seen(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=1 << 16, keep=4)
    bus = Bus(SimClock(7), journal=journal)
    at_dispatch: list[int] = []
    bus.subscribe(BarsDue, lambda e: at_dispatch.append(journal.records), actor="a", role="r")
    bus.subscribe(CancelOrder, lambda e: bus.record(EXECUTION), actor="a", role="r")
    bus.post(MARKET)
    bus.post(EXECUTION)
    bus.publish(MARKET)
    bus.run_until_idle()
    journal.close()
    records = list(read(tmp_path))
    assert [(r.kind, r.seq, r.ts) for r in records] == [
        (Kind.INGRESS, 1, 7),
        (Kind.INGRESS, 2, 7),
        (Kind.OUTCOME, 2, 7),
    ]
    assert [r.event() for r in records] == [MARKET, EXECUTION, EXECUTION]
    assert at_dispatch == [3, 3]


def test_posts_of_foreign_threads_all_arrive_in_each_threads_order() -> None:
    async def main() -> list[int]:
        bus = Bus(SimClock())
        seen: list[int] = []
        owner = threading.get_ident()
        threads_seen = set()

        def handler(event: BarsDue) -> None:
            threads_seen.add(threading.get_ident())
            seen.append(event.ts_event)

        bus.subscribe(BarsDue, handler, actor="a", role="r")
        bus.attach_loop(asyncio.get_running_loop())

        def produce(base: int) -> None:
            for n in range(5_000):
                bus.post(BarsDue(base + n, 0))

        threads = [threading.Thread(target=produce, args=(base,)) for base in (0, 1_000_000)]
        for thread in threads:
            thread.start()
        async with asyncio.timeout(20):
            while len(seen) < 10_000:
                await asyncio.sleep(0.001)
        for thread in threads:
            thread.join()
        assert threads_seen == {owner}
        return seen

    seen = asyncio.run(main())
    low, high = [s for s in seen if s < 1_000_000], [s for s in seen if s >= 1_000_000]
    assert low == sorted(low)
    assert high == sorted(high)
    assert len(seen) == 10_000


def test_a_long_backlog_yields_to_the_loop() -> None:
    async def main() -> int:
        bus = Bus(SimClock())
        bus.subscribe(BarsDue, lambda e: None, actor="a", role="r")
        for n in range(200_000):
            bus.publish(BarsDue(n, n))
        bus.attach_loop(asyncio.get_running_loop())
        turns = 0
        while any(bus.depths().values()):
            await asyncio.sleep(0)
            turns += 1
        return turns

    assert asyncio.run(main()) > 5


def test_a_full_execution_lane_drops_nothing_and_says_so_once() -> None:
    bus = Bus(SimClock(), DEFAULTS._replace(execution_lane_max=100))
    overflows: list[LaneOverflowed] = []
    cancels: list[CancelOrder] = []
    bus.subscribe(LaneOverflowed, overflows.append, actor="a", role="r")
    bus.subscribe(CancelOrder, cancels.append, actor="a", role="r")
    for _ in range(500):
        bus.publish(EXECUTION)
    bus.run_until_idle()
    assert len(cancels) == 500
    assert [o.lane for o in overflows] == ["EXECUTION"]


def test_a_full_market_lane_conflates_only_for_those_who_allow_it() -> None:
    async def main() -> tuple[list[Tick], list[Tick], dict[str, int]]:
        bus = Bus(SimClock(), DEFAULTS._replace(market_lane_max=50))
        strict: list[Tick] = []
        tolerant: list[Tick] = []
        bus.subscribe(Tick, strict.append, actor="bars", role="r")
        bus.subscribe(Tick, tolerant.append, actor="page", role="r", conflates=True)
        for n in range(300):
            bus.publish(tick("SHFE.rb2601" if n % 2 else "SHFE.ag2602", n))
        bus.attach_loop(asyncio.get_running_loop())
        while any(bus.depths().values()):
            await asyncio.sleep(0)
        bus.publish(tick("SHFE.rb2601", 1_000))
        await asyncio.sleep(0.01)
        return strict, tolerant, bus.counters()

    strict, tolerant, counters = asyncio.run(main())
    assert len(strict) == 301
    assert [t.ts_event for t in tolerant] == [298, 299, 1_000]
    assert counters["conflated"] == 298


def test_waiting_timers_coalesce(bus: Bus) -> None:
    seen: list[TimerFired] = []
    bus.subscribe(TimerFired, seen.append, actor="a", role="r")
    for n in range(5):
        bus.publish(TimerFired("a", "x", n, n))
    bus.publish(TimerFired("a", "y", 9, 9))
    bus.run_until_idle()
    assert [t.name for t in seen] == ["x", "y"]
    assert bus.counters()["coalesced"] == 4


def test_statistics_count_calls_errors_and_time(bus: Bus) -> None:
    bus.publish(MARKET)
    bus.run_until_idle()
    bus.subscribe(BarsDue, lambda e: None, actor="late", role="r")
    for _ in range(200):
        bus.publish(MARKET)
    bus.run_until_idle()
    row = next(s for s in bus.statistics() if s["actor"] == "late")
    assert (row["calls"], row["errors"], row["event"]) == (200, 0, "BarsDue")
    assert row["mean_us"] is not None
    assert row["mean_us"] > 0


def test_unsubscribed_handlers_hear_nothing(bus: Bus) -> None:
    seen: list[Event] = []
    subscription = bus.subscribe(BarsDue, seen.append, actor="a", role="r")
    bus.publish(MARKET)
    bus.run_until_idle()
    bus.unsubscribe(subscription)
    bus.unsubscribe(subscription)
    bus.publish(MARKET)
    bus.run_until_idle()
    assert seen == [MARKET]


def test_async_handlers_keep_order_and_retry_by_their_policy() -> None:
    async def main() -> tuple[list[str], list[HandlerFailed]]:
        bus = Bus(SimClock())
        seen: list[str] = []
        failed: list[HandlerFailed] = []
        tries = {"b": 0, "c": 0}

        async def handler(event: AlertRaised) -> None:
            await asyncio.sleep(0)
            if event.text == "c":
                raise OSError("for ever")
            if event.text == "b" and tries["b"] < 2:
                tries["b"] += 1
                raise OSError("twice")
            seen.append(event.text)

        retry = Retry(attempts=3, first_delay_s=0.001)
        sub = bus.subscribe_async(AlertRaised, handler, actor="a", role="r", retry=retry)
        bus.subscribe(HandlerFailed, failed.append, actor="t", role="r")
        bus.attach_loop(asyncio.get_running_loop())
        for text in "abcd":
            bus.publish(AlertRaised(Severity.INFO, "t", text, 1))
        await asyncio.sleep(0.01)
        assert sub.runner is not None
        await sub.runner.drain()
        await asyncio.sleep(0.01)
        return seen, failed

    seen, failed = asyncio.run(main())
    assert seen == ["a", "b", "d"]
    assert [f.error for f in failed] == ["OSError: for ever (after 3 tries)"]


def test_async_handlers_are_refused_on_urgent_lanes(bus: Bus) -> None:
    async def handler(event: Event) -> None: ...

    with pytest.raises(ValueError, match="plain handlers only"):
        bus.subscribe_async(BarsDue, handler, actor="a", role="r")
    with pytest.raises(TypeError, match="subscribe_async"):
        bus.subscribe(BarsDue, handler, actor="a", role="r")


def test_an_event_outside_the_catalogue_is_refused(bus: Bus) -> None:
    class Stranger(Event, frozen=True):
        pass

    with pytest.raises(LookupError, match="catalogue"):
        bus.subscribe(Stranger, lambda e: None, actor="a", role="r")


class FullDisk(Journal):
    """That refuses records of one kind."""

    def __init__(self, kind: Kind) -> None:
        """No file."""
        self._refused = kind

    def append(self, kind: Kind, *_: object) -> None:
        if kind is self._refused:
            raise OSError("No space left on device")


@pytest.mark.parametrize("source", ["journal", "outcome", "pull", "timer"])
def test_a_fault_of_the_core_itself_is_told_and_never_a_silent_standstill(source: str) -> None:
    def refuse() -> bool:
        raise OSError("No space left on device")

    async def main() -> tuple[str | None, list[Exception], int]:
        refused = {"journal": Kind.INGRESS, "outcome": Kind.OUTCOME}.get(source)
        clock = LiveClock()
        bus = Bus(clock, journal=FullDisk(refused) if refused else None)
        told: list[Exception] = []
        heard: list[BarsDue] = []
        bus.on_fatal = told.append
        if source == "outcome":  # a handler that fails is isolated: not when it is the journal
            bus.subscribe(BarsDue, bus.record, actor="a", role="r")
        bus.subscribe(BarsDue, heard.append, actor="b", role="r")
        loop = asyncio.get_running_loop()
        bus.attach_loop(loop)
        timers = Timers(bus)
        live = LiveTimers(bus, timers, loop)
        if source == "pull":
            bus.pull = refuse
        if source == "timer":
            timers.call_at(clock.now(), refuse)
        else:
            bus.post(MARKET)
        await asyncio.sleep(0.02)
        bus.post(MARKET)
        await asyncio.sleep(0.01)
        live.stop()
        return bus.fatal, told, len(heard)

    fatal, told, heard = asyncio.run(main())
    assert fatal == "OSError: No space left on device"
    assert len(told) == 1
    assert heard == (source == "pull"), "nothing is dispatched any more"


def test_an_event_that_cannot_be_written_down_is_refused_and_the_rest_goes_on(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path, segment_bytes=1 << 16, keep=4)
    bus = Bus(SimClock(7), journal=journal)
    seen: list[Event] = []
    bus.subscribe(TimerFired, seen.append, actor="a", role="r")
    bus.subscribe(HandlerFailed, seen.append, actor="t", role="r")
    bus.post(TimerFired("a", "\ud800", 1, 1))
    bus.post(TIMER)
    bus.run_until_idle()
    journal.close()
    assert isinstance(seen[0], HandlerFailed)
    assert seen[0].actor == "journal"
    assert seen[1:] == [TIMER]
    assert [r.seq for r in read(tmp_path)] == [1]


def test_an_exception_whose_text_raises_is_still_isolated(bus: Bus) -> None:
    class Nasty(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    def broken(event: BarsDue) -> None:
        raise Nasty

    told: list[HandlerFailed] = []
    bus.subscribe(BarsDue, broken, actor="broken", role="r")
    bus.subscribe(HandlerFailed, told.append, actor="t", role="r")
    bus.publish(MARKET)
    bus.run_until_idle()
    assert [t.error for t in told] == ["Nasty"]


def test_asynchronous_failures_spend_the_error_budget_and_are_counted() -> None:
    async def main() -> tuple[list[str], dict[str, object]]:
        bus = Bus(SimClock(), DEFAULTS._replace(error_budget=2))
        told: list[str] = []

        async def handler(event: AlertRaised) -> None:
            raise OSError("for ever")

        sub = bus.subscribe_async(AlertRaised, handler, actor="web", role="r")
        bus.subscribe(ActorQuarantined, lambda e: told.append(e.actor), actor="t", role="r")
        bus.attach_loop(asyncio.get_running_loop())
        for _ in range(5):
            bus.publish(BACKGROUND)
        await asyncio.sleep(0.01)
        await bus.drain_async()
        await asyncio.sleep(0.01)
        return told, sub.statistics()

    told, row = asyncio.run(main())
    assert told == ["web"]
    assert row["given_up"] == 5


def test_a_starved_background_skips_only_those_who_allow_it_and_counts_what_they_missed() -> None:
    async def main() -> tuple[int, int, dict[str, int]]:
        bus = Bus(SimClock(), DEFAULTS._replace(background_lane_max=100, slice_us=100))
        store: list[Event] = []
        page: list[Event] = []
        bus.subscribe(BarsDue, store.append, actor="store", role="r", background=True)
        bus.subscribe(BarsDue, page.append, actor="page", role="r", background=True, conflates=True)
        for n in range(5_000):
            bus.publish(BarsDue(n, n))
        bus.attach_loop(asyncio.get_running_loop())
        while any(bus.depths().values()):
            await asyncio.sleep(0)
        bus.publish(MARKET)
        await asyncio.sleep(0.01)
        return len(store), len(page), bus.counters()

    stored, shown, counters = asyncio.run(main())
    assert stored == 5_001
    assert shown < 5_001
    assert counters["skipped"] > 0


def test_a_reader_of_the_loop_is_dispatched_at_once_and_its_failure_is_told() -> None:
    async def main() -> None:
        bus = Bus(SimClock())
        seen: list[Event] = []
        bus.subscribe(BarsDue, seen.append, actor="a", role="r")
        bus.subscribe(HandlerFailed, seen.append, actor="a", role="r")
        bus.attach_loop(asyncio.get_running_loop())
        await asyncio.sleep(0)
        bus.serve(lambda: bus.post(MARKET))
        assert seen == [MARKET]  # before the loop has turned

        def breaks() -> None:
            bus.post(MARKET)
            raise ValueError("junk")

        bus.serve(breaks)
        assert [type(event) for event in seen] == [BarsDue, HandlerFailed, BarsDue]
        bus.post(MARKET)  # and the bus is awake as before
        await asyncio.sleep(0.01)
        assert len(seen) == 4
        bus.stop()

    asyncio.run(main())
