"""Gateway ``ctp``: a broker's trading and market data fronts as one venue.

The two lines live and die apart; trading logs in first. ``drive`` gives the loop, ``connect`` opens
both. What the library tells is drained on the loop's thread and posted; then the bus runs at once.
"""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from homalos.config.secrets import Secret
from homalos.config.sections.ctp import CtpSection
from homalos.gateway.ctp.clocks import on_its_day
from homalos.gateway.ctp.convert import Contracts, DayClock
from homalos.gateway.ctp.identity import Identity
from homalos.gateway.ctp.link import PATIENT, Backoff, Handle
from homalos.gateway.ctp.md import MdLine
from homalos.gateway.ctp.phases import PhaseBoard
from homalos.gateway.ctp.rates import Rates
from homalos.gateway.ctp.readers import Readers
from homalos.gateway.ctp.seams import MdPort, Row, TdPort
from homalos.gateway.ctp.sending import Sender
from homalos.gateway.ctp.shadow import SHADOW_FILE, Entry, Shadow
from homalos.gateway.ctp.snapshot import Answer
from homalos.gateway.ctp.td import TdLine
from homalos.gateway.ctp.terms import BrokerTerms
from homalos.gateway.protocol import Approved, Gateway, LineHealth, OpaquePosition, VenueSnapshot
from homalos.kernel.clock import Clock, wall_ns
from homalos.kernel.timers import Timers
from homalos.market.products import Products
from homalos.market.sessions import Sessions
from homalos.model.enums import Channel, Severity
from homalos.model.event import Event
from homalos.model.events import (
    AlertRaised,
    ConnectionChanged,
    InstrumentListed,
    TradeReported,
    TradingDayChanged,
)
from homalos.model.ids import AccountId, InstrumentId
from homalos.model.market import Fees, Instrument, Rate, Tick
from homalos.model.times import china_time_of_day
from homalos.model.trading import Order

PASSWORD, AUTH_CODE = "ctp_password", "ctp_auth_code"
FOLDER = "gateway"
EVERYTHING = "*"


def ignored(offset: int) -> None:
    """Nobody follows the exchange's clock."""


def _at_once(source: Callable[[], object]) -> None:
    source()


