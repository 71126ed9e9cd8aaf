"""The simulated CTP front: two TCP ports before the one exchange.

Everything runs on one loop: the market through ``feed``, clients through their lines, the exchange
on the stack of whoever called it.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from loguru import logger

from homalos.config.sections.front import FrontSection
from homalos.ctp.abi import Value
from homalos.exchange.day import DayEnd
from homalos.exchange.door.behind import Behind
from homalos.exchange.door.core import Core
from homalos.exchange.door.line import Line
from homalos.exchange.door.login import Reception
from homalos.exchange.door.market import MarketFront
from homalos.exchange.door.orders import OrderDesk
from homalos.exchange.door.ports import AccountBook, Faults, ForeignOrder, NoFaults, Session
from homalos.exchange.door.queries import Queries
from homalos.exchange.door.settlements import Settlements
from homalos.exchange.door.speech import DBL_MAX, Speech
from homalos.exchange.door.status import StatusFlow
from homalos.exchange.door.trading import TradingFront
from homalos.exchange.engine import Exchange
from homalos.exchange.phases import Scheduler
from homalos.exchange.records import CancelRefused, Fill, OrderReport
from homalos.kernel.clock import Clock
from homalos.model.enums import Direction, Phase
from homalos.model.ids import AccountId, InstrumentId, OrderId
from homalos.model.market import Instrument, Tick
from homalos.model.times import HOUR, MINUTE, china_midnight

LIFE, LIVES = 10_000_000, 400
"""Each life of the flows has so many numbers of its own, and so many lives have different ones: a
library that resumes with a number of another life is recognised."""
SILENT_BEATS = 3


class Front:
    """See the module; also the exchange's listener. ``exchange`` is open; then ``start``."""

    def __init__(
        self,
        exchange: Exchange,
        book: AccountBook,
        section: FrontSection,
        clock: Clock,
        timers: Scheduler,
        faults: Faults | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._core = core = Core(exchange, book, section, clock, faults or NoFaults())
        self._exchange = exchange
        self._speech = speech = Speech("td")
        self._timers = timers
        self._settlements = Settlements(exchange, clock, exchange.folder)
        self._reception = reception = Reception(core)
        self._desk = desk = OrderDesk(core, speech, self._settlements, loop.time, loop.call_later)
        self._status = StatusFlow(speech, exchange.sessions)
        self._md = MarketFront(core, reception)
        self._queries = Queries(core, desk, self._settlements, self._md)
        self._td = TradingFront(
            core, speech, reception, desk, self._status, self._queries, self._settlements, loop.time
        )
        self._behind = Behind(core, desk)
        self._loop = loop
        self._lines = 0
        self._servers: list[asyncio.Server] = []
        self._beat: asyncio.TimerHandle | None = None

    # ------------------------------------------------------------ life

    async def start(
        self, md_port: int | None = None, td_port: int | None = None
    ) -> tuple[int, int]:
        """Open the accounts, make the day's flows again, and listen; the real ports (md, td).
        ``OSError``: a port is taken."""
        exchange, section = self._exchange, self._core.section
        exchange.listen(self)
        exchange.settling = self._settling
        for client in self._core.book.clients():
            if not exchange.has_account(client.investor):
                self._open(client.investor, client.cash)
        for item in exchange.instruments():
            self._list(item)
        self._queries.gather()
        self._statements()
        self._rebuild()
        md = section.md_port if md_port is None else md_port
        td = section.td_port if td_port is None else td_port
        self._beat = self._loop.call_later(section.heartbeat_s, self._heartbeat)
        self._stale_at()
        return await self._listen(self._md, md), await self._listen(self._td, td)

    def _statements(self) -> None:
        """Of the day that was settled last; a ledger that was opened late settles as it opens."""
        if self._exchange.day_end is not None:
            self._settlements.settled(self._exchange.day_end)

    def _stale_at(self) -> None:
        """With junk: the last snapshots come once more before each opening, as when real fronts
        start for the day."""
        if not self._core.section.junk_ticks:
            return
        now, day = self._core.now(), self._exchange.trading_day
        evening = self._exchange.sessions.calendar.previous_day(day)
        half_hours = (
            china_midnight(evening) + 20 * HOUR + 30 * MINUTE,
            china_midnight(day) + 8 * HOUR + 30 * MINUTE,
        )
        for when in half_hours:
            if when > now:
                self._timers.call_at(when, self._md.repeat)

    def _open(self, account: AccountId, cash: float | None) -> None:
        if cash is None:
            self._exchange.open_account(account)
        else:
            self._exchange.deposit(account, cash)

    async def _listen(self, owner: MarketFront | TradingFront, port: int) -> int:
        def line() -> Line:
            self._lines += 1
            return Line(owner, self._lines)

        server = await self._loop.create_server(line, self._core.section.host, port)
        self._servers.append(server)
        bound: int = server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Close the ports and the lines. The exchange goes on."""
        if self._beat is not None:
            self._beat.cancel()
        for server in self._servers:
            server.close()
        for line in self._all():
            line.cut(flush=True)
        for server in self._servers:
            await server.wait_closed()
        await asyncio.sleep(0)

    def _all(self) -> list[Line]:
        return [*self._md.lines.values(), *self._td.lines.values()]

    def _heartbeat(self) -> None:
        """Beat every line, and cut the ones that have been silent."""
        every = self._core.section.heartbeat_s
        silent = self._loop.time() - every * SILENT_BEATS
        for line in self._all():
            if line.heard < silent:
                line.cut()
            else:
                line.heartbeat()
        self._beat = self._loop.call_later(every, self._heartbeat)

    def _next_base(self) -> int:
        return self._settlements.next_life() % LIVES * LIFE

    def _rebuild(self, *, renamed: bool = False) -> None:
        base = self._next_base()
        self._desk.rebuild(base, renamed=renamed)
        self._status.rebuild(
            base, self._exchange.floors(), self._exchange.trading_day, self._core.now()
        )

    def _list(self, item: Instrument) -> None:
        self._core.list(item)
        self._md.list(item)

    # ------------------------------------------------------------ the market

    def feed(self, tick: Tick) -> None:
        """A snapshot: the exchange matches and reports, then the subscribers get it."""
        self._exchange.on_market(tick)
        self._md.publish(tick)

    def congested(self) -> bool:
        """Whether the market should wait for a client (a run as fast as possible)."""
        return self._md.congested()

    # ------------------------------------------------------------ the exchange speaks

    def on_order(self, report: OrderReport) -> None:
        self._desk.on_order(report)

    def on_trade(self, fill: Fill) -> None:
        self._desk.on_trade(fill)

    def on_cancel_refused(self, refusal: CancelRefused) -> None:
        self._desk.on_cancel_refused(refusal)

    def on_listed(self, instrument: Instrument) -> None:
        self._list(instrument)

    def on_delisted(self, instrument: Instrument) -> None:
        self._core.items.pop(instrument.symbol, None)

    def on_phase(
        self, exchange: str, product: str, phase: Phase, trading_day: int, ts: int
    ) -> None:
        over = phase is Phase.CLOSED and trading_day != self._exchange.trading_day
        self._status.changed(exchange, product, phase, day_over=over, ts=ts)

    def _settling(self, end: DayEnd) -> None:
        """The settlement prices arrive as market data."""
        self._desk.settling = True
        for instrument, price in end.prices:
            contract = self._exchange.contract(instrument)
            if contract is not None and contract.tick is not None:
                close = contract.tick.last_price
                self._md.push(
                    instrument,
                    {
                        "SettlementPrice": price,
                        "ClosePrice": DBL_MAX if close is None else close,
                    },
                )

    def on_trading_day(self, trading_day: int, ts: int) -> None:
        """The roll: statements, empty flows, nobody confirmed; sessions are cut as brokers do."""
        self._desk.settling = False
        self._statements()
        self._reception.new_day()
        self._core.traders.clear()
        base = self._next_base()
        self._desk.new_day(base)
        self._status.begin(base)
        self._stale_at()
        if self._core.section.cut_at_roll:
            for line in self._all():
                line.cut(flush=True)
        else:
            self._td.flows_cleared()

    def on_lost(self, reason: str) -> None:
        """The exchange is gone: so are the fronts."""
        logger.error("the fronts close: {}", reason)
        for server in self._servers:
            server.close()
        for line in self._all():
            line.cut()

    # ------------------------------------------------------------ what others do to it

    def sessions(self) -> Sequence[Session]:
        return self._all()

    def cut(self, sessions: Iterable[Session]) -> int:
        """Break lines, as a network does; how many."""
        numbers = {session.number for session in sessions}
        lines = [line for line in self._all() if line.number in numbers]
        for line in lines:
            line.cut()
        return len(lines)

    def stall_md(self, on: bool) -> None:
        self._md.stalled = on

    def clear_flows(self) -> None:
        """清流重启: see ``ports.FrontPort``."""
        for line in tuple(self._td.lines.values()):
            line.cut()
        self._core.front_id += 1
        self._core.sessions += 1
        self._rebuild(renamed=True)

    def foreign_order(self, order: ForeignOrder) -> OrderId:
        return self._behind.order(order)

    def cancel_foreign(self, account: AccountId, order_id: OrderId) -> None:
        self._behind.cancel(account, order_id)

    def force_close(
        self, account: AccountId, instrument: InstrumentId, direction: Direction, lots: int = 0
    ) -> tuple[OrderId, ...]:
        return self._behind.force_close(account, instrument, direction, lots)

    def change_position(
        self,
        account: AccountId,
        instrument: InstrumentId,
        direction: Direction,
        lots: int,
        price: float | None = None,
        *,
        today: bool = True,
    ) -> None:
        self._exchange.adjust(account, instrument, direction, lots, price, today=today)

    def push_tick(self, instrument: InstrumentId, fields: Mapping[str, Value]) -> int:
        return self._md.push(instrument, fields)
