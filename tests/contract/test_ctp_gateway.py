"""Gateway ``ctp`` keeps the contract over real libraries, and what is its own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.ctp_venue import CtpVenue, FloorProcess
from tests.integration.daemon import Daemon

from homalos.ctp.errors import LibraryError
from homalos.ctp.libraries import (
    NativeMissingError,
    dropin_libraries,
    load_binding,
    vendor_libraries,
)
from homalos.ctp.vnpy_library import check_locale
from homalos.gateway.contract import GatewayContract
from homalos.gateway.protocol import Approved, VenueSnapshot
from homalos.model.enums import OrderStatus
from homalos.model.events import OrderReported, TradeReported, TradingDayChanged


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FloorProcess]:
    try:
        dropin_libraries()
        load_binding()
    except NativeMissingError as error:
        pytest.skip(str(error))
    process = FloorProcess(tmp_path_factory.mktemp("floor"))
    yield process
    process.close()


class TestCtpGateway(GatewayContract):
    @pytest.fixture
    def venue(self, tmp_path: Path, floor: FloorProcess) -> Iterator[CtpVenue]:  # type: ignore[override]
        venue = CtpVenue(floor, tmp_path)
        yield venue
        venue.dispose()

    def test_a_line_that_is_cut_comes_back_and_tells_what_it_missed(self, venue: CtpVenue) -> None:
        venue.connect()
        venue.market()
        order = self._order(venue, price=venue.bid)
        self._send(venue, order)
        assert venue.floor.tell("cut", venue.account) == 1
        venue.until(lambda: venue.up()[-1] is False, "the drop")
        assert venue.gateway.send(Approved(self._order(venue, 2))) == -1
        venue.floor.tell("market", venue.bid - 2, venue.bid)
        venue.until(lambda: venue.up()[-1] is True, "the line up again")
        venue.idle()
        last = venue.of(OrderReported)[-1]
        assert (last.order_id, last.status, last.traded_lots) == (order.id, OrderStatus.FILLED, 2)
        assert [(t.order_id, t.lots) for t in venue.of(TradeReported)] == [(order.id, 2)]
        assert len(venue.of(TradingDayChanged)) == 1

    def test_after_a_restart_its_orders_are_its_own(self, venue: CtpVenue, tmp_path: Path) -> None:
        venue.connect()
        venue.market()
        order, filled = self._order(venue), self._order(venue, 2, price=venue.ask)
        self._send(venue, order)
        self._send(venue, filled)
        venue.gateway.close()
        venue.posted.clear()
        venue.gateway = venue.make(tmp_path, run=4)
        venue.connect()
        assert venue.of(OrderReported) == venue.of(TradeReported) == []
        answers: list[VenueSnapshot] = []
        venue.gateway.query(venue.account, answers.append)
        venue.idle()
        assert {o.id for o in answers[0].orders} == {order.id, filled.id}
        assert [t.order_id for t in answers[0].trades] == [filled.id]
        assert venue.gateway.cancel(order) == 0
        venue.idle()
        assert [(e.order_id, e.status) for e in venue.of(OrderReported)] == [
            (order.id, OrderStatus.CANCELLED)
        ]
        fresh = self._order(venue, id="4-000001", intent_id="4-000001")
        assert self._send(venue, fresh)[-1].status is OrderStatus.ACCEPTED

    def test_a_strangers_order_of_the_account_is_told(
        self, venue: CtpVenue, tmp_path: Path
    ) -> None:
        """Another daemon of the same account, with a data folder of its own."""
        venue.connect()
        venue.market()
        own, venue_gateway = self._order(venue), venue.gateway
        other = venue.make(tmp_path / "other")
        other.connect(lambda event: None, lambda tick: None)
        venue.until(lambda: all(line.ready for line in other.health()), "the other one")
        assert other.send(Approved(own)) == 0
        venue.idle()
        (report, *_) = venue.of(OrderReported)
        assert report.order_id is None
        assert report.venue_order_id
        other.close()
        assert venue_gateway is venue.gateway

    def test_a_wrong_password_stops_the_line(self, floor: FloorProcess, tmp_path: Path) -> None:
        venue = CtpVenue(floor, tmp_path, user="nobody")
        venue.gateway.connect(venue.posted.append, venue.admitted.append)
        venue.until(lambda: venue.lines()[0].state == "stopped", "the stop")
        assert venue.lines()[0].code
        assert venue.up() == []
        venue.dispose()

    def test_the_spinning_consumer_keeps_it_too(self, floor: FloorProcess, tmp_path: Path) -> None:
        venue = CtpVenue(floor, tmp_path, consumer="spin")
        venue.connect()
        venue.market()
        order = self._order(venue, price=venue.ask)
        assert self._send(venue, order)[-1].status is OrderStatus.FILLED
        venue.dispose()


def test_the_contract_holds_over_vnpys_binding() -> None:
    """In a process of its own: one holds one set of CTP libraries."""
    try:
        dropin_libraries()
        vendor_libraries()  # where vnpy-ctp's binding lies, too
        check_locale()
    except (NativeMissingError, LibraryError) as error:
        pytest.skip(str(error))
    here = Path(__file__).parent
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
         str(here / "ctp_over_vnpy.py")],
        cwd=here.parents[1], env=Daemon.environment(), capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    passed = re.search(r"(\d+) passed", run.stdout)
    assert passed is not None
    assert int(passed[1]) > 10
