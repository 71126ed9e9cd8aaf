"""The one scheduler of ``ReqQry…`` of a trading line (FACTS A5).

The API lets one query be in flight, the front so many a second; what comes too early is answered
with error 90 or not sent at all. So: one queue, one in flight, the next not before the answer has
come and the interval since the last send is over; what was not executed goes back to the head.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping

from loguru import logger

from homalos.gateway.ctp.errors import BUSY_QUERY, NO_ANSWER
from homalos.gateway.ctp.link import CallLater, Handle, Noise
from homalos.gateway.ctp.seams import Done, Failed, Row, Value

__all__ = ["Queries"]

RETRIES = 3
"""How often a query without an answer is asked again before it has failed."""
IN_FLIGHT = -2
"""CTP's return code: a query is unanswered, and the API takes no other."""
MARGIN = 1.05
"""Over the front's own interval: its second is not ours."""

Send = Callable[[str, Mapping[str, Value], int], int]
"""``port.request``: name, fields, request id; 0 or CTP's -1, -2, -3."""


class _Query:
    __slots__ = ("background", "done", "failed", "fields", "key", "name", "rows", "timeouts")

    def __init__(
        self, name: str, fields: Mapping[str, Value], done: Done, failed: Failed, key: str,
        background: bool,
    ) -> None:  # fmt: skip
        self.name = name
        self.fields = fields
        self.done = done
        self.failed = failed
        self.key = key
        self.background = background
        self.rows: list[Row] = []
        self.timeouts = 0


