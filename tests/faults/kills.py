"""kill -9 of the real daemon at seeded places: while it starts, recovers, trades slowly, flat out.

One data folder is killed again and again, and each start that comes up has to answer for all kills
before it: books, orders and money are the exchange's, whose ledger lies beside; nothing that the
journal or the exchange has is missing in books or database.
"""

import random
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from tests.faults import outcome
from tests.integration.daemon import Daemon, until
from tests.integration.test_daemon_recovery import check_store, exchange_account

from homalos.app.past import decoded
from homalos.exchange.codes import DUPLICATE_ORDER_REF
from homalos.exchange.ledger import Ledger
from homalos.kernel import journal, journal_index
from homalos.kernel.records import RECORD, SEGMENT
from homalos.model.enums import OrderStatus
from homalos.model.event import Event
from homalos.model.events import OrderReported

STILL = 0.00001
"""A market that stands: what a start has made of the past can be looked at in peace."""
PACES = (60, 600, 0)
"""Against real time; 0: as fast as it goes."""


class Point(NamedTuple):
    """When to kill: so many milliseconds after the launch (``launch``), so many records of the
    journal after it (``start``), or after the market began to move (``market``)."""

    where: str
    count: int
    pace: float = 0.0


def points(seed: int, count: int) -> Iterator[Point]:
    """The seed decides; few records are a start, many a market."""
    chance = random.Random(seed)
    for number in range(count):
        if number % 8 == 1:
            yield Point("launch", chance.randrange(1500))
        elif number % 8 in (2, 5):
            yield Point("start", int(10 ** chance.uniform(0, 1.8)))
        else:
            yield Point("market", int(10 ** chance.uniform(1.5, 3.5)), PACES[number % len(PACES)])


