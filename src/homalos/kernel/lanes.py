"""Routes (one an event class), subscriptions, and what happens when a lane is overfull."""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from homalos.kernel.limits import Limits
from homalos.model.catalogue import Lane
from homalos.model.event import Event
from homalos.model.events import LaneOverflowed, TimerFired
from homalos.model.market import Tick
from homalos.model.times import SECOND

if TYPE_CHECKING:
    from homalos.kernel.async_actor import AsyncRunner
    from homalos.kernel.bus import Bus

Handler = Callable[[Any], None]


class Subscription:
    """One handler of one actor for one class of event."""

    __slots__ = (
        "_base",
        "actor",
        "background",
        "conflates",
        "errors",
        "handler",
        "ns_max",
        "ns_sum",
        "role",
        "route",
        "runner",
        "samples",
    )

    def __init__(
        self,
        route: "Route",
        handler: Handler,
        actor: str,
        role: str,
        background: bool,
        conflates: bool,
    ) -> None:
        self.route = route
        self.handler = handler
        self.actor = actor
        self.role = role
        self.background = background and route.lane is not Lane.BACKGROUND
        self.conflates = conflates
        self.errors = 0
        self.samples = 0
        self.ns_sum = 0
        self.ns_max = 0
        self.runner: AsyncRunner[Any] | None = None
        self._base = route.count

    def statistics(self) -> dict[str, Any]:
        mean = self.ns_sum / self.samples / 1_000 if self.samples else None
        runner = self.runner
        waiting = {} if runner is None else runner.figures()
        return {
            "actor": self.actor,
            "event": self.route.event_type.__name__,
            "lane": "BACKGROUND" if self.background else self.route.lane.name,
            "calls": self.route.count - self._base,
            "errors": self.errors,
            "mean_us": mean,
            "max_us": self.ns_max / 1_000 if self.samples else None,
            **waiting,
        }


class Route:
    """Where one class of event goes."""

    __slots__ = (
        "append",
        "background",
        "count",
        "event_type",
        "handlers",
        "lane",
        "queue",
        "subscriptions",
        "wrapped",
    )

    def __init__(self, event_type: type[Event], lane: Lane, queue: deque[Event]) -> None:
        self.event_type = event_type
        self.lane = lane
        self.queue = queue
        self.append: Callable[[Event], None] = queue.append
        self.count = 0
        self.handlers: tuple[Handler, ...] = ()
        self.background: tuple[Handler, ...] = ()
        self.subscriptions: tuple[Subscription, ...] = ()
        self.wrapped: dict[Handler, Handler] = {}

    def add(self, subscription: Subscription) -> Subscription:
        self.subscriptions = (*self.subscriptions, subscription)
        self.rebuild()
        return subscription

    def remove(self, subscription: Subscription) -> None:
        self.subscriptions = tuple(s for s in self.subscriptions if s is not subscription)
        self.rebuild()

    def rebuild(self) -> None:
        """Make the handler tuples again."""
        self.wrapped = {}
        self.handlers = tuple(s.handler for s in self.subscriptions if not s.background)
        self.rebuild_background(starving=False)

    def rebuild_background(self, *, starving: bool) -> None:
        """Without those who conflate, while the background lane is overfull."""
        self.background = tuple(
            s.handler for s in self.subscriptions if s.background and not (starving and s.conflates)
        )

    def skippable(self) -> int:
        """Background subscribers that allow to be skipped."""
        return sum(s.background and s.conflates for s in self.subscriptions)

    def wrap(self, first: Handler, wrapper: Callable[[Handler], Handler]) -> None:
        """Call ``first`` before all, and those who conflate only through ``wrapper``."""
        tolerant = {s.handler for s in self.subscriptions if s.conflates and not s.background}
        around = {h: wrapper(h) for h in self.handlers if h in tolerant}
        self.wrapped = {w: h for h, w in around.items()}
        self.handlers = (first, *(around.get(h, h) for h in self.handlers))

    def subscription(self, handler: Handler) -> Subscription | None:
        handler = self.wrapped.get(handler, handler)
        return next((s for s in self.subscriptions if s.handler == handler), None)

    def timed(self, handler: Handler, ns: int) -> None:
        subscription = self.subscription(handler)
        if subscription is not None:
            subscription.samples += 1
            subscription.ns_sum += ns
            subscription.ns_max = max(subscription.ns_max, ns)