class Queries:
    """See the module. ``request_id`` gives the next id of the line's requests; ``monotonic`` is in
    nanoseconds. ``timeout``: so long without a row; ``busy``: the wait after a query was not
    executed; all in seconds. ``deaf`` is told when the API has waited for an answer that was given
    up for one timeout more: it takes no query any more, and nothing but a new API object helps."""

    def __init__(
        self,
        send: Send,
        request_id: Callable[[], int],
        call_later: CallLater,
        monotonic: Callable[[], int],
        *,
        interval: float = 1.05,
        timeout: float = 10.0,
        busy: float = 1.05,
        deaf: Callable[[], None] = lambda: None,
    ) -> None:
        self._send = send
        self._request_id = request_id
        self._call_later = call_later
        self._monotonic = monotonic
        self._configured = self._interval = interval
        self._timeout = timeout
        self._busy = busy
        self._deaf = deaf
        self._blocked_at: int | None = None
        self._waiting: tuple[deque[_Query], deque[_Query]] = (deque(), deque())
        """The queue, and the one in the background."""
        self._flying: _Query | None = None
        self._request = 0
        self._running = False
        self._not_before = 0
        self._heard = 0
        self._pump: Handle | None = None
        self._alarm: Handle | None = None
        self._delays = Noise()

    def start(self, per_second: int) -> None:
        """The line is logged in; nothing leaves before. ``per_second``: what the front allows, as
        ``front_info`` tells; 0: not told, the configured interval holds."""
        self._interval = MARGIN / per_second if per_second > 0 else self._configured
        self._running = True
        self._next()

    def ask(
        self,
        name: str,
        fields: Mapping[str, Value],
        done: Done,
        failed: Failed,
        *,
        key: str = "",
        background: bool = False,
    ) -> None:
        """Queue one; see ``seams.Queries``. ``done`` gets the rows when all are there."""
        query = _Query(name, fields, done, failed, key, background)
        queue = self._waiting[background]
        place = next((i for i, other in enumerate(queue) if key and other.key == key), None)
        if place is None:
            queue.append(query)
        else:
            queue[place] = query
        self._next()

    def on_response(
        self, name: str, data: Row | None, error: int, message: str, request: int, last: bool
    ) -> bool:
        """Whether it answered the query in flight (``OnRspError`` included). Answers to one that
        was given up, or of an earlier connection, are nobody's."""
        query = self._flying
        if query is None or request != self._request or not _answers(name, query.name):
            return False
        if error:
            self._refused(query, error, message)
            return True
        self._heard = self._monotonic()
        if data is not None:
            query.rows.append(data)
        if last or name == "OnRspError":
            self._land()
            query.done(query.rows)
            self._next()
        return True

    def reset(self) -> None:
        """The line is gone: forget what waits and what is in flight; nobody is called."""
        self._land()
        self._running = False
        self._not_before = 0
        self._blocked_at = None
        if self._pump is not None:
            self._pump.cancel()
            self._pump = None
        for queue in self._waiting:
            queue.clear()

    @property
    def idle(self) -> bool:
        """Nothing in flight, nothing waiting but in the background."""
        return self._flying is None and not self._waiting[0]

    # ------------------------------------------------------------ inside

    def _next(self) -> None:
        """Send the next one, or set a timer for it."""
        if not self._running or self._flying is not None or self._pump is not None:
            return
        queue = self._waiting[0] or self._waiting[1]
        if not queue:
            return
        wait = self._not_before - self._monotonic()
        if wait > 0:
            # Up, to a whole nanosecond at least: a timer that fires early would be set again.
            self._pump = self._call_later(math.nextafter(wait / 1e9, math.inf), self._due)
            return
        self._launch(queue.popleft())

    def _due(self) -> None:
        self._pump = None
        self._next()

    def _launch(self, query: _Query) -> None:
        query.rows = []
        self._request = self._request_id()
        self._flying = query
        self._wait(self._interval)
        code = self._send(query.name, query.fields, self._request)
        if code:
            self._again(query, f"return code {code}")
            self._blocked(code)
            return
        self._blocked_at = None
        self._heard = self._monotonic()
        self._watch(query, self._timeout)

    def _blocked(self, code: int) -> None:
        now = self._monotonic()
        if code != IN_FLIGHT:
            self._blocked_at = None
        elif self._blocked_at is None:
            self._blocked_at = now
        elif now - self._blocked_at >= self._timeout * 1e9:
            self._blocked_at = None
            self._call_later(0, self._deaf)

    def _watch(self, query: _Query, seconds: float) -> None:
        self._alarm = self._call_later(seconds, lambda: self._silent(query))

    def _refused(self, query: _Query, error: int, message: str) -> None:
        if error in BUSY_QUERY:
            self._again(query, f"{error} {message}")
            return
        self._land()
        query.failed(error, message)
        self._next()

    def _again(self, query: _Query, why: str) -> None:
        """It was not executed: back to the head, a while later."""
        if self._delays.heard():
            logger.warning("ctp td: {} put off: {} ({} x)", query.name, why, self._delays.count)
        self._land()
        self._wait(self._busy)
        self._waiting[query.background].appendleft(query)
        self._next()

    def _silent(self, query: _Query) -> None:
        """Nothing in time, neither a row: asked again, and in the end failed. It is never waited
        for without end: a gate that opens on ``last`` alone may stay shut all day."""
        self._alarm = None
        left = self._heard + round(self._timeout * 1e9) - self._monotonic()
        if left > 0:
            self._watch(query, left / 1e9)
            return
        query.timeouts += 1
        if query.timeouts < RETRIES:
            self._again(query, f"no answer for {self._timeout:g} s")
            return
        self._land()
        query.failed(NO_ANSWER, f"no answer for {self._timeout:g} s, {RETRIES} x / 查询无应答")
        self._next()

    def _land(self) -> None:
        self._flying = None
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _wait(self, seconds: float) -> None:
        self._not_before = max(self._not_before, self._monotonic() + round(seconds * 1e9))


def _answers(callback: str, request: str) -> bool:
    """``OnRspQryOrder`` answers ``ReqQryOrder``; ``OnRspError`` answers any."""
    return callback == "OnRspError" or callback.removeprefix("OnRsp") == request.removeprefix("Req")
