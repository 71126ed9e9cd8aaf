"""Making a run again from its journal: ingress is put in where it came in, outcomes are compared.

The journal says of each record how many events the bus had dispatched before it (``step``). So the
replay dispatches up to there and puts the record in, and the bus takes the same way again, slice
limits and threads of the first run notwithstanding. What handlers conclude (``record``) must be the
next record. The first difference is kept; nothing is compared after it.
"""

from collections.abc import Callable, Iterator

from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.kernel.limits import Limits
from homalos.kernel.records import JournalRecord, Kind
from homalos.kernel.timers import Timer, Timers
from homalos.model.catalogue import Lane
from homalos.model.event import Event


class Cursor:
    """The next record of the run, and what was found so far."""

    def __init__(self, records: Iterator[JournalRecord]) -> None:
        self._records = records
        self.record: JournalRecord | None = None
        self.ingress = 0
        self.outcomes = 0
        self.checkpoints = 0
        self.difference: str | None = None
        self.advance()

    def advance(self) -> None:
        self.record = next(self._records, None)

    def differs(self, text: str) -> None:
        """Keep the first difference, with its place."""
        if self.difference is None:
            self.difference = f"{_place(self.record)}: {text}"

    def concluded(self, event: Event) -> None:
        """A handler has concluded ``event``: the journal must say the same."""
        if self.difference is not None:
            return
        record = self.record
        if record is None:
            return  # the process died before it came so far
        if record.kind is not Kind.OUTCOME:
            self.differs(f"the replay concludes {event}, the journal nothing")
            return
        written = record.event()
        if written != event:
            self.differs(f"the journal says {written}, the replay {event}")
            return
        self.outcomes += 1
        self.advance()

    def take(self, kind: type[Event], matches: Callable[[Event], bool]) -> Event | None:
        """The next record, taken, if it is one of ``kind`` that ``matches``."""
        record = self.record
        if record is None or self.difference is not None or record.name() != kind.__name__:
            return None
        event = record.event()
        if not matches(event):
            return None
        self.advance()
        return event


def _place(record: JournalRecord | None) -> str:
    if record is None:
        return "behind the last record"
    return f"seq {record.seq}, segment {record.segment}, byte {record.offset}"


class ReplayBus(Bus):
    """A bus that nobody posts to: what enters comes by ``feed``."""

    def __init__(self, clock: SimClock, limits: Limits, cursor: Cursor) -> None:
        super().__init__(clock, limits)
        self.cursor = cursor

    def post(self, event: Event) -> None:
        """What was posted then is in the journal."""

    def note(self, event: Event) -> None:
        """As above."""

    def record(self, event: Event, kind: Kind = Kind.OUTCOME) -> None:
        if kind is Kind.OUTCOME:
            self.cursor.concluded(event)

    def publish(self, event: Event) -> None:
        """Without a page, a store and logs, most of the background has no listener."""
        route = self._routes[event.__class__]
        if route.lane is not Lane.BACKGROUND or route.handlers:
            route.append(event)

    def feed(self, event: Event) -> None:
        """Put an ingress event into its lane."""
        self.seq += 1
        self._routes[event.__class__].append(event)

    def run_to(self, step: int) -> None:
        """Dispatch until ``step`` events have been dispatched since the beginning."""
        while self.step < step and self.cursor.difference is None:
            if not self._dispatch_next():
                self.cursor.differs(f"{step} events were dispatched then, {self.step} now")
        if not any(self._lanes[: Lane.BACKGROUND]):
            self._drain_background()

    def run_out(self) -> None:
        """Behind the last record: what it still leads to."""
        while self._dispatch_next() and self.cursor.difference is None:
            pass

    def _dispatch_next(self) -> bool:
        for lane in self._lanes[: Lane.BACKGROUND]:
            if lane:
                self.step += 1
                self._handle(lane.popleft())
                return True
        return self._drain_background() and any(self._lanes[: Lane.BACKGROUND])

    def _drain_background(self) -> bool:
        """Core handlers of background events; whether there were any."""
        lane = self._lanes[Lane.BACKGROUND]
        had = bool(lane)
        while lane:
            self._handle(lane.popleft())
        return had

    def _handle(self, event: Event) -> None:
        route = self._routes[event.__class__]
        for handler in route.handlers:
            try:
                handler(event)
            except Exception as error:  # noqa: BLE001  isolation, as in the run itself
                self._failed(route, handler, event, error)


class ReplayTimers(Timers):
    """Nothing fires by time: the journal says which timer fired when."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus)
        self._waiting: dict[int, Timer] = {}

    def _push(self, when: int, callback: Callable[[], None], number: int) -> Timer:
        self._made += 1
        timer = Timer(when, self._made, callback, number)
        if number:
            self._waiting[number] = timer
        return timer

    def run(self, number: int) -> bool:
        """Fire the ``number``-th timer of the core; ``False``: there is none."""
        timer = self._waiting.pop(number, None)
        if timer is None or timer.callback is None:
            return False
        timer.callback()
        return True
