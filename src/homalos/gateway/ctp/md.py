"""The market data line: logs in after trading, keeps what is subscribed, watches that ticks come.

A subscription does not survive a reconnect, a front that is asked for too much at once drops the
line, and a feed that has died looks like a quiet market (FACTS A3, A13, A18).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from homalos.config.secrets import Secret
from homalos.config.sections.ctp import CtpSection
from homalos.ctp.abi import FieldError
from homalos.gateway.ctp.clocks import clock_offset, on_its_day
from homalos.gateway.ctp.convert import DayClock
from homalos.gateway.ctp.errors import Reaction, cause, dropped, unfit
from homalos.gateway.ctp.link import PATIENT, Backoff, CallLater, Link, State
from homalos.gateway.ctp.seams import MdPort, Row
from homalos.gateway.ctp.subscriptions import Subscriptions
from homalos.gateway.ctp.watch import FeedWatch
from homalos.gateway.protocol import LineHealth
from homalos.kernel.clock import Clock, wall_ns
from homalos.market.sessions import Sessions
from homalos.model.enums import Channel, Severity
from homalos.model.event import Event
from homalos.model.events import AlertRaised, ConnectionChanged
from homalos.model.ids import InstrumentId
from homalos.model.market import Instrument, Tick
from homalos.model.times import SECOND, china_midnight, china_time_of_day, to_date

__all__ = ["MdLine"]

NOT_YET = 3
"""A front with ``LoginVerify`` answers this until the user is logged in to trading (A3)."""
SOURCE = "ctp md"
AT_ONCE = 32
"""Ticks taken in one go: strategies hear the first of a burst before its last is looked at."""


def _nowhere(tick: Tick) -> None:
    """Ticks of a line that is closed."""


def _unheard(offset: int) -> None:
    """Nobody follows the exchange's clock."""


