"""The store on the bus: each record is encoded when its event arrives, a thread writes the bytes.

All subscriptions are on the background lane. A handler appends bytes to a list; the lists are
handed over when ``batch_rows`` are together or ``flush_ms`` have passed.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from loguru import logger

from homalos.config.sections.storage import StorageSection
from homalos.kernel.bus import Bus
from homalos.kernel.clock import monotonic_ns
from homalos.kernel.lanes import Subscription
from homalos.model.enums import Severity
from homalos.model.event import Event
from homalos.model.events import (
    ORDER_FACTS,
    AccountSnapshot,
    AlertRaised,
    InstrumentListed,
    OrderDenied,
    OrderFact,
    TradeFilled,
    TradingDayChanged,
)
from homalos.model.market import Bar, Tick
from homalos.model.settlement import StatementCompared
from homalos.model.times import MILLISECOND, SECOND
from homalos.storage.audit import AUDITED, AUDITED_ROWS
from homalos.storage.connection import Connect, connect_writer
from homalos.storage.missing import missing, order_row
from homalos.storage.schema import FILE_NAME, migrate
from homalos.storage.statements import row as statement_row
from homalos.storage.tables import (
    ACCOUNT,
    AUDIT,
    BARS,
    BOOKS,
    INSTRUMENTS,
    NARROW_TAIL,
    NARROW_TICKS,
    ORDERS,
    POSITIONS,
    STATEMENTS,
    TICKS,
    TRADES,
    Batch,
    Stream,
    encode,
)
from homalos.storage.writer import Writer

ACTOR = "store"
_POLL_S = 0.005


_OTHERS: tuple[Stream, ...] = (
    BARS, INSTRUMENTS, ORDERS, TRADES, POSITIONS, BOOKS, ACCOUNT, AUDIT, STATEMENTS,
)  # fmt: skip


class Store:
    """Projection of the events into ``path`` (``D/homalos.db``); knows nothing that others need.

    ``store_ticks=False`` for a replay out of this very database. ``attach`` subscribes, ``open``
    (or ``start``) migrates the file and starts the thread, ``close`` (or ``stop``) writes to the
    last row. ``StorageError`` from ``open``: the file cannot be used, and what to do.
    """

    def __init__(
        self,
        bus: Bus,
        path: Path,
        section: StorageSection,
        *,
        store_ticks: bool = True,
        connect: Connect = connect_writer,
    ) -> None:
        self._bus = bus
        self._clock = bus.clock
        self._path = path / FILE_NAME if path.is_dir() else path
        self._allow_ticks = store_ticks
        self._connect = connect
        self._writer: Writer | None = None
        self._flush_timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscriptions: list[Subscription] = []
        self._ticks: list[bytes] = []
        self._wide = False
        self._rows: dict[Stream, list[bytes]] = {stream: [] for stream in _OTHERS}
        self._pending = 0
        self._accepted = 0
        self._unencodable = 0
        self._trading_day: int | None = None
        self._shape: object = None
        self._curve_at = 0
        self._held_back: AccountSnapshot | None = None
        self.configure(section)

    def configure(self, section: StorageSection) -> None:
        """Apply the keys that hold at once."""
        self._section = section
        self._batch_rows = section.batch_rows
        self._curve_ns = section.account_interval_ms * MILLISECOND
        self._with_ticks = section.store_ticks and self._allow_ticks
        if self._writer is not None:
            self._writer.configure(section)

    # ------------------------------------------------------------ life

    def attach(self) -> None:
        """Subscribe. Ticks always, so that ``store_ticks`` can be switched while it runs."""

        def listen(event: type[Any], handler: Callable[[Any], None]) -> None:
            self._subscriptions.append(
                self._bus.subscribe(event, handler, actor=ACTOR, role="store", background=True)
            )

        listen(Tick, self._on_tick)
        listen(Bar, self._on_bar)
        listen(InstrumentListed, self._on_instrument)
        listen(TradingDayChanged, self._on_trading_day)
        listen(TradeFilled, self._on_trade)
        listen(AccountSnapshot, self._on_account)
        listen(OrderDenied, self._on_denied)
        listen(StatementCompared, self._on_statement)
        for fact in ORDER_FACTS:
            if fact is not OrderDenied:
                listen(fact, self._on_order)
        for event in AUDITED:
            listen(event, self._on_audited)

    def open(self) -> None:
        """Make or migrate the database and start the writer's thread."""
        migrate(self._path)
        self._writer = Writer(self._path, self._section, self._alert, self._connect)
        self._writer.start()

    def close(self) -> None:
        """Hand over the last rows and wait until they are written (or spooled)."""
        writer = self._end()
        if writer is not None:
            writer.join()

    async def start(self) -> None:
        """``open``, and hand rows over every ``flush_ms`` on the running loop."""
        self.open()
        self._loop = asyncio.get_running_loop()
        self._arm()

    async def stop(self) -> None:
        """``close`` without holding the loop."""
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        writer = self._end()
        if writer is not None:
            await asyncio.to_thread(writer.join)

    async def drain(self) -> None:
        """Wait until every row so far is written; while the database fails, ``stop_timeout_s`` at
        the most."""
        self._flush_all()
        give_up: int | None = None
        while self.backlog() > 0 and self._writer is not None and self._writer.is_alive():
            if not self._writer.failing:
                give_up = None
            elif give_up is None:
                give_up = monotonic_ns() + int(self._section.stop_timeout_s * SECOND)
            elif monotonic_ns() > give_up:
                return
            await asyncio.sleep(_POLL_S)

    async def write_up(self, facts: Sequence[tuple[int, Event]]) -> int:
        """Facts of an earlier run about orders and trades, each with its trading day: what that
        run did not live to write is written now. Returns how many rows were missing."""
        if not facts or self._writer is None:
            return 0
        await self.drain()  # what it left in the spool
        lacking = missing(self._path, facts)
        for day, fact in lacking:
            if isinstance(fact, TradeFilled):
                self._add(TRADES, fact.trade)
            else:
                self._add(ORDERS, order_row(day, fact))
        self.flush()
        return len(lacking)

    def health(self) -> str | None:
        """What is wrong, in a sentence; ``None`` when rows are being written."""
        writer = self._writer
        if writer is None or not writer.is_alive():
            return (writer.failing if writer is not None else "") or "the writer does not run"
        if writer.failing:
            return f"{self._path.name} takes no rows: {writer.failing}"
        return None

    def _flush_all(self) -> None:
        if self._held_back is not None:
            self._store_snapshot(self._held_back)
        self.flush()

    def _end(self) -> Writer | None:
        for subscription in self._subscriptions:
            self._bus.unsubscribe(subscription)
        self._subscriptions.clear()
        self._flush_all()
        if self._writer is not None:
            self._writer.close()
        return self._writer

    def _arm(self) -> None:
        assert self._loop is not None
        self._flush_timer = self._loop.call_later(self._section.flush_ms / 1_000, self._on_time)

    def _on_time(self) -> None:
        self.flush()
        self._arm()

    def _alert(self, severity: Severity, text: str) -> None:
        """From the writer's thread."""
        self._bus.post(AlertRaised(severity, ACTOR, text, self._clock.now()))

    # ------------------------------------------------------------ figures

    def backlog(self) -> int:
        """Rows not yet written: a recorded source waits while there are too many."""
        writer = self._writer
        if writer is None:
            return self._accepted
        gone = writer.written_rows + writer.refused_rows
        return self._accepted - gone - writer.waiting.dropped_ticks

    def stats(self) -> dict[str, int | str | bool]:
        """Counts since the start; ``failing`` says why the database takes no rows, else empty."""
        writer = self._writer
        figures: dict[str, int | str | bool] = {
            "accepted": self._accepted,
            "backlog": self.backlog(),
            "unencodable": self._unencodable,
        }
        if writer is not None:
            figures |= {
                "alive": writer.is_alive(),
                "written": writer.written_rows,
                "refused": writer.refused_rows,
                "lost": writer.lost_rows,
                "failures": writer.failures,
                "failing": writer.failing,
                "checkpoints": writer.checkpoints,
                "spooled": writer.waiting.spooled_rows,
                "dropped_ticks": writer.waiting.dropped_ticks,
            }
        return figures

    # ------------------------------------------------------------ rows

    def flush(self) -> None:
        """Hand over what is together. Before ``open`` rows are only kept."""
        if not self._pending or self._writer is None:
            return
        batch: Batch = []
        if self._ticks:
            batch.append((TICKS if self._wide else NARROW_TICKS, self._ticks))
            self._ticks = []
            self._wide = False
        for stream, rows in self._rows.items():
            if rows:
                batch.append((stream, rows))
                self._rows[stream] = []
        self._pending = 0
        self._writer.put(batch)

    def _on_tick(self, tick: Tick) -> None:
        if not self._with_ticks:
            return
        try:
            row = encode(tick)
        except (ValueError, OverflowError, TypeError) as error:
            self._cannot_encode(tick, error)
            return
        if not self._wide and not row.endswith(NARROW_TAIL):
            self._wide = True
        self._ticks.append(row)
        self._accepted += 1
        self._pending += 1
        if self._pending >= self._batch_rows:
            self.flush()

    def _add(self, stream: Stream, value: object) -> None:
        try:
            self._rows[stream].append(encode(value))
        except (ValueError, OverflowError, TypeError) as error:
            self._cannot_encode(value, error)
            return
        self._accepted += 1
        self._pending += 1
        if self._pending >= self._batch_rows:
            self.flush()

    def _cannot_encode(self, value: object, error: Exception) -> None:
        """An integer past 64 bits, half a surrogate pair: the rest goes on."""
        self._unencodable += 1
        logger.error("storage: a row cannot be encoded ({}): {!r}", error, value)

    def _on_bar(self, bar: Bar) -> None:
        self._add(BARS, bar)

    def _on_trading_day(self, event: TradingDayChanged) -> None:
        self._trading_day = event.trading_day

    def _on_instrument(self, event: InstrumentListed) -> None:
        self._add(INSTRUMENTS, (self._trading_day or 0, event.instrument))

    def _on_order(self, event: OrderFact) -> None:
        name = type(event).__name__
        self._add(ORDERS, (name, self._clock.now(), self._trading_day, event.order, None))

    def _on_denied(self, event: OrderDenied) -> None:
        now, day = self._clock.now(), self._trading_day
        self._add(ORDERS, ("OrderDenied", now, day, event.order, event.denials))
        self._on_audited(event)

    def _on_trade(self, event: TradeFilled) -> None:
        self._add(TRADES, event.trade)

    def _on_statement(self, event: StatementCompared) -> None:
        self._add(STATEMENTS, statement_row(event))
        self._on_audited(event)

    def _on_audited(self, event: Event) -> None:
        row = AUDITED_ROWS[type(event)](event)
        ts = getattr(event, "ts_init", 0) or self._clock.now()
        self._add(AUDIT, (ts, self._trading_day, *row))

    # ------------------------------------------------------------ the account's curve

    def _on_account(self, event: AccountSnapshot) -> None:
        """Store a point when the interval has passed or something but prices has changed."""
        account = event.account
        self._trading_day = account.trading_day
        shape = (
            account.trading_day,
            account.fees,
            account.closed_profit,
            account.deposit,
            account.withdraw,
            [(p.instrument, p.direction, p.today_lots, p.yesterday_lots) for p in event.positions],
        )
        if shape == self._shape and event.ts_init - self._curve_at < self._curve_ns:
            self._held_back = event
            return
        self._shape = shape
        self._store_snapshot(event)

    def _store_snapshot(self, event: AccountSnapshot) -> None:
        self._held_back = None
        self._curve_at = ts = event.ts_init
        day = event.account.trading_day
        self._add(ACCOUNT, (ts, event.account))
        for position in event.positions:
            self._add(POSITIONS, (ts, day, position))
        for book in event.books:
            self._add(BOOKS, (ts, day, book))
