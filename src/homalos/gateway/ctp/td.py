"""The trading line: logs in, confirms the settlement, asks for all that is so, and only then takes
orders (FACTS A3, A18).

Nothing leaves before READY, and the flow's replay of the day is merged without a word until then:
the snapshot that the core asks for at READY tells it all at once. After a reconnect on the same day
the flow is handed on at once, since only what is new in it is told.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from homalos.config.secrets import Secret
from homalos.config.sections.ctp import CtpSection
from homalos.ctp.records import OrderRow, TradeRow
from homalos.gateway.ctp.clocks import clock_offset
from homalos.gateway.ctp.convert import Contracts, DayClock
from homalos.gateway.ctp.errors import NOT_LOGGED_IN, dropped
from homalos.gateway.ctp.identity import Identity
from homalos.gateway.ctp.link import PATIENT, Backoff, CallLater, Link, State
from homalos.gateway.ctp.login import Login
from homalos.gateway.ctp.orders import Orders
from homalos.gateway.ctp.queries import Queries
from homalos.gateway.ctp.seams import Row, TdPort, Value
from homalos.gateway.ctp.snapshot import Answer, Snapshots
from homalos.gateway.protocol import LineHealth
from homalos.kernel.clock import Clock, wall_ns
from homalos.model.enums import Channel, Severity
from homalos.model.event import Event
from homalos.model.ids import AccountId
from homalos.model.times import MILLISECOND, SECOND

_S = State
BUSY = 10
"""So many times ``quiet_ms`` is waited for silence: an account that others trade all the time never
falls silent, and what its flow tells is in the snapshot too."""


_LOGGED_IN = frozenset({_S.LOGGED_IN, _S.CONFIRMED, _S.QUERYING, _S.READY})
_TRADING = frozenset({"OnRspOrderInsert", "OnRspOrderAction"})
"""Answers whose order or cancel must hear of them."""


class TdOwner(Protocol):
    """What the line tells the gateway."""

    def logged_in(self, trading_day: int, offset: int) -> None:
        """Day of the login, and the exchange's clock less the machine's (ns)."""

    def listed(self, rows: list[Row]) -> None:
        """All contracts of the venue."""

    def terms(self, row: Row) -> None:
        """``OnRspQryBrokerTradingParams``."""

    def ready(self) -> None: ...

    def down(self, reason: str) -> None:
        """It was ready, and is not any more."""

    def renew(self, why: str) -> None:
        """Nothing but a new API object helps."""

    def tell(self, event: Event) -> None: ...

    def alarm(self, severity: Severity, text: str) -> None: ...

    def status(self, row: Row) -> None:
        """``OnRtnInstrumentStatus``"""

    def numbered(self) -> None:
        """An order may have got its number: cancels that wait for one."""


class TdLine:
    """See the module: a ``TdSink``. ``open_port`` makes the port anew at each ``start``. All calls
    on the loop's thread."""

    def __init__(
        self,
        section: CtpSection,
        account: AccountId,
        password: Secret | None,
        auth_code: Secret | None,
        owner: TdOwner,
        *,
        clock: Clock,
        call_later: CallLater,
        identity: Identity,
        contracts: Contracts,
        dates: DayClock,
        statements: Path,
        open_port: Callable[[], TdPort],
        backoff: Backoff = PATIENT,
    ) -> None:
        self._section = section
        self._account = account
        self.user = section.user or account
        self._owner = owner
        self._clock = clock
        self._contracts = contracts
        self._dates = dates
        self._open_port = open_port
        self._whose: dict[str, Value] = {"BrokerID": section.broker, "InvestorID": account}
        self.port: TdPort | None = None
        self.link = Link(Channel.TRADING, clock, call_later, owner.alarm, backoff=backoff)
        self.orders = Orders(
            account, identity, contracts, dates, clock.now,
            lambda text: owner.alarm(Severity.WARNING, f"ctp td: {text}"),
        )  # fmt: skip
        self.queries = Queries(
            self._request_now, self.next_request, call_later, clock.monotonic,
            interval=section.query_interval_ms / 1_000, timeout=section.query_timeout_s,
            deaf=lambda: owner.renew("a query was never answered / 查询无应答"),
        )  # fmt: skip
        self.snapshots = Snapshots(
            self.queries, self.orders, contracts, clock, account, section.broker
        )
        self._login = Login(
            section, account, self.user, password, auth_code, self.link, self.queries, identity,
            request=self._request_now, next_request=self.next_request, statements=statements,
            now=clock.now, tell=owner.tell, alarm=owner.alarm, entered=self._entered,
            settled=self._ask_all, renew=owner.renew,
        )  # fmt: skip
        self.is_ready = False
        self.trading_day = 0
        self._released = False
        """The flow is handed on; before, it is merged without a word."""
        self._listed_day = 0
        self._held: list[OrderRow | TradeRow] | None = []
        """Rows that came before the contracts were known."""
        self._requests = 0
        self._heard_at = self._flow_at = self._known_at = 0

    # ------------------------------------------------------------ what the gateway calls

    def start(self) -> None:
        """Make the port and open it. What making it raises leaves the line as it was."""
        if self.port is not None:
            return
        port = self._open_port()
        if self.link.state is _S.STOPPED:
            self.link.enter(_S.DOWN)
        port.set_account(self._section.broker, self._account, self.user)
        self.port = port
        port.open(self._section.td_fronts)

    def stop(self, reason: str) -> None:
        """Close; tells the line down where it was up. Orders stay at the venue."""
        port = self.port
        if port is None:
            return
        self.link.enter(_S.CLOSING)
        self._went_down(reason)
        self.port = None
        port.close()
        self.link.enter(_S.STOPPED)

    def drain(self) -> int:
        """Deliver what the library has told."""
        return 0 if self.port is None else self.port.drain(self)

    def health(self) -> LineHealth:
        return self.link.health()

    def tell(self, event: Event) -> None:
        self._owner.tell(event)

    def alarm(self, severity: Severity, text: str) -> None:
        self._owner.alarm(severity, f"ctp td: {text}")

    def next_request(self) -> int:
        self._requests += 1
        return self._requests

    # ------------------------------------------------------------ the library: connection

    def on_connected(self) -> None:
        if self.link.state in (_S.CLOSING, _S.STOPPED):
            return
        self._went_down("connected anew / 重新连接")
        self.link.enter(_S.CONNECTED)
        self.link.begin(self._login.begin)

    def on_disconnected(self, reason: int) -> None:
        self._went_down(dropped(reason))
        self.link.lost(reason)

    def _went_down(self, reason: str) -> None:
        self.queries.reset()
        self.snapshots.reset()
        if self.is_ready:
            self.is_ready = False
            self._owner.down(reason)

    # ------------------------------------------------------------ the library: answers

    def on_response(
        self, name: str, data: Row | None, error: int, message: str, request: int, last: bool
    ) -> None:
        self._heard_at = self._clock.monotonic()
        dead = error == NOT_LOGGED_IN and self.link.state in _LOGGED_IN
        if dead and name not in _TRADING:
            self._session_lost(name, message)
            return
        if self.queries.on_response(name, data, error, message, request, last):
            return
        self._answered(name, data, error, message, request)
        if dead:
            self._session_lost(name, message)

    def _answered(
        self, name: str, data: Row | None, error: int, message: str, request: int
    ) -> None:
        if name == "OnRspOrderInsert":
            if error and data is not None:
                self._hand_on(self.orders.on_insert_error(data, error, message))
        elif name == "OnRspOrderAction":
            if error and data is not None:
                self._hand_on(self.orders.on_action_error(data, error, message))
        elif not self._login.on_response(name, data or {}, error, message, request) and error:
            self.alarm(Severity.ERROR, f"{name}: {error} {message}")

    def _session_lost(self, name: str, message: str) -> None:
        """Whatever is sent would be answered so: log in anew, over another API object."""
        text = f"{name}: {NOT_LOGGED_IN} {message}"
        self.link.dead(name, NOT_LOGGED_IN, message, lambda: self._owner.renew(text))
        self._went_down(text)

    def on_notice(self, name: str, data: Row | None, error: int, message: str) -> None:
        self._heard_at = self._clock.monotonic()
        if data is None:
            return
        if name == "OnRtnInstrumentStatus":
            self._owner.status(data)
        elif name == "OnErrRtnOrderInsert":
            self._hand_on(self.orders.on_insert_error(data, error, message))
        elif name == "OnErrRtnOrderAction":
            text = message or str(data.get("StatusMsg", ""))
            self._hand_on(self.orders.on_action_error(data, error, text))
        elif name == "OnRtnTradingNotice":
            text = str(data.get("FieldContent", "")).strip()
            self.alarm(Severity.WARNING, f"notice of the broker / 期货公司通知: {text}")

    def on_order(self, row: OrderRow) -> None:
        self._heard_at = self._flow_at = self._clock.monotonic()
        if self._held is not None:
            self._held.append(row)
            return
        self._hand_on(self.orders.on_order(row))
        self._owner.numbered()

    def on_trade(self, row: TradeRow) -> None:
        self._heard_at = self._flow_at = self._clock.monotonic()
        if self._held is not None:
            self._held.append(row)
        else:
            self._hand_on(self.orders.on_trade(row))

    def _hand_on(self, events: list[Event]) -> None:
        if self._released:
            for event in events:
                self._owner.tell(event)

    # ------------------------------------------------------------ logged in

    def _request_now(self, name: str, fields: Any, request: int) -> int:
        return -1 if self.port is None else self.port.request(name, fields, request)

    def _entered(self, day: int, data: Row) -> None:
        """Logged in: flow and queries begin."""
        self._flow_at = self._clock.monotonic()
        if day != self.trading_day:
            self.trading_day = self.snapshots.trading_day = day
            self._released = False
            self._held = []
            self.orders.new_day()
            self._dates.set(day)
            self._contracts.set_day(day)
        self._owner.logged_in(day, clock_offset(data, wall_ns()) or 0)
        self.queries.start(0 if self.port is None else self.port.front_info()[0])

    def _fail(self, what: str, code: int, text: str) -> None:
        self.link.fail(what, code, text, self._ask_all)

    # ------------------------------------------------------------ questions, ready

    def _ask_all(self) -> None:
        """Contracts and the broker's terms once a day, the rest after every login."""
        if self.link.state is not _S.QUERYING:
            self.link.enter(_S.QUERYING)
        if self._listed_day == self.trading_day:
            self._ask_snapshot()
            return
        self.queries.ask(
            "ReqQryInstrument", {}, self._listed,
            lambda code, text: self._fail("contracts / 合约查询", code, text),
        )  # fmt: skip

    def _listed(self, rows: list[Row]) -> None:
        if not rows:
            self._fail("contracts / 合约查询", 0, "the venue lists no contract / 无合约")
            return
        self._listed_day = self.trading_day
        self._owner.listed(rows)
        held, self._held = self._held or [], None
        for row in held:
            if isinstance(row, OrderRow):
                self.orders.on_order(row)
            else:
                self.orders.on_trade(row)
        self.queries.ask(
            "ReqQryBrokerTradingParams", {**self._whose, "CurrencyID": "CNY"}, self._termed,
            lambda code, text: self._termed([]),
        )  # fmt: skip

    def _termed(self, rows: list[Row]) -> None:
        """Not every broker tells its terms: the configured ones stand then."""
        if rows:
            self._owner.terms(rows[0])
        self._ask_snapshot()

    def _ask_snapshot(self) -> None:
        self.snapshots.take(
            self._known, lambda name, code, text: self._fail(f"{name} / 查询", code, text)
        )

    def _known(self, answer: Answer) -> None:
        self._known_at = self._clock.monotonic()
        self._when_quiet()

    def _when_quiet(self) -> None:
        """No marker ends the replay of the private flow: silence does (A3)."""
        span = self._section.quiet_ms * MILLISECOND
        until = min(self._flow_at + span, self._known_at + BUSY * span)
        left = until - self._clock.monotonic()
        if left > 0:
            self.link.later(left / SECOND, self._when_quiet)
            return
        self.link.enter(_S.READY)
        self.is_ready = self._released = True
        self._heard_at = self._clock.monotonic()
        self.link.later(self._section.probe_s, self._probe)
        self._owner.ready()

    def _probe(self) -> None:
        """A half-dead line looks quiet: ask something cheap after long silence (A18)."""
        self.link.later(self._section.probe_s, self._probe)
        if self._clock.monotonic() - self._heard_at < self._section.probe_s * SECOND:
            return
        self.queries.ask(
            "ReqQryTradingAccount", {**self._whose, "CurrencyID": "CNY"}, _nothing,
            self._dumb, key="probe", background=True,
        )  # fmt: skip

    def _dumb(self, code: int, text: str) -> None:
        said = f"the trading line does not answer: {code} {text} / 交易线路无应答"
        self.alarm(Severity.ERROR, said)


def _nothing(rows: list[Row]) -> None:
    """The line lives: ``_heard_at`` says so."""