class MdLine:
    """See the module. ``open_port`` makes the port anew at each ``start``; what it raises goes to
    the caller. ``follows``: the user must be in trading first; else (paper trading) the line logs
    in at once, and takes day and clock from its own login. All calls on the loop's thread.
    """

    on_tick: Callable[[Tick], None]
    """Of the sink: the quality gate itself, once nothing has to be learned of a contract."""

    def __init__(
        self,
        section: CtpSection,
        user: str,
        password: Secret | None,
        *,
        clock: Clock,
        call_later: CallLater,
        sessions: Sessions,
        open_port: Callable[[], MdPort],
        name: str = "ctp",
        follows: bool = True,
        on_login: Callable[[int], None] = _unheard,
        backoff: Backoff = PATIENT,
    ) -> None:
        """``on_login``: told the exchange's clock less ours (ns) at each login of a line that does
        not follow."""
        self._section = section
        self._user = user
        self._password = password
        self._clock = clock
        self._sessions = sessions
        self._open_port = open_port
        self._name = name
        self._follows = follows
        self._on_login = on_login
        self._link = Link(
            Channel.MARKET_DATA, clock, call_later, self._alarm, backoff=backoff,
            patient=frozenset({NOT_YET}) if follows else frozenset(),
        )  # fmt: skip
        self._subscriptions = Subscriptions(self._link, self._send, self._taught)
        self._watch = FeedWatch(
            sessions, clock, self._subscriptions, self._alarm, section.stale_feed_s
        )
        self._port: MdPort | None = None
        self._post: Callable[[Event], None] | None = None
        self._admit: Callable[[Tick], None] = _nowhere
        self.on_tick = _nowhere
        self._trading_in = False
        self._day = 0
        self._offset = 0
        self._request = 0
        self._logged_at = -SECOND

    # ------------------------------------------------------------ what the gateway calls

    def start(self, post: Callable[[Event], None], admit: Callable[[Tick], None]) -> None:
        """Make the port and open it. What making it raises leaves the line as it was."""
        if self._port is not None:
            return
        port = self._open_port()
        if self._link.state is State.STOPPED:
            self._link.enter(State.DOWN)
        self._port, self._post, self._admit = port, post, admit
        self._taught()
        for instrument in self._subscriptions.listed():
            self._list(port, instrument)
        port.open(self._section.md_fronts)

    def stop(self, reason: str) -> None:
        """Close; tells the line down where it was up. Subscriptions are kept for a new start."""
        port, post = self._port, self._post
        if port is None or post is None:
            return
        was_ready = self._link.state is State.READY
        self._link.enter(State.CLOSING)
        self._port, self._post = None, None
        self.on_tick = self._admit = _nowhere
        self._trading_in = False
        port.close()
        self._link.enter(State.STOPPED)
        if was_ready:
            self._tell(post, False, reason)

    def trading_ready(self, trading_day: int, exchange_offset: int) -> None:
        """TD is READY (also again): now the line may log in. ``exchange_offset``: the exchange's
        clock less ours, ns."""
        self._offset = exchange_offset
        self._trading_in = True
        self._set_day(trading_day)
        if self._link.state is State.CONNECTED:
            self._link.begin(self._log_in)

    def trading_day(self, trading_day: int) -> None:
        """A new trading day at a TD login."""
        self._set_day(trading_day)

    def list(self, instruments: Iterable[Instrument]) -> None:
        """Contracts whose ticks may come; what waits for one is subscribed now."""
        for instrument in instruments:
            if self._subscriptions.list(instrument) and self._port is not None:
                self._list(self._port, instrument)
        self._taught()

    def subscribe(self, instruments: Iterable[InstrumentId]) -> None:
        """Add to the set that is kept over reconnects; unlisted ones wait until they are."""
        self._subscriptions.add(instruments)

    def health(self) -> LineHealth:
        health = self._link.health()
        silent = self._watch.silent
        return replace(health, message=silent) if health.ready and silent else health

    def fileno(self) -> int | None:
        """To be watched; ``None``: not open."""
        return None if self._port is None else self._port.fileno()

    def drain(self) -> int:
        """Deliver what the library has told."""
        return 0 if self._port is None else self._port.drain(self, AT_ONCE)

    # ------------------------------------------------------------ what the library tells

    def on_connected(self) -> None:
        if self._link.state in (State.CLOSING, State.STOPPED):
            return
        self._went_down("connected anew / 重新连接")
        self._link.enter(State.CONNECTED)
        if self._trading_in or not self._follows:
            self._link.begin(self._log_in)

    def on_disconnected(self, reason: int) -> None:
        self._went_down(dropped(reason))
        self._link.lost(reason)

    def on_response(
        self, name: str, data: Row | None, error: int, message: str, request: int, last: bool
    ) -> None:
        if name == "OnRspUserLogin" or (name == "OnRspError" and request == self._request):
            if request == self._request and self._link.state is State.CONNECTED:
                self._answered(data or {}, error, message)
        elif error:
            symbol = (data or {}).get("InstrumentID", "")
            self._alarm(Severity.ERROR, f"ctp md: {name} {symbol}: {error} {message}")

    def on_notice(self, name: str, data: Row | None, error: int, message: str) -> None:
        """Quotes and the like, which nobody here asked for."""

    # ------------------------------------------------------------ logging in

    def _log_in(self) -> None:
        """Once a second at the most: a front takes no more."""
        port = self._port
        if port is None or self._link.state is not State.CONNECTED:
            return
        left = self._logged_at + SECOND - self._clock.monotonic()
        if left > 0:
            self._link.later(left / SECOND, self._log_in)
            return
        self._logged_at = self._clock.monotonic()
        self._request += 1
        fields = {
            "BrokerID": self._section.broker,
            "UserID": self._user,
            "Password": "" if self._password is None else self._password.reveal(),
        }
        try:
            code = port.request("ReqUserLogin", fields, self._request)
        except FieldError as error:
            self._link.give_up("login", unfit(error))
            return
        if code:
            self._link.fail("login", code, f"return code {code}", self._log_in)
        else:
            self._link.expect("login", self._section.login_timeout_s, self._log_in)

    def _answered(self, data: Row, error: int, message: str) -> None:
        if error and cause(error).reaction is not Reaction.LOGGED_IN:
            self._link.fail("login", error, message, self._log_in)
            return
        if not self._follows:
            day = _day(data.get("TradingDay", "")) or self._day
            self._offset = self._exchange_offset(data, day)
            self._set_day(day)
            self._on_login(self._offset)
        self._link.enter(State.LOGGED_IN)
        self._link.enter(State.READY)
        if self._post is not None:
            self._tell(self._post, True, "")
        self._subscriptions.restore()
        if self._port is not None:
            self._watch.begin(self._port.stats())
        self._link.later(self._watch.period, self._look)

    def _exchange_offset(self, login: Row, trading_day: int) -> int:
        wall = wall_ns()
        offset = clock_offset(login, wall)
        if offset is None or not trading_day:
            return offset or 0
        dates = DayClock(self._sessions.calendar)
        dates.set(trading_day)
        return on_its_day(offset, wall, dates.instant(china_time_of_day(wall + offset)))

    def _look(self) -> None:
        if self._port is not None:
            self._watch.look(self._port.stats())
            self._link.later(self._watch.period, self._look)

    def _set_day(self, trading_day: int) -> None:
        """Day and date rule of the ticks (A14)."""
        self._day = trading_day
        port = self._port
        if port is None or not trading_day:
            return
        port.set_trading_day(trading_day)
        if self._section.clock == "market":
            before = self._sessions.calendar.previous_day(trading_day)
            port.dates_by_day(china_midnight(before), china_midnight(trading_day))
        else:
            port.dates_by_clock(self._offset)

    # ------------------------------------------------------------ contracts

    def _list(self, port: MdPort, instrument: Instrument) -> None:
        port.list(
            instrument.symbol,
            instrument.id,
            self._subscriptions.turnover_factor(instrument),
            instrument.exchange == "CZCE",
        )

    def _send(self, wire_ids: Sequence[str]) -> int:
        return -1 if self._port is None else self._port.subscribe(wire_ids)

    def _taught(self) -> None:
        """Whether ticks must still be looked at, or go straight to the gate."""
        if self._port is not None:
            self.on_tick = self._first_tick if self._subscriptions.untaught else self._admit

    def _first_tick(self, tick: Tick) -> None:
        instrument = self._subscriptions.learn(tick)
        if instrument is not None:
            factor = self._subscriptions.turnover_factor(instrument)
            if factor != 1.0 and tick.turnover is not None:
                tick = replace(tick, turnover=tick.turnover * factor)
            if self._port is not None:
                self._list(self._port, instrument)
            self._taught()
        self._admit(tick)

    # ------------------------------------------------------------ telling

    def _went_down(self, reason: str) -> None:
        if self._link.state is State.READY and self._post is not None:
            self._tell(self._post, False, reason)

    def _tell(self, post: Callable[[Event], None], up: bool, reason: str) -> None:
        now = self._clock.now()
        post(ConnectionChanged(self._name, Channel.MARKET_DATA, up, reason, now))

    def _alarm(self, severity: Severity, text: str) -> None:
        if self._post is not None:
            self._post(AlertRaised(severity, SOURCE, text, self._clock.now()))


def _day(text: Any) -> int:
    """``TradingDay`` of a login; 0 where it is no day."""
    try:
        day = int(text)
        to_date(day)
    except (TypeError, ValueError):
        return 0
    return day