class Tail:
    """Counts the records of a journal as another process writes them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = max((n for n, _ in journal.segments(folder)), default=0)
        self._offset = 0
        self.count = 0

    def look(self) -> int:
        """Records since it was made, in segments that were made later."""
        while (path := self._folder / f"{self._number + 1:08d}.hj").is_file():
            if not self._through(path):
                break
            self._number, self._offset = self._number + 1, 0
        return self.count

    def _through(self, path: Path) -> bool:
        """Count to the end of what is written; whether a later segment goes on."""
        with path.open("rb") as file:
            while True:
                file.seek(max(self._offset, SEGMENT.size))
                head = file.read(RECORD.size)
                length = RECORD.unpack(head)[0] if len(head) == RECORD.size else 0
                if not length:
                    return path.with_name(f"{self._number + 2:08d}.hj").is_file() and _begun(
                        path.with_name(f"{self._number + 2:08d}.hj")
                    )
                self._offset = max(self._offset, SEGMENT.size) + RECORD.size + length
                self.count += 1


def _begun(path: Path) -> bool:
    """Whether anything is written in a segment that may only be prepared."""
    with path.open("rb") as file:
        file.seek(SEGMENT.size)
        return any(file.read(RECORD.size))


class Figures(NamedTuple):
    kills: int
    starts: int
    """Of them, while it started."""
    checks: int
    """Starts that were looked at."""
    orders: int
    fills: int
    records: int


class Victim:
    """One data folder."""

    def __init__(self, root: Path) -> None:
        self.daemon = Daemon(root)
        path = self.daemon.config / "system.yaml"
        text = path.read_text(encoding="utf-8")
        # Two hundred lives of a churner take more cancels than the budget of a day, and lose more
        # than the shipped levels let it: they would stop it, and nothing more would be tried.
        text = text.replace("\ntrading:", "\ntrading:\n  cancel_budget: 0")
        text = re.sub(r"(?m)^  opening_cash: \S+", "  opening_cash: 1_000_000_000", text)
        path.write_text(text, encoding="utf-8")
        self.scratch = root / "scratch"
        self.checks = 0
        self.kills = 0

    # ------------------------------------------------------------ killing

    def strike(self, point: Point) -> None:
        """Launch, kill there. A start that comes up is looked at before the market moves."""
        self._pace(STILL)
        tail = Tail(self.daemon.data / "journal")
        if point.where == "launch":
            self.daemon.launch()
            time.sleep(point.count / 1_000)
        elif point.where == "start":
            self.daemon.launch()
            self._wait(tail, point.count, 30)
        else:
            self.daemon.start()
            self.check()
            before = tail.look()
            self._pace(point.pace)
            self._wait(tail, before + point.count, 3)
        self.daemon.kill()
        self.kills += 1

    def _pace(self, pace: float) -> None:
        path = self.daemon.config / "system.yaml"
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"(?m)^  speed: \S+", f"  speed: {pace:f}", text), encoding="utf-8")

    def _wait(self, tail: Tail, records: int, seconds: float) -> None:
        """Until so many are written, or the time is over; it may not end by itself."""
        give_up = time.monotonic() + seconds
        while tail.look() < records and time.monotonic() < give_up:
            process = self.daemon.process
            assert process is not None
            assert process.poll() is None, self.daemon.err()
            time.sleep(0.0005)

    # ------------------------------------------------------------ looking

    def check(self) -> None:
        """Everything, against the exchange's ledger and the journal."""
        daemon = self.daemon
        until(lambda: daemon.status()["trading_state"] == "active", 15, "ACTIVE")
        until(lambda: not daemon.status()["store_backlog"], 15, "the last row")
        shutil.rmtree(self.scratch, ignore_errors=True)
        shutil.copytree(daemon.data / "exchange", self.scratch)
        ledger = Ledger(self.scratch)
        day = ledger.read().trading_day
        ledger.close()
        account = exchange_account(daemon, self.scratch)
        events = self.events()
        past = outcome.past_of(events)
        venue = outcome.venue_side(account, day)
        ours = self._ours()
        outcome.books_equal(ours, venue)
        fills = past.fills | outcome.venue_fills(account)
        outcome.books_add_up(self._nets(), outcome.nets_of(fills, past.owners), venue.lots)
        outcome.fills_equal(self._keys(day), outcome.venue_fills(account))
        outcome.written_before_sent(account.orders, past)
        outcome.sent_once([*account.orders, *refused_repeats(events)])
        until(lambda: self._stored(account), 10, "the store")
        self.checks += 1

    def _stored(self, account: Any) -> bool:
        if self.daemon.status()["store_backlog"]:
            return False
        check_store(self.daemon, account)
        return True

    def _ours(self) -> outcome.Side:
        ask = self.daemon.ask
        account = SimpleNamespace(**ask("/api/v1/account"))
        positions = [SimpleNamespace(**row) for row in ask("/api/v1/positions")]
        orders: Any = [
            SimpleNamespace(**row | {"status": OrderStatus(row["status"])})
            for row in ask("/api/v1/orders?limit=200")
        ]
        return outcome.side_of(account.trading_day, positions, orders, account)

    def _nets(self) -> outcome.Nets:
        rows = self.daemon.rows("SELECT DISTINCT strategy, instrument FROM orders")
        where = dict(rows)
        return {
            (row["id"], where[row["id"]]): row["net_lots"]
            for row in self.daemon.ask("/api/v1/strategies")
            if row["net_lots"]
        }

    def _keys(self, day: int) -> list[outcome.TradeKey]:
        query = "SELECT instrument, id, side, trading_day FROM trades WHERE trading_day = ?"
        rows = self.daemon.rows(query, day)
        return [(i.partition(".")[0], id_, side, int(d)) for i, id_, side, d in rows]

    def events(self) -> list[Event]:
        folder = self.daemon.data / "journal"
        return [
            decoded(record)
            for record in journal.read(folder)
            if not journal_index.is_skipped(record.payload)
        ]


def refused_repeats(events: list[Event]) -> list[str]:
    """Orders that the exchange refused since it had them already."""
    code = DUPLICATE_ORDER_REF
    return [e.order_id or "" for e in events if isinstance(e, OrderReported) and e.code == code]


def run(root: Path, seed: int, count: int) -> Figures:
    """Kill it ``count`` times, look at it a last time, and stop it well. ``AssertionError``."""
    victim = Victim(root)
    daemon = victim.daemon
    plan = list(points(seed, count))
    try:
        for number, point in enumerate(plan):
            try:
                victim.strike(point)
            except AssertionError as error:
                text = f"seed {seed}, kill {number}, {point}: {error}"
                raise AssertionError(text) from error
        victim._pace(STILL)
        daemon.start()
        victim.check()
        verdict = journal.verify(daemon.data / "journal")
        assert verdict.faults == (), verdict.faults
        victim._pace(60)
        before = daemon.trades_so_far()
        until(lambda: daemon.trades_so_far() > before, 30, "trading goes on")
        past = outcome.past_of(victim.events())
        assert daemon.stop() == 0, daemon.err()
    finally:
        daemon.kill()
    starts = sum(point.where != "market" for point in plan)
    return Figures(
        victim.kills, starts, victim.checks, len(past.orders), len(past.fills), verdict.records
    )
