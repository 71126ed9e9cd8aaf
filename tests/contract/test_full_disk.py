"""A disk that refuses ends the simulated exchange, at whatever moment, and nobody else: both lines
go down with the reason, nothing is answered after it, and the next start finds a sound ledger."""

import errno
import os
from pathlib import Path

import pytest
from tests.contract.test_sim_gateway import SimVenue
from tests.unit.exchange.bench import DAY, ME, NEXT, RB, Bench, at
from tests.unit.exchange.test_ledger import check

from homalos.config.sections.exchange import ExchangeSection
from homalos.exchange.ledger import Ledger, LedgerError
from homalos.gateway.protocol import Approved, VenueSnapshot
from homalos.gateway.sim import SimGateway
from homalos.model.enums import Channel, Offset, OrderKind, Side, TimeInForce
from homalos.model.events import ConnectionChanged, TradingDayChanged
from homalos.model.ids import MANUAL, OrderId
from homalos.model.market import Tick
from homalos.model.trading import Order

QUIET = ExchangeSection(mark_interval_s=1_800)


class Disk:
    """Refuses from the ``refuse``-th call on, writing half of it; names what it was asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, refuse: int) -> None:
        self.asked: list[str] = []
        self._refuse = refuse
        self._write, self._fsync = os.write, os.fsync
        monkeypatch.setattr(os, "write", self.write)
        monkeypatch.setattr(os, "fsync", self.fsync)

    def full(self, name: str) -> bool:
        self.asked.append(name)
        return len(self.asked) >= self._refuse

    def write(self, fd: int, data: bytes) -> int:
        kinds = ("Settled", "Marked", "Placed", "Ended", "CashMoved")
        name = next((kind for kind in kinds if kind.encode() in data), "other")
        if self.full(name):
            self._write(fd, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._write(fd, data)

    def fsync(self, fd: int) -> None:
        if self.full("fsync"):
            raise OSError(errno.EIO, "Input/output error")
        self._fsync(fd)


def order(number: int, side: Side, price: float, offset: Offset = Offset.OPEN) -> Order:
    id_ = OrderId(f"9-{number:06d}")
    return Order(
        id_, id_, ME, MANUAL, RB.id, side, offset, OrderKind.LIMIT, TimeInForce.GFD, price, 2, 0
    )


def venue_on(folder: Path) -> SimVenue:
    venue = SimVenue(folder)
    venue.floor.exchange.close()
    venue.floor = Bench(QUIET, ledger=Ledger(folder / "own"))
    venue.gateway = SimGateway(venue.floor.clock, venue.floor.exchange, ME)
    return venue


def a_day(venue: SimVenue) -> None:
    """Orders, fills, a cancel, the night's break, marks and the settlement."""
    gateway, floor = venue.gateway, venue.floor
    gateway.subscribe([RB.id])
    venue.market()
    for number, (side, price) in enumerate([(Side.BUY, 3001.0), (Side.BUY, 2990.0)], 1):
        gateway.send(Approved(order(number, side, price)))
    gateway.cancel(order(2, Side.BUY, 2990.0))
    gateway.send(Approved(order(3, Side.SELL, 3050.0, Offset.CLOSE_TODAY)))
    floor.go(at(10, 20))
    floor.go(at(13, 40))
    now = floor.clock.now()
    gateway.feed(Tick(RB.id, now, now, DAY, 3060.0, 200, None, None, 3060.0, 9, 3061.0, 9))
    gateway.send(Approved(order(4, Side.BUY, 2900.0)))
    floor.go(at(16))
    floor.go(at(21, 30))
    floor.go(at(9, 30, day=NEXT))
    gateway.send(Approved(order(5, Side.BUY, 2950.0)))
    floor.exchange.close()


def asked_in_a_day(folder: Path) -> list[str]:
    venue = venue_on(folder)
    venue.connect()
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(patch, 10**9)
        a_day(venue)
    assert [e.trading_day for e in venue.of(TradingDayChanged)] == [DAY, NEXT]
    return disk.asked


def test_whenever_the_disk_refuses_the_exchange_alone_is_gone(tmp_path: Path) -> None:
    asked = asked_in_a_day(tmp_path / "well")
    assert {"Marked", "Settled", "Placed", "Ended", "fsync"} <= set(asked)
    assert asked[-1] == "Marked", "the last one is the exchange's close"
    for refuse in range(1, len(asked)):
        folder = tmp_path / str(refuse)
        venue = venue_on(folder)
        venue.connect()
        with pytest.MonkeyPatch.context() as patch:
            disk = Disk(patch, refuse)
            a_day(venue)
        what = f"{refuse}: {asked[refuse - 1]}"
        assert len(disk.asked) == refuse, f"{what}: nothing is written after it"
        down = venue.posted[-2:]
        assert {getattr(e, "channel", None) for e in down} == set(Channel), what
        for event in down:
            assert isinstance(event, ConnectionChanged), what
            assert not event.connected
            assert "ledger.hxl" in event.reason
        asked_again: list[VenueSnapshot] = []
        venue.gateway.query(ME, asked_again.append)
        assert asked_again == []
        assert venue.gateway.send(Approved(order(9, Side.BUY, 2900.0))) < 0
        ledger = Ledger(folder / "own")
        check(ledger.read())
        ledger.close()


def test_a_venue_that_is_gone_shows_no_market_and_does_not_come_back(tmp_path: Path) -> None:
    venue = venue_on(tmp_path)
    venue.connect()
    venue.gateway.subscribe([RB.id])
    with pytest.MonkeyPatch.context() as patch:
        Disk(patch, 1)
        venue.floor.go(at(11))  # a mark, by the exchange's own timer
    venue.market()
    assert venue.admitted == []
    venue.posted.clear()
    venue.connect()
    assert [(type(e), getattr(e, "connected", None)) for e in venue.posted] == [
        (ConnectionChanged, False),
        (ConnectionChanged, False),
    ]


def test_a_first_account_that_cannot_be_written_leaves_the_lines_down(tmp_path: Path) -> None:
    floor = Bench(cash=0, ledger=Ledger(tmp_path))
    venue = SimVenue(tmp_path / "other")
    venue.gateway = SimGateway(floor.clock, floor.exchange, ME)
    with pytest.MonkeyPatch.context() as patch:
        Disk(patch, 1)
        venue.connect()
    assert [e.connected for e in venue.of(ConnectionChanged)] == [False, False]


@pytest.mark.parametrize("call", ["open", "fsync", "write", "close"])
def test_what_the_system_refuses_is_told_in_the_ledgers_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    ledger = Ledger(tmp_path)
    state = ledger.read()

    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(LedgerError, match=r"ledger\.hxl: No space left"):
        ledger.rewrite(state)


def test_a_ledger_that_may_not_be_read_is_told_in_the_ledgers_words(tmp_path: Path) -> None:
    (tmp_path / "ledger.hxl").mkdir()
    with pytest.raises(LedgerError, match=r"ledger\.hxl"):
        Ledger(tmp_path).read()
