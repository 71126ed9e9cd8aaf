"""The simulated exchange: takes orders of several accounts, matches them, keeps their books.

It knows no bus: requests come as calls, answers go to one ``Listener``, on the same stack, when
they are in the ledger. Time comes from the clock and the timers it is given, so a run is
deterministic. A ledger that fails ends it: ``Listener.on_lost``, and not a word after it. Profit
and margin are computed when asked, so a market that moves costs a look-up.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from homalos.config.sections.exchange import ExchangeSection
from homalos.exchange import codes
from homalos.exchange.board import Board
from homalos.exchange.checks import Checks
from homalos.exchange.clearing import Clearing
from homalos.exchange.contract import Contract, Floor
from homalos.exchange.day import AccountEnd, DayEnd, DayRoll, Prices
from homalos.exchange.desk import Desk
from homalos.exchange.doors import Doors
from homalos.exchange.entry import OrderEntry
from homalos.exchange.ledger import Ledger, LedgerAhead, LedgerError
from homalos.exchange.listing import at_its_word, instrument_of
from homalos.exchange.matching import market_moved, out_of_reach
from homalos.exchange.opening import Opening
from homalos.exchange.phases import Phases, Scheduler
from homalos.exchange.positions import Holdings
from homalos.exchange.records import (
    Adjusted,
    CashMoved,
    DayOpened,
    Fill,
    Listener,
    NewOrder,
    VenueOrder,
)
from homalos.exchange.state import VenueState, working_orders
from homalos.kernel.clock import Clock
from homalos.market import money
from homalos.market.products import Products
from homalos.market.sessions import Sessions
from homalos.model.enums import Direction, OrderKind, OrderStatus, Phase, TimeInForce
from homalos.model.ids import AccountId, InstrumentId, OrderId
from homalos.model.market import Instrument, Tick
from homalos.model.times import china_text
from homalos.model.trading import Account, Position


@dataclass(frozen=True)
class Resume:
    """Where a ledger left off: what a generated market goes on from."""

    ts: int
    trading_day: int
    marks: dict[InstrumentId, Tick]
    settlements: dict[InstrumentId, float]


class Exchange:
    """See the module. ``open`` before anything else; ``ledger`` None keeps everything in memory."""

    def __init__(
        self,
        section: ExchangeSection,
        products: Products,
        sessions: Sessions,
        clock: Clock,
        scheduler: Scheduler,
        ledger: Ledger | None = None,
    ) -> None:
        self.section = section
        self.clock = clock
        self.sessions = sessions
        self.folder: Path | None = None if ledger is None else ledger.path.parent
        """Where the ledger is; ``None``: nothing of this exchange is kept."""
        self.opened = False
        self.counters: Counter[str] = Counter()
        self.day_end: DayEnd | None = None
        """The last trading day that this process has seen settled."""
        self.settling: Callable[[DayEnd], None] | None = None
        """Called before a day is settled."""
        self._products = products
        self._state = VenueState() if ledger is None else ledger.read()
        self._contracts: dict[InstrumentId, Contract] = {}
        self._live: dict[InstrumentId, Contract] = {}
        self.clearing = Clearing(self._state, section, self.last_price, self._told_settlement)
        self._desk = Desk(self._state, self.clearing, ledger)
        self._checks = Checks(self._state, self.clearing)
        self._entry = OrderEntry(
            self._desk, self._checks, self.clearing, self._contracts, section, self.counters
        )
        self._opening = Opening(self._desk, self._checks.pre_settlement)
        self._doors = Doors(scheduler)
        self._phases = Phases(sessions, self._doors, self._phase_changed)
        self.board = Board(self._desk, self._phases, products, self.clearing, self._contracts)
        self._day = DayRoll(
            self._desk, self._phases, sessions, self._doors, section, self._contracts,
            self._about_to_settle, self._new_day,
        )  # fmt: skip

    # ------------------------------------------------------------ opening and closing

    def resume(self) -> Resume | None:
        """Where the ledger left off; ``None``: it is new."""
        state = self._state
        if not state.last_ts:
            return None
        return Resume(state.last_ts, state.trading_day, dict(state.marks), dict(state.settlements))

    def open(
        self, instruments: Iterable[Instrument], start: int,
        coming: Callable[[int], Iterable[Instrument]] | None = None,
    ) -> None:  # fmt: skip
        """Open the floor for a source that begins at ``start``; before the first tick.

        ``coming``: the source's contracts of a trading day that begins; without it none comes.
        ``LedgerAhead``: the ledger has seen later times. Orders of an earlier trading day expire,
        those of the same day go on working.
        """
        state = self._state
        if state.last_ts > start:
            raise LedgerAhead(
                f"the simulated exchange's ledger ends at {china_text(state.last_ts)}, after the "
                f"source's start {china_text(start)}: choose another --data-dir for this run, or "
                "go on with the source it was made with"
            )
        self._list_all(instruments)
        if coming is not None:
            self.board.coming = coming
        day = self._phases.trading_day(start) if self._contracts else 0
        if not state.trading_day:
            self._desk.write(DayOpened(day, start))
        elif day > state.trading_day:
            self._day.settle(day, start)
        self._reopen(start)
        # Of a settlement that a crash cut short, or of a ledger that let nothing expire.
        self.board.expire(state.trading_day, start)
        self._desk.commit(start)
        for floor in self._phases.floors():
            self._phases.begin(floor, start)
        self._day.begin(start)
        self.opened = True

    def _list_all(self, instruments: Iterable[Instrument]) -> None:
        """What is held or ordered is listed too, whether or not the source still has it."""
        state = self._state
        known = {item.id: item for item in instruments}
        bound = {i for a in state.accounts.values() for i in a.holdings}
        bound.update(order.instrument for order in working_orders(state))
        for item in known.values():
            self.board.list(item)
        for id_ in sorted(bound - known.keys()):
            self.board.list(state.instruments[id_])

    def _reopen(self, ts: int) -> None:
        """Put working orders back into the book; what could not rest is cancelled."""
        for id_, tick in self._state.marks.items():
            if id_ in self._contracts:
                self._contracts[id_].tick = tick
        for order in working_orders(self._state):
            if order.kind is OrderKind.LIMIT and order.tif is TimeInForce.GFD:
                self._contracts[order.instrument].rest(order)
            else:
                self._entry.end(order, OrderStatus.CANCELLED, codes.KILLED, ts)

    def close(self) -> None:
        """Note the time and the prices, and close the ledger."""
        if self.opened:
            self._doors.run(self._day.mark, self.clock.now())
        self.opened = False
        self._desk.close()

    def listen(self, listener: Listener) -> None:
        """The one who hears the exchange from here on."""
        self._desk.listener = listener
        self._doors.tell = listener.on_lost

    @property
    def lost(self) -> str:
        """Why the exchange is gone (its disk refused); "" while it lives."""
        return self._doors.lost

    def configure(self, section: ExchangeSection) -> None:
        """Apply the keys that hold at once (``fill``, ``self_trade``)."""
        self.section = section
        self._entry.configure(section)

    # ------------------------------------------------------------ market

    def on_market(self, tick: Tick) -> None:
        """A snapshot of the market reaches the floor."""
        contract = self._live.get(tick.instrument)
        if contract is None:
            self._doors.run(self._first, tick)
            return
        before = contract.tick
        contract.tick = tick
        if contract.buys or contract.sells:
            self._doors.run(self._moved, contract, before)

    def _first(self, tick: Tick) -> None:
        """The first snapshots of a contract on a trading day, until one has a price."""
        contract = self._contracts.get(tick.instrument)
        if contract is None:
            contract = self._surprise(tick)
        before = contract.tick
        if before is not None and before.trading_day != tick.trading_day:
            before = None
        contract.tick = tick
        if tick.last_price is not None:
            self._live[tick.instrument] = contract
        elif before is not None and before.last_price is not None:
            contract.tick = before  # its price still marks positions
        if contract.buys or contract.sells:
            self._moved(contract, before)

    def _surprise(self, tick: Tick) -> Contract:
        """A contract that the source had not told of."""
        day = self._state.trading_day
        item = at_its_word(instrument_of(self._products, tick.instrument, day), day)
        contract = self.board.list(item)
        if not contract.floor.trading_day:
            self._phases.begin(contract.floor, self.clock.now())
        self.counters["unlisted_instruments"] += 1
        self._desk.commit(self.clock.now())
        if self._desk.listener is not None:
            self._desk.listener.on_listed(item)
        return contract

    def _moved(self, contract: Contract, before: Tick | None) -> None:
        phase, now = contract.floor.phase, self.clock.now()
        if phase is Phase.CONTINUOUS and out_of_reach(contract):
            return
        touch = self.section.fill == "touch"
        if phase is Phase.CONTINUOUS:
            for order, lots in market_moved(contract, before, touch):
                self._desk.rested(contract, order, order.price, lots, self._desk.trade_id(), now)
            self._desk.commit(now)
        elif phase is Phase.AUCTION_MATCH:
            self._opening.printed(contract, before, touch, now)

    def _phase_changed(self, floor: Floor, now: int) -> None:
        if floor.phase is Phase.CONTINUOUS:
            self._opening.over(self._contracts.values(), floor, now)
        self._day.watch(now)
        if self._desk.listener is not None:
            self._desk.listener.on_phase(
                floor.exchange, floor.product, floor.phase, floor.trading_day, now
            )

    def _about_to_settle(self, prices: Prices) -> None:
        ends = {
            id_: AccountEnd(self.account(id_), self.fills(id_), self.positions(id_))
            for id_ in self._state.accounts
        }
        self.day_end = DayEnd(self._state.trading_day, prices, ends, self.instruments())
        if self.settling is not None:
            self.settling(self.day_end)

    def _new_day(self, trading_day: int, ts: int) -> None:
        """Contracts as they are from this day on; every first tick is a first one again."""
        self._live.clear()
        self.board.new_day(trading_day, ts)

    # ------------------------------------------------------------ orders

    def insert(self, request: NewOrder, veto: str = "") -> None:
        """Take an order; whatever becomes of it is reported, never returned or raised. Where the
        disk refuses, nothing is answered. ``veto``: the exchange refuses it, in these words."""
        self._doors.run(self._entry.insert, request, veto, self.clock.now())

    def cancel(self, account: AccountId, order_id: OrderId) -> None:
        """Cancel the rest of an order; refused with 25, 26, or the exchange's word."""
        self._doors.run(self._entry.cancel, account, order_id, self.clock.now())

    # ------------------------------------------------------------ money

    def open_account(self, account: AccountId) -> None:
        """Make sure of an account; a new one gets the opening cash."""
        if account not in self._state.accounts:
            self.deposit(account, self.section.opening_cash)

    def deposit(self, account: AccountId, amount: float) -> None:
        """Pay in (and open the account, if it is new). ``ValueError``: not a sum of money;
        ``LedgerError``: the disk refuses."""
        self._move_cash(account, amount, 1)

    def withdraw(self, account: AccountId, amount: float) -> None:
        """Pay out. ``ValueError``: not a sum of money, or more than is available;
        ``LookupError``: no such account; ``LedgerError``: the disk refuses."""
        owner = self._state.accounts.get(account)
        if owner is None:
            raise LookupError(f"the simulated exchange has no account {account}")
        if amount > self.clearing.available(owner):
            raise ValueError(f"{amount:.2f} is more than is available")
        self._move_cash(account, amount, -1)

    def adjust(
        self, account: AccountId, instrument: InstrumentId, direction: Direction, lots: int,
        price: float | None = None, *, today: bool = True,
    ) -> None:  # fmt: skip
        """Add lots without a trade (negative: take away what no working close has bound), at the
        last price where none is given. ``LookupError``: no such account or contract;
        ``ValueError``: not so many lots, or no price; ``LedgerError``: the disk refuses."""
        if account not in self._state.accounts or instrument not in self._contracts:
            raise LookupError(f"the simulated exchange has no {account} with {instrument}")
        price = self.last_price(instrument) if price is None else price
        if price is None:
            raise ValueError(f"{instrument} has no price yet: give one")
        pair = self._state.accounts[account].holdings.get(instrument, Holdings())
        held = pair.long if direction is Direction.LONG else pair.short
        free = held.of_day(today=today)
        if -lots > min(free.lots - free.frozen, held.lots - held.frozen):
            raise ValueError(f"{instrument}: there are not {-lots} free {direction} lots")
        self._doors.must_be_open()
        now = self.clock.now()
        self._desk.write(Adjusted(account, instrument, direction, lots, price, today, now))
        self._doors.run(self._desk.commit, now)

    def _move_cash(self, account: AccountId, amount: float, sign: int) -> None:
        if not 0 <= amount < 1e15:
            raise ValueError(f"{amount} is not a sum of money")
        self._doors.must_be_open()
        ts = max(self.clock.now(), self._state.last_ts) if self.opened else self._state.last_ts
        self._desk.write(CashMoved(account, sign * money.round_cents(amount), ts))
        try:
            self._desk.commit(ts)
        except LedgerError as error:
            self._doors.lose(error)
            raise

    # ------------------------------------------------------------ questions

    @property
    def trading_day(self) -> int:
        return self._state.trading_day

    @property
    def skipped(self) -> Counter[str]:
        """Rules that had no data to judge by, by name."""
        return self._checks.skipped

    def last_price(self, instrument: InstrumentId) -> float | None:
        """What a position is marked at: the last price, before it the previous settlement."""
        contract = self._contracts.get(instrument)
        tick = None if contract is None else contract.tick
        if tick is not None and tick.last_price is not None:
            return tick.last_price
        known = self._state.settlements.get(instrument)
        return known if known is not None or tick is None else tick.pre_settlement

    def _told_settlement(self, instrument: InstrumentId) -> float | None:
        """The previous settlement as the market tells it, of a day before this exchange's first."""
        contract = self._contracts.get(instrument)
        return None if contract is None else self._checks.pre_settlement(contract)

    def account(self, account: AccountId) -> Account:
        """``LookupError``: no such account."""
        return self.clearing.account(account, self.clock.now())

    def positions(self, account: AccountId) -> tuple[Position, ...]:
        return self.clearing.positions(account)

    def orders(self, account: AccountId) -> tuple[VenueOrder, ...]:
        """Orders of the trading day, in order of time."""
        return tuple(self._state.accounts[account].orders.values())

    def fills(self, account: AccountId) -> tuple[Fill, ...]:
        """Fills of the trading day, in order of time."""
        return tuple(self._state.accounts[account].fills)

    def order(self, account: AccountId, order_id: OrderId) -> VenueOrder | None:
        return self._state.order(account, order_id)

    def holdings(self, account: AccountId) -> dict[InstrumentId, Holdings]:
        """Lots with their prices, by contract; not to be changed. ``KeyError``: no such account."""
        return self._state.accounts[account].holdings

    def has_account(self, account: AccountId) -> bool:
        return account in self._state.accounts

    def contract(self, instrument: InstrumentId) -> Contract | None:
        """The floor's view of a contract: phase, newest snapshot; not to be changed."""
        return self._contracts.get(instrument)

    def limits(self, instrument: InstrumentId) -> tuple[float | None, float | None]:
        """(lower, upper) limit of the day. ``KeyError``: no such contract."""
        return self._checks.limits(self._contracts[instrument])

    def pre_settlement(self, instrument: InstrumentId) -> float | None:
        """``KeyError``: no such contract."""
        return self._checks.pre_settlement(self._contracts[instrument])

    def instruments(self) -> tuple[Instrument, ...]:
        return tuple(contract.instrument for contract in self._contracts.values())

    def floors(self) -> tuple[Floor, ...]:
        return self._phases.floors()
