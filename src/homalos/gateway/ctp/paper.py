"""Paper trading: live quotes of a CTP front, orders to the simulated exchange that they feed.

No order can reach the broker: there is no trading line, and market data ask for no more than a
login. Without one nobody lists contracts, so they come from products.yaml.
"""

import asyncio
from collections.abc import Callable, Iterable

from homalos.config.secrets import Secret
from homalos.config.sections.ctp import CtpSection
from homalos.exchange.engine import Exchange
from homalos.exchange.listing import instrument_of
from homalos.gateway.ctp.gateway import PASSWORD, ignored
from homalos.gateway.ctp.link import PATIENT, Backoff, Handle
from homalos.gateway.ctp.md import MdLine
from homalos.gateway.ctp.readers import Readers
from homalos.gateway.ctp.seams import MdPort
from homalos.gateway.protocol import Approved, Gateway, LineHealth, OpaquePosition, VenueSnapshot
from homalos.gateway.sim import SimGateway
from homalos.kernel.clock import Clock
from homalos.market.products import Products
from homalos.market.sessions import Sessions
from homalos.model.enums import Channel
from homalos.model.event import Event
from homalos.model.events import ConnectionChanged
from homalos.model.ids import AccountId, InstrumentId
from homalos.model.market import Instrument, Tick
from homalos.model.trading import Order


class PaperGateway(Gateway):
    """See the module. ``contracts`` are listed from the start, others when they are subscribed or
    ordered and tick. The exchange is opened at the first login, which tells the time; who made it
    closes it. ``on_clock``: as ``CtpGateway``'s."""

    name = "paper"
    simulated = True

    def __init__(
        self,
        clock: Clock,
        exchange: Exchange,
        section: CtpSection,
        account: AccountId,
        secrets: Callable[[str], Secret | None],
        products: Products,
        sessions: Sessions,
        contracts: Iterable[InstrumentId],
        *,
        open_md: Callable[[], MdPort],
        serve: Callable[[Callable[[], object]], None],
        on_clock: Callable[[int], None] = ignored,
        backoff: Backoff = PATIENT,
    ) -> None:
        """Opens nothing. ``SecretError``: the key store would not answer."""
        self._clock = clock
        self._exchange = exchange
        self._products = products
        self._sessions = sessions
        self._contracts = tuple(contracts)
        self._on_clock = on_clock
        self._admit: Callable[[Tick], None] | None = None
        self._open = False
        self._wanted: set[InstrumentId] = set()
        self._watched: set[InstrumentId] = set()
        self._make_md = open_md
        self._md_port: MdPort | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._post: Callable[[Event], None] | None = None
        self._readers = Readers(serve, spin=section.consumer == "spin")
        self._sim = SimGateway(clock, exchange, account)
        self._sim.name = self.name
        self._md = MdLine(
            section, section.user or account, secrets(PASSWORD),
            clock=clock, call_later=self._call_later, sessions=sessions,
            open_port=self._open_md, name=self.name, follows=False, on_login=self._logged_in,
            backoff=backoff,
        )  # fmt: skip

    # ------------------------------------------------------------ the lines

    def drive(self, loop: asyncio.AbstractEventLoop) -> None:
        """Live on this loop; once, before ``connect``."""
        self._loop = loop
        self._readers.loop = loop

    def connect(self, post: Callable[[Event], None], admit: Callable[[Tick], None]) -> None:
        """Open the market data line; the trading line is up with its first login. What the library
        refuses is raised."""
        if self._post is not None:
            return
        self._post, self._admit = post, admit
        try:
            self._md.start(post, self._sim.feed)
        except BaseException:
            self.close()
            raise
        assert self._md_port is not None
        self._readers.add(self._md_port, self._md.drain)

    def _logged_in(self, offset: int) -> None:
        """The time of the quotes is known: the exchange opens. ``LedgerError``: its ledger cannot
        be gone on with."""
        self._on_clock(offset)
        if self._post is None or self._admit is None or self._open:
            return
        if not self._exchange.opened:
            self._exchange.open(self._listings(self._contracts), self._clock.now())
        self._open = True
        self._sim.connect(self._trading_only, self._admit)
        # What the exchange lists it must see: orders are matched, positions marked by it.
        self._watch({item.id for item in self._exchange.instruments()} | self._wanted)

    def _listings(self, contracts: Iterable[InstrumentId]) -> list[Instrument]:
        day = self._sessions.trading_day("SHFE", "rb", self._clock.now())
        return [instrument_of(self._products, id_, day) for id_ in contracts]

    def _watch(self, contracts: Iterable[InstrumentId]) -> None:
        """Have their quotes come; for the core only what it subscribes goes further."""
        news = tuple(sorted(id_ for id_ in contracts if id_ not in self._watched))
        self._watched.update(news)
        self._md.list(self._listings(news))
        self._md.subscribe(news)

    def _open_md(self) -> MdPort:
        self._md_port = self._make_md()
        return self._md_port

    def _trading_only(self, event: Event) -> None:
        """What the exchange tells; how the market data line stands, that line tells itself."""
        if isinstance(event, ConnectionChanged) and event.channel is Channel.MARKET_DATA:
            return
        if self._post is not None:
            self._post(event)

    def close(self) -> None:
        self._readers.clear()
        self._md.stop("closed")
        self._sim.close()
        self._post, self._admit, self._open = None, None, False

    def _call_later(self, delay: float, callback: Callable[[], None]) -> Handle:
        if self._loop is None:
            raise RuntimeError("PaperGateway.drive comes before connect")
        return self._loop.call_later(delay, self._readers.serve, callback)

    def health(self) -> tuple[LineHealth, ...]:
        return self._sim.health()[0], self._md.health()

    # ------------------------------------------------------------ requests

    def subscribe(self, instruments: Iterable[InstrumentId]) -> None:
        wanted = tuple(instruments)
        self._sim.subscribe(wanted)
        self._wanted.update(wanted)
        if self._open:
            self._watch(wanted)

    def send(self, order: Approved[Order]) -> int:
        if order.value.instrument not in self._watched:
            self._watch((order.value.instrument,))
        return self._sim.send(order)

    def cancel(self, order: Order) -> int:
        return self._sim.cancel(order)

    def query(self, account: AccountId, done: Callable[[VenueSnapshot], None]) -> None:
        self._sim.query(account, done)

    def instruments(self) -> tuple[Instrument, ...]:
        return self._exchange.instruments()

    def opaque_positions(self) -> tuple[OpaquePosition, ...]:
        return ()
