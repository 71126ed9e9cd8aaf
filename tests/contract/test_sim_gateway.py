"""Gateway ``sim`` keeps the contract, and what is its own."""

from pathlib import Path

import pytest
from tests.unit.exchange.bench import DAY, ME, NEXT, OTHER, RB, Bench, at

from homalos.exchange.ledger import Ledger
from homalos.gateway.contract import GatewayContract, Venue
from homalos.gateway.protocol import Approved
from homalos.gateway.sim import SimGateway
from homalos.model.enums import Phase, Side
from homalos.model.events import (
    ConnectionChanged,
    OrderReported,
    PhaseChanged,
    TradingDayChanged,
)
from homalos.model.market import Tick


class SimVenue(Venue):
    """The simulated exchange at ten in the morning."""

    account = ME
    instrument = RB.id
    bid = 3000.0
    ask = 3001.0

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.floor = Bench(ledger=Ledger(folder))
        self.gateway: SimGateway = SimGateway(self.floor.clock, self.floor.exchange, ME)

    def market(self) -> None:
        now = self.floor.clock.now()
        self.gateway.feed(
            Tick(RB.id, now, now, DAY, 3000.0, 100, None, None, self.bid, 10, self.ask, 10)
        )

    def idle(self) -> None:
        self.floor.go(self.floor.clock.now())


class TestSimGateway(GatewayContract):
    @pytest.fixture
    def venue(self, tmp_path: Path) -> SimVenue:
        return SimVenue(tmp_path)

    def test_an_account_is_opened_at_the_first_connection(self, tmp_path: Path) -> None:
        floor = Bench(cash=0, ledger=Ledger(tmp_path))
        gateway = SimGateway(floor.clock, floor.exchange, ME)
        for _ in range(2):
            gateway.connect(lambda event: None, lambda tick: None)
            gateway.close()
        assert floor.exchange.account(ME).balance == floor.section.opening_cash

    def test_phases_and_days_are_told(self, venue: SimVenue) -> None:
        venue.connect()
        first = {(e.exchange, e.product): e.phase for e in venue.of(PhaseChanged)}
        assert first["SHFE", "rb"] is Phase.CONTINUOUS
        venue.floor.go(at(10, 15))
        last = venue.of(PhaseChanged)[-1]
        assert last.phase is Phase.BREAK
        venue.floor.go(at(16))
        assert [e.trading_day for e in venue.of(TradingDayChanged)] == [DAY, NEXT]

    def test_another_accounts_orders_are_not_told(self, venue: SimVenue) -> None:
        venue.connect()
        venue.market()
        venue.floor.order(RB, Side.BUY, 1, 3001.0, account=OTHER)
        assert venue.of(OrderReported) == []

    def test_a_second_connect_changes_nothing(self, venue: SimVenue) -> None:
        venue.connect()
        count = len(venue.posted)
        venue.connect()
        assert len(venue.posted) == count

    def test_reports_are_in_the_ledger_before_they_are_posted(
        self, venue: SimVenue, tmp_path: Path
    ) -> None:
        venue.connect()
        venue.market()
        seen: list[int] = []
        size = (tmp_path / "ledger.hxl").stat().st_size
        post = venue.gateway._post
        assert post is not None

        def spy(event: object) -> None:
            seen.append((tmp_path / "ledger.hxl").stat().st_size)

        venue.gateway._post = spy
        venue.gateway.send(Approved(self._order(venue)))
        assert seen
        assert min(seen) > size

    def test_a_venue_that_cannot_write_is_gone(self, venue: SimVenue) -> None:
        venue.connect()
        venue.market()
        venue.floor.exchange._desk._ledger._fd = -1  # type: ignore[union-attr]
        assert venue.gateway.send(Approved(self._order(venue))) == 0, "its fate is unknown"
        assert venue.of(OrderReported) == []
        assert not venue.of(ConnectionChanged)[-1].connected
        assert venue.gateway.send(Approved(self._order(venue, 2))) == -1