class CtpGateway(Gateway):
    """See the module. ``data``: the data folder; ``run``: this start's number, as order ids bear
    it. ``serve``: drains through it, so that the bus runs right after (``Bus.serve``). ``on_clock``
    is told the exchange's clock less the machine's (ns) at each login. ``wanted_terms``: what the
    books reckon with; an alert tells where the broker's differ."""

    name = "ctp"
    simulated = False

    def __init__(
        self,
        clock: Clock,
        timers: Timers,
        section: CtpSection,
        account: AccountId,
        secrets: Callable[[str], Secret | None],
        products: Products,
        sessions: Sessions,
        data: Path,
        run: int,
        *,
        open_md: Callable[[], MdPort],
        open_td: Callable[[], TdPort],
        serve: Callable[[Callable[[], object]], None] = _at_once,
        on_clock: Callable[[int], None] = ignored,
        wanted_terms: BrokerTerms | None = None,
        backoff: Backoff = PATIENT,
    ) -> None:
        """Opens nothing. ``OSError``: the data folder cannot be written. ``SecretError``."""
        folder = data / FOLDER
        self._clock = clock
        self._section = section
        self._account = account
        self._loop: asyncio.AbstractEventLoop | None = None
        self._post: Callable[[Event], None] | None = None
        self._readers = Readers(serve, spin=section.consumer == "spin")
        self._on_clock = on_clock
        self._make_md = open_md
        self._md_port: MdPort | None = None
        self._wanted: set[InstrumentId] = set()
        self._contracts = Contracts(products)
        self._dates = DayClock(sessions.calendar)
        self._identity = Identity(
            folder, run, f"{data.resolve()} {clock.now()} {clock.monotonic()}"
        )
        password = secrets(PASSWORD)
        self._td = TdLine(
            section, account, password, secrets(AUTH_CODE), self,
            clock=clock, call_later=self._call_later, identity=self._identity,
            contracts=self._contracts, dates=self._dates, statements=folder / "statements",
            open_port=open_td, backoff=backoff,
        )  # fmt: skip
        self._md = MdLine(
            section, self._td.user, password, clock=clock, call_later=self._call_later,
            sessions=sessions, open_port=self._open_md, name=self.name, backoff=backoff,
        )  # fmt: skip
        self._rates = Rates(
            self._td.queries, folder / "ctp-rates.json", section.broker, account,
            self._rated, self.alarm,
        )  # fmt: skip
        self._phases = PhaseBoard(
            clock, timers, sessions, self._dates, self.tell,
            lambda text: self.alarm(Severity.WARNING, f"ctp td: {text}"),
        )  # fmt: skip
        self._shadow = Shadow(folder / SHADOW_FILE) if section.shadow else None
        self._sender = Sender(self._td, self._identity, self._contracts, clock, run, self._shadow)
        self._opaque: tuple[OpaquePosition, ...] = ()
        self._told_day = 0
        self._wanted_terms = wanted_terms
        self.broker_terms: BrokerTerms | None = None
        """How the broker computes margin and available money; ``None``: not told."""
        self.exchange_offset = 0
        """The exchange's clock less the machine's at the last login, ns."""

    # ------------------------------------------------------------ the lines

    def drive(self, loop: asyncio.AbstractEventLoop) -> None:
        """Live on this loop; once, before ``connect``."""
        self._loop = loop
        self._readers.loop = loop

    def connect(self, post: Callable[[Event], None], admit: Callable[[Tick], None]) -> None:
        """Open both lines; each is up when it says so (``ConnectionChanged``). What the library
        refuses (``LibraryError``, ``NativeMissingError``) is raised, and both stay closed. A
        second call while connected changes nothing."""
        if self._post is not None:
            return
        self._post = post
        try:
            self._td.start()
            self._md.start(post, admit)
        except BaseException:
            self.close()
            raise
        self._read()

    def _read(self) -> None:
        if self._td.port is not None:
            self._readers.add(self._td.port, self._td.drain)
        assert self._md_port is not None
        self._readers.add(self._md_port, self._md.drain)

    def _open_md(self) -> MdPort:
        self._md_port = self._make_md()
        return self._md_port

    def close(self) -> None:
        self._readers.clear()
        self._md.stop("closed")
        self._td.stop("closed")
        self._post = None

    def _call_later(self, delay: float, callback: Callable[[], None]) -> Handle:
        """What a timer tells is dispatched as what a line tells."""
        if self._loop is None:
            raise RuntimeError("CtpGateway.drive comes before connect")
        return self._loop.call_later(delay, self._readers.serve, callback)

    def health(self) -> tuple[LineHealth, ...]:
        return self._td.health(), self._md.health()

    def renew(self, why: str) -> None:
        """Another API object for the trading line, which logs in anew. Orders stay at the venue.
        Never called by the library."""
        if self._post is None:
            return
        text = f"{why}: the line is made anew / 重建交易线路"
        self.alarm(Severity.ERROR, f"ctp td: {text}")
        self._readers.clear()
        self._td.stop(text)
        try:
            self._td.start()
        finally:  # market data go on whatever becomes of it
            self._read()

    # ------------------------------------------------------------ requests

    def subscribe(self, instruments: Iterable[InstrumentId]) -> None:
        wanted = tuple(instruments)
        self._md.subscribe(wanted)
        known = (self._contracts.get(id_) for id_ in wanted)
        self._rates.want(item for item in known if item is not None)
        self._wanted.update(wanted)

    def send(self, order: Approved[Order]) -> int:
        return self._sender.insert(order.value)

    def cancel(self, order: Order) -> int:
        return self._sender.cancel(order)

    def query(self, account: AccountId, done: Callable[[VenueSnapshot], None]) -> None:
        if not self._td.is_ready or account != self._account:
            return
        self._td.snapshots.take(lambda answer: self._answered(answer, done), self._unanswered)

    def _answered(self, answer: Answer, done: Callable[[VenueSnapshot], None]) -> None:
        self._opaque = answer.opaque
        held = {position.instrument for position in answer.snapshot.positions}
        self._md.subscribe(sorted(held))
        self._rates.want(
            (item for id_ in sorted(held) if (item := self._contracts.get(id_)) is not None),
            held=True,
        )
        done(answer.snapshot)

    def _unanswered(self, name: str, code: int, text: str) -> None:
        self.alarm(Severity.ERROR, f"ctp td: {name}: {code} {text}")

    def instruments(self) -> tuple[Instrument, ...]:
        return self._contracts.all()

    def opaque_positions(self) -> tuple[OpaquePosition, ...]:
        return self._opaque

    def shadowed(self) -> tuple[Entry, ...]:
        """What shadow mode kept from leaving, the newest last; all of it is in the data folder."""
        return () if self._shadow is None else self._shadow.entries()

    # ------------------------------------------------------------ the trading line speaks

    def logged_in(self, trading_day: int, offset: int) -> None:
        self.exchange_offset = offset = self._on_its_day(trading_day, offset)
        self._on_clock(offset)
        if trading_day != self._told_day:
            self._phases.close(new_day=True)

    def _on_its_day(self, trading_day: int, offset: int) -> int:
        wall = wall_ns()
        self._dates.set(trading_day)
        by_day = self._dates.instant(china_time_of_day(wall + offset))
        return on_its_day(offset, wall, by_day)

    def listed(self, rows: list[Row]) -> None:
        news = [item for row in rows if (item := self._contracts.add(row)) is not None]
        now = self._clock.now()
        for item in news:
            self.tell(InstrumentListed(item, now))
        self._md.list(news)
        self._md.subscribe(item.id for item in news if self._recorded(item))
        self._rates.want(item for item in news if item.id in self._wanted)

    def _recorded(self, item: Instrument) -> bool:
        """Whether ``ctp.subscribe`` names it: the contract, its product, or everything."""
        names = {item.id, f"{item.exchange}.{item.product}", EVERYTHING}
        return not names.isdisjoint(self._section.subscribe)

    def terms(self, row: Row) -> None:
        self.broker_terms = terms = BrokerTerms.of(row)
        if self._wanted_terms is not None and (text := terms.differs(self._wanted_terms)):
            self.alarm(Severity.WARNING, text)

    def ready(self) -> None:
        day, now = self._td.trading_day, self._clock.now()
        up = ConnectionChanged(self.name, Channel.TRADING, True, "", now)
        news: tuple[Event, ...] = (up,)
        if day != self._told_day:
            changed = TradingDayChanged(self.name, day, now)
            # A line that comes back on another day: what is asked again when it is up (cancels)
            # must not be yesterday's.
            news = (changed, up) if self._told_day else (up, changed)
            self._told_day = day
            self._md.trading_day(day)
        for event in news:
            self.tell(event)
        self._phases.ready(day, self._contracts.all())
        self._rates.start(day)
        self._md.trading_ready(day, self.exchange_offset)

    def down(self, reason: str) -> None:
        self._sender.forget()
        self._phases.close()
        now = self._clock.now()
        self.tell(ConnectionChanged(self.name, Channel.TRADING, False, reason, now))

    def status(self, row: Row) -> None:
        self._phases.on_status(row)

    def numbered(self) -> None:
        self._sender.numbered()

    def tell(self, event: Event) -> None:
        if self._post is not None:
            self._post(event)
        if isinstance(event, TradeReported) and event.instrument not in self._wanted:
            self.subscribe((event.instrument,))  # what is held is marked by its quotes

    def alarm(self, severity: Severity, text: str) -> None:
        self.tell(AlertRaised(severity, self.name, text, self._clock.now()))

    def _rated(
        self, instrument: InstrumentId, long: Rate | None, short: Rate | None, fees: Fees | None
    ) -> None:
        item = self._contracts.rates(instrument, long, short, fees)
        if item is not None:
            self.tell(InstrumentListed(item, self._clock.now()))
