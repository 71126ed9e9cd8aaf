"""Paper trading keeps the contract: quotes over real CTP libraries, orders to our own exchange."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.ctp_venue import QUIET_S, CtpVenue, FloorProcess
from tests.contract.test_ctp_gateway import floor  # noqa: F401  a fixture
from tests.generators.markets import market_tables
from tests.unit.exchange.bench import RB, at

from homalos.config.secrets import Secret
from homalos.config.sections.ctp import CtpSection
from homalos.config.sections.exchange import ExchangeSection
from homalos.exchange.engine import Exchange
from homalos.exchange.ledger import Ledger
from homalos.gateway.contract import GatewayContract
from homalos.gateway.ctp.paper import PaperGateway
from homalos.gateway.ctp.ports import Ports
from homalos.gateway.protocol import Approved
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.kernel.timers import Timers
from homalos.model.enums import OrderStatus
from homalos.model.events import ConnectionChanged, OrderReported
from homalos.model.market import Tick


class PaperVenue(CtpVenue):
    """The front gives quotes alone; time stands at ten in the morning."""

    gateway: PaperGateway  # type: ignore[assignment]

    def make(self, folder: Path, **section: object) -> PaperGateway:  # type: ignore[override]
        products, sessions = market_tables()
        self.clock = SimClock(at(10))
        settings = CtpSection(
            md_fronts=(f"tcp://127.0.0.1:{self.floor.ports['md']}",), broker="9999",
            libraries="dropin", binding="native", clock="market",
        )  # fmt: skip
        self.exchange = Exchange(
            ExchangeSection(), products, sessions, self.clock, Timers(Bus(self.clock)),
            Ledger(folder / "paper"),
        )  # fmt: skip
        gateway = PaperGateway(
            self.clock, self.exchange, settings, self.account,
            {"ctp_password": Secret("sim")}.get, products, sessions, [RB.id],
            open_md=Ports(settings, folder / "gateway").md, serve=lambda source: source(),
        )  # fmt: skip
        gateway.drive(self.loop)
        return gateway

    def connect(self) -> None:
        super().connect()
        self.seen: list[Tick] = []
        feed = self.exchange.on_market

        def see(tick: Tick) -> None:
            self.seen.append(tick)
            feed(tick)

        self.exchange.on_market = see  # type: ignore[method-assign]

    def market(self) -> None:
        count = len(self.seen) if self.gateway.health()[1].ready else -1
        super().market()
        if count >= 0:
            self.until(lambda: len(self.seen) > count, "the quote")

    def idle(self) -> None:
        self.loop.run_until_complete(asyncio.sleep(QUIET_S))

    def dispose(self) -> None:
        super().dispose()
        self.exchange.close()


class TestPaperGateway(GatewayContract):
    @pytest.fixture
    def venue(self, tmp_path: Path, floor: FloorProcess) -> Iterator[PaperVenue]:  # noqa: F811
        venue = PaperVenue(floor, tmp_path)
        yield venue
        venue.dispose()

    def test_nothing_reaches_the_front(self, venue: PaperVenue) -> None:
        venue.connect()
        venue.market()
        self._send(venue, self._order(venue, price=venue.ask))
        assert venue.of(OrderReported)[-1].status is OrderStatus.FILLED
        assert venue.floor.tell("orders") == []

    def test_each_line_is_told_once_under_one_name(self, venue: PaperVenue) -> None:
        venue.connect()
        told = venue.of(ConnectionChanged)
        assert [(e.gateway, e.channel, e.connected) for e in told] == [
            ("paper", "td", True), ("paper", "md", True),
        ]  # fmt: skip
        assert venue.gateway.simulated

    def test_a_contract_that_nobody_named_is_watched_when_it_is_ordered(
        self, venue: PaperVenue
    ) -> None:
        venue.connect()
        order = self._order(venue, instrument="SHFE.rb2605")
        venue.gateway.send(Approved(order))
        assert "SHFE.rb2605" in venue.gateway._watched
