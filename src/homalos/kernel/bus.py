"""The event bus: strict lanes, one thread, every failure isolated.

``post`` is ingress (any thread): stamped, journaled, then put into its lane. ``publish`` is for
handlers. The bus runs until its lanes are empty or its slice is spent, then yields to the loop.
A lane is a deque and a property of the event's class.

Statistics cost almost nothing: a class's events are counted once, a subscriber's share follows
from the count at which it joined, and only every 64th event is timed.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from homalos.kernel.async_actor import AsyncRunner, Retry
from homalos.kernel.clock import Clock
from homalos.kernel.journal import Journal, JournalError, Kind
from homalos.kernel.lanes import LaneGuard, Route, Subscription
from homalos.kernel.limits import DEFAULTS, Limits
from homalos.model.catalogue import CATALOGUE, Entry, Lane
from homalos.model.event import Event
from homalos.model.events import ActorQuarantined, HandlerFailed

E = TypeVar("E", bound=Event)

_UNENCODABLE = (UnicodeError, TypeError, ValueError, OverflowError, JournalError)
_TIMED_EVERY = 64
_INGRESS, _OUTCOME = Kind.INGRESS, Kind.OUTCOME  # a member's look-up costs 80 ns
_CLOCK_EVERY = 8


class Bus:
    """See the module. Not thread-safe but for ``post``."""

    def __init__(
        self,
        clock: Clock,
        section: Limits = DEFAULTS,
        journal: Journal | None = None,
        catalogue: Mapping[type[Event], Entry] = CATALOGUE,
    ) -> None:
        self.clock = clock
        self.seq = 0
        self.step = 0
        """Events dispatched, but for those in the background: where in a run something happens."""
        self.slices = 0
        self.pull: Callable[[], bool] | None = None
        """Asked for the next event of a recorded source when all is idle; True: there was one."""
        self.fatal: str | None = None
        """Why the bus stands still for ever: journal, source or a timer raised."""
        self.on_fatal: Callable[[Exception], None] | None = None
        self.conflation = True
        """Off in a replay: every event reaches everybody."""
        self._journal = journal
        self._section = section
        self._slice_ns = section.slice_us * 1_000
        self._lanes: tuple[deque[Event], ...] = tuple(deque() for _ in Lane)
        self._inbox: deque[Event] = deque()
        self._stamp = 0
        """Event time of the last ingress."""
        self._lost: OSError | None = None
        """The journal's disk refused a record, in a handler perhaps: nothing may be done that is
        not written down."""
        self._routes = {
            event: Route(event, entry.lane, self._lanes[entry.lane])
            for event, entry in catalogue.items()
        }
        self._guard = LaneGuard(self, self._lanes, self._routes, section)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.get_ident()
        self._awake = True
        self._stopped = False

    # ------------------------------------------------------------ subscribing

    def subscribe(
        self,
        event_type: type[E],
        handler: Callable[[E], None],
        *,
        actor: str,
        role: str,
        background: bool = False,
        conflates: bool = False,
    ) -> Subscription:
        """Deliver every ``event_type`` to ``handler``, a plain function, in order of subscription.

        ``background`` delivers on the BACKGROUND lane, after all that is urgent. ``conflates``
        allows ticks to be skipped when newer ones of the same contract wait and the lane is
        overfull. ``LookupError``: the class is not in the catalogue.
        """
        route = self._routes.get(event_type)
        if route is None:
            raise LookupError(
                f"{event_type.__name__} is not in the event catalogue (model/catalogue.py)"
            )
        if asyncio.iscoroutinefunction(handler):
            raise TypeError(f"{actor}: an async handler needs subscribe_async")
        return route.add(Subscription(route, handler, actor, role, background, conflates))

    def subscribe_async(
        self,
        event_type: type[E],
        handler: Callable[[E], Awaitable[None]],
        *,
        actor: str,
        role: str,
        retry: Retry | None = None,
        queue_max: int = 10_000,
    ) -> Subscription:
        """Deliver to a coroutine function in a task of the actor's own, in order, with ``retry``.

        Only for TIMER and BACKGROUND events (``ValueError`` otherwise). What it concludes comes
        back as ingress (``post``). A full queue drops the oldest and counts it.
        """
        route = self._routes[event_type]
        if route.lane < Lane.TIMER:
            raise ValueError(
                f"{event_type.__name__} is on the {route.lane.name} lane: plain handlers only"
            )
        runner: AsyncRunner[E] = AsyncRunner(self, handler, actor, retry or Retry(), queue_max)
        subscription = route.add(Subscription(route, runner.put, actor, role, False, False))
        subscription.runner = runner
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop delivering; harmless when it was stopped already."""
        subscription.route.remove(subscription)

    def routes(self) -> Mapping[type[Event], Route]:
        return self._routes

    # ------------------------------------------------------------ events in

    def publish(self, event: Event) -> None:
        """Put a handler's event into its lane. Loop thread only."""
        self._routes[event.__class__].append(event)
        if not self._awake:
            self._wake()

    def post(self, event: Event) -> None:
        """Ingress, from any thread: stamped and journaled in order of arrival, then dispatched."""
        self._inbox.append(event)
        if not self._awake:
            self._wake()

    def record(self, event: Event, kind: Kind = _OUTCOME) -> None:
        """Write an outcome (intent, verdict, gateway's return) into the journal; no dispatch."""
        self._write(kind, self.clock.now(), event)

    def note(self, event: Event) -> None:
        """Write down ingress that takes another way than the lanes (a timer's call, an answer of
        the venue, the daemon's own word), at the moment it enters. Loop thread only."""
        self.seq += 1
        self._stamp = self.clock.stamp()
        self._write(_INGRESS, self._stamp, event)

    def _write(self, kind: Kind, ts: int, event: Event) -> None:
        if self._journal is not None:
            try:
                self._journal.append(kind, self.seq, ts, event, self.step)
            except OSError as error:
                self._lost = error
                raise

    def _ingest(self) -> None:
        inbox, journal, routes, step = self._inbox, self._journal, self._routes, self.step
        if self._lost is not None:
            raise self._lost
        while inbox:
            event = inbox.popleft()
            self.seq += 1
            stamp = self._stamp = self.clock.stamp()
            if journal is not None:
                try:
                    journal.append(_INGRESS, self.seq, stamp, event, step)
                except _UNENCODABLE as error:
                    # What cannot be written down never happened; a full disk is another matter.
                    self.seq -= 1
                    self.failed("journal", type(event).__name__, error)
                    continue
            routes[event.__class__].append(event)

    # ------------------------------------------------------------ running

    def attach_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run on this loop from now on; the calling thread becomes the one that owns all state."""
        self._loop = loop
        self._thread = threading.get_ident()
        self._awake = False
        self._wake()

    def stop(self) -> None:
        """Run no more slices on the loop; ``run_until_idle`` still drains."""
        self._stopped = True

    def serve(self, source: Callable[[], object]) -> None:
        """Let ``source`` post what it has, and dispatch that at once: for a reader of the loop,
        which saves a turn of the loop. A source that raises is told as actor ``gateway``."""
        self._awake = True
        try:
            source()
        except Exception as error:  # noqa: BLE001  isolation: whatever it raises
            self.failed("gateway", "callback", error)
        self._run_slice()

    def wake(self) -> None:
        """Make the bus look for work (a pulled source has some again)."""
        if not self._awake:
            self._wake()

    def _wake(self) -> None:
        if self._loop is None or self._stopped:
            return
        self._awake = True
        if threading.get_ident() == self._thread:
            self._loop.call_soon(self._run_slice)
        else:
            self._loop.call_soon_threadsafe(self._run_slice)

    def _run_slice(self) -> None:
        if self._stopped:
            return
        self.slices += 1
        try:
            self._guard.check()
            idle = self._go(self.clock.monotonic() + self._slice_ns)
        except Exception as error:  # noqa: BLE001  not a handler's fault: those are isolated
            self.end(error)
            return
        self._awake = False
        if not idle or self._inbox:
            self._wake()

    def end(self, error: Exception) -> None:
        """The core itself cannot go on (journal, source, a timer). Whoever runs it must hear of it,
        for a bus that stands still looks like a quiet market."""
        self._stopped = True
        self.fatal = f"{type(error).__name__}: {error}"
        if self.on_fatal is None:
            raise error
        self.on_fatal(error)

    def run_until_idle(self) -> None:
        """Dispatch until nothing waits and the pulled source is dry. For tests, replays without a
        loop, and the last drain."""
        awake, self._awake = self._awake, True
        try:
            self._go(None)
        finally:
            self._awake = awake

    def _go(self, deadline: int | None) -> bool:
        """Dispatch at the time of the last ingress: time does not run while it is worked off."""
        self.clock.hold(self._stamp)
        try:
            return self._run(deadline)
        finally:
            self.clock.release()

    def _run(self, deadline: int | None) -> bool:
        control, execution, market, timer, background = self._lanes
        inbox, routes, monotonic = self._inbox, self._routes, self.clock.monotonic
        count = 0
        while True:
            if inbox:
                self._ingest()
            if control:
                event = control.popleft()
            elif execution:
                event = execution.popleft()
            elif market:
                event = market.popleft()
            elif timer:
                event = timer.popleft()
            elif background:
                event = background.popleft()
                self._dispatch_background(event)
                count += 1
                if deadline is not None and not count & 15 and monotonic() > deadline:
                    return False
                continue
            elif self.pull is not None and self.pull():
                # What is pulled need not be an event: a slice ends all the same.
                count += 1
                if deadline is not None and not count % _CLOCK_EVERY and monotonic() > deadline:
                    return False
                continue
            else:
                return True
            route = routes[event.__class__]
            route.count += 1
            count += 1
            self.step += 1
            if not route.count % _TIMED_EVERY:
                self._dispatch_timed(route, event)
            else:
                for handler in route.handlers:
                    try:
                        handler(event)
                    except Exception as error:  # noqa: BLE001  isolation: whatever it raises
                        self._failed(route, handler, event, error)
            if route.background:
                background.append(event)
            if deadline is not None and not count % _CLOCK_EVERY and monotonic() > deadline:
                return False

    def _dispatch_timed(self, route: Route, event: Event) -> None:
        monotonic = self.clock.monotonic
        for handler in route.handlers:
            begin = monotonic()
            try:
                handler(event)
            except Exception as error:  # noqa: BLE001  isolation: whatever it raises
                self._failed(route, handler, event, error)
            route.timed(handler, monotonic() - begin)

    def _dispatch_background(self, event: Event) -> None:
        route = self._routes[event.__class__]
        if route.lane is Lane.BACKGROUND:
            route.count += 1
            handlers = route.handlers
        else:
            handlers = route.background
        for handler in handlers:
            try:
                handler(event)
            except Exception as error:  # noqa: BLE001  isolation: whatever it raises
                self._failed(route, handler, event, error)

    # ------------------------------------------------------------ failures

    def _failed(
        self, route: Route, handler: Callable[[Any], None], event: Event, error: Exception
    ) -> None:
        """Count, tell, and quarantine the actor whose budget is spent."""
        if self._lost is not None:
            raise self._lost
        subscription = route.subscription(handler)
        if subscription is None:
            return
        subscription.errors += 1
        self.failed(subscription.actor, type(event).__name__, error)

    def failed(self, actor: str, event: str, error: Exception) -> None:
        """Note a failure of ``actor`` at ``event``: told, counted, and in the end quarantine."""
        now = self.clock.now()
        text = describe(error)
        if event != HandlerFailed.__name__:
            self.publish(HandlerFailed(actor, event, text, now))
        if self._guard.over_budget(actor, now):
            self.quarantine(actor, f"error budget spent, last: {text}")

    def quarantine(self, actor: str, why: str) -> None:
        """Deliver nothing to ``actor`` any more; the rest goes on."""
        hit = False
        for route in self._routes.values():
            for subscription in [s for s in route.subscriptions if s.actor == actor]:
                route.remove(subscription)
                hit = True
        if hit:
            self.publish(ActorQuarantined(actor, why, self.clock.now()))

    async def drain_async(self) -> None:
        """Wait until every asynchronous handler has done what it took."""
        for route in self._routes.values():
            for subscription in route.subscriptions:
                if subscription.runner is not None:
                    await subscription.runner.drain()

    # ------------------------------------------------------------ settings, figures

    def configure(self, section: Limits) -> None:
        """Apply the keys that hold at once."""
        self._section = section
        self._slice_ns = section.slice_us * 1_000
        self._guard.configure(section)

    def depths(self) -> dict[str, int]:
        """Events waiting, by lane."""
        return {lane.name: len(queue) for lane, queue in zip(Lane, self._lanes, strict=True)}

    def counters(self) -> dict[str, int]:
        """What was conflated, skipped, coalesced or overflowed since the start."""
        return dict(self._guard.counters)

    def statistics(self) -> list[dict[str, Any]]:
        """Per subscriber: actor, event, calls, errors, sampled mean and worst time in us."""
        return [s.statistics() for route in self._routes.values() for s in route.subscriptions]


def describe(error: BaseException) -> str:
    """``ValueError: text``; the class alone where even the text raises or cannot be written."""
    name = type(error).__name__
    try:
        return f"{name}: {error}".encode(errors="replace").decode()
    except Exception:  # noqa: BLE001  whatever its text raises
        return name