class LaneGuard:
    """Limits of the lanes and the error budgets. Counts whatever it takes away from anybody."""

    def __init__(
        self,
        bus: "Bus",
        lanes: tuple[deque[Event], ...],
        routes: Mapping[type[Event], Route],
        section: Limits,
    ) -> None:
        self._bus = bus
        self._lanes = lanes
        self._routes = routes
        self._section = section
        self._errors: dict[str, deque[int]] = {}
        self._overflowed = False
        self._conflating = False
        self._starving = False
        self._starved_at: dict[type[Event], int] = {}
        self.counters = {"conflated": 0, "skipped": 0, "coalesced": 0, "overflowed": 0}
        for route in routes.values():
            if route.lane in (Lane.CONTROL, Lane.EXECUTION):
                route.append = self._bounded(route.queue)
        if TimerFired in routes:
            routes[TimerFired].append = self._coalescing(routes[TimerFired].queue)

    def configure(self, section: Limits) -> None:
        self._section = section

    def over_budget(self, actor: str, now: int) -> bool:
        """Note an error of ``actor`` at ``now``; whether its budget is spent."""
        errors = self._errors.setdefault(actor, deque())
        errors.append(now)
        while errors[0] < now - int(self._section.error_window_s * SECOND):
            errors.popleft()
        return len(errors) > self._section.error_budget

    def _bounded(self, queue: deque[Event]) -> Callable[[Event], None]:
        """Nothing is dropped; the first event past the limit halts trading, by one event."""

        def append(event: Event) -> None:
            queue.append(event)
            if len(queue) <= self._section.execution_lane_max:
                self._overflowed = False
            elif not self._overflowed:
                self._overflowed = True
                self.counters["overflowed"] += 1
                lane = Lane(self._lanes.index(queue)).name
                self._lanes[Lane.CONTROL].appendleft(
                    LaneOverflowed(lane, len(queue), self._bus.clock.now())
                )

        return append

    def _coalescing(self, queue: deque[Event]) -> Callable[[Event], None]:
        """A timer that is still waiting is not queued twice."""

        def append(event: Event) -> None:
            assert isinstance(event, TimerFired)
            if any(
                isinstance(e, TimerFired) and e.owner == event.owner and e.name == event.name
                for e in queue
            ):
                self.counters["coalesced"] += 1
                return
            queue.append(event)

        return append

    def check(self) -> None:
        """At the start of a slice: begin or end the skipping of those who allow it."""
        market, background = self._lanes[Lane.MARKET], self._lanes[Lane.BACKGROUND]
        if self._bus.conflation and len(market) > self._section.market_lane_max:
            self._conflate(market)
        elif self._conflating:
            self._end_conflation()
        starving = len(background) > self._section.background_lane_max
        if starving != self._starving:
            self._starve(starving)

    def _starve(self, starving: bool) -> None:
        """Skip, or serve again, background subscribers that allow it; count what they missed."""
        self._starving = starving
        for route in self._routes.values():
            missing = route.skippable()
            if missing:
                route.rebuild_background(starving=starving)
                if starving:
                    self._starved_at[route.event_type] = route.count
                else:
                    began = self._starved_at.pop(route.event_type, route.count)
                    self.counters["skipped"] += (route.count - began) * missing

    def _conflate(self, market: deque[Event]) -> None:
        """Serve a backlog: those who must see every tick see every tick; those who allow
        conflation get a tick only when no newer one of its contract was waiting."""
        route = self._routes[Tick]
        if self._conflating or not any(
            s.conflates and not s.background for s in route.subscriptions
        ):
            return
        self._conflating = True
        pending = Counter(event.instrument for event in market if isinstance(event, Tick))

        def count_down(tick: Tick) -> None:
            pending[tick.instrument] -= 1

        def newest_only(handler: Handler) -> Handler:
            def deliver(tick: Tick) -> None:
                if pending[tick.instrument] > 0:
                    self.counters["conflated"] += 1
                else:
                    handler(tick)

            return deliver

        route.wrap(count_down, newest_only)

    def _end_conflation(self) -> None:
        self._conflating = False
        self._routes[Tick].rebuild()
