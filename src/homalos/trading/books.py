"""The account's books: lots, margin, fees, profits; strategies' books; what working orders bind.

The only writer of positions and account. The order manager books trades here within its step; ticks
only leave their last price (a dict store), profits are computed when somebody asks.

Two cuts of the same trades: the account's lots by contract and day, and each strategy's net lots at
average cost. Their net lots are equal in every contract, and so is their total result.
"""

from collections.abc import Callable, Iterable

from homalos.config.sections.trading import TradingSection
from homalos.gateway.protocol import VenueSnapshot
from homalos.kernel.bus import Bus
from homalos.kernel.timers import Timer, Timers
from homalos.market import money
from homalos.model.enums import Direction, Offset
from homalos.model.events import AccountSnapshot, InstrumentListed, TradeReported
from homalos.model.ids import UNATTRIBUTED, AccountId, InstrumentId, StrategyId
from homalos.model.market import Instrument, Tick
from homalos.model.times import SECOND
from homalos.model.trading import Account, Order, Position, StrategyBook, Trade
from homalos.trading.contract import Contract
from homalos.trading.exposure import Exposure
from homalos.trading.funds import Cash, available
from homalos.trading.offsets import closes_today, portable
from homalos.trading.reservations import Reservations, order_cost
from homalos.trading.strategy_book import NetBook
from homalos.trading.venue_lots import lots_of, same_lots, today_rate_lots

_OPEN = Offset.OPEN

AFTER_TRADE = SECOND // 5
"""Trades of one burst share a snapshot."""


class Books:
    """See the module. Money in yuan; profits by date (盯市). ``sector``: of a product of an
    exchange; ``None`` where nobody knows it."""

    def __init__(
        self, bus: Bus, timers: Timers, section: TradingSection, account: AccountId,
        sector: Callable[[str, str], str | None] = lambda exchange, product: None,
    ) -> None:  # fmt: skip
        self._bus = bus
        self._timers = timers
        self._section = section
        self.account_id = account
        self.trading_day = 0
        self.quotes: dict[InstrumentId, Tick] = {}
        """The last tick of each contract."""
        self.marks: dict[InstrumentId, float] = {}
        """The last valid price of each contract."""
        self.exposure = Exposure()
        """Lots and values by product, sector and account."""
        self.missing_lots = 0
        """Lots that trades closed and the books did not have: they have missed something."""
        self._cash = Cash()
        self._margin = 0.0
        self._sector = sector
        self._contracts: dict[InstrumentId, Contract] = {}
        self._held: dict[InstrumentId, Contract] = {}
        self._books: dict[tuple[StrategyId, InstrumentId], NetBook] = {}
        self.reservations = Reservations()
        self._costed: Order | None = None
        self._cost = (0.0, 0.0)
        self._timer: Timer | None = None
        self._published: Account | None = None
        self._traded = False

    def attach(self) -> None:
        """Subscribe. To be attached before the strategies: they see an order's prices as here."""
        self._bus.subscribe(Tick, self._on_tick, actor="books", role="account")
        self._bus.subscribe(InstrumentListed, self._on_listed, actor="books", role="account")
        self._arm(int(self._section.snapshot_s * SECOND))

    def configure(self, section: TradingSection) -> None:
        """Apply the keys that hold at once."""
        self._section = section

    # ------------------------------------------------------------ market

    def _on_tick(self, tick: Tick) -> None:
        instrument = tick.instrument
        self.quotes[instrument] = tick
        price = tick.last_price
        if price is not None:
            self.marks[instrument] = price
            contract = self._held.get(instrument)
            if contract is not None:
                contract.place.mark(price, contract.multiplier, contract.basis)

    def _on_listed(self, event: InstrumentListed) -> None:
        self.listed(event.instrument)

    def listed(self, instrument: Instrument) -> None:
        """Learn a contract, or its new rates; what is held in it stays."""
        contract = self._contracts.get(instrument.id)
        if contract is None:
            product = f"{instrument.exchange}.{instrument.product}"
            sector = self._sector(instrument.exchange, instrument.product)
            place = self.exposure.place(product, sector)
            self._contracts[instrument.id] = Contract(instrument, place)
        else:
            contract.instrument = instrument
            self._refresh(contract)

    # ------------------------------------------------------------ trades and orders

    def trade(self, report: TradeReported, strategy: StrategyId) -> Trade | None:
        """Book one fill and tell its fee and profit; ``None``: the contract is not known yet.

        The caller has seen to it that the same fill does not come twice.
        """
        contract = self._contracts.get(report.instrument)
        if contract is None:
            return None
        offset = portable(report.offset, contract.instrument.splits_today)
        fee, profit = self._apply(contract, report, offset)
        contract.fees = round(contract.fees + fee, 4)
        contract.closed_profit = round(contract.closed_profit + profit, 4)
        self._cash.fees = round(self._cash.fees + fee, 4)
        self._cash.closed_profit = round(self._cash.closed_profit + profit, 4)
        self._refresh(contract)
        book = self.net_book(strategy, report.instrument, contract.multiplier)
        book.trade(report.side, report.lots, report.price, fee)
        self._changed()
        return self._trade(report, strategy, offset, fee, profit)

    def _apply(
        self, contract: Contract, report: TradeReported, offset: Offset
    ) -> tuple[float, float]:
        lots, price, multiplier = report.lots, report.price, contract.multiplier
        if offset is _OPEN:
            contract.opening(report.side).open(lots, price, report.trading_day)
            fee, profit = contract.fee(report.side, offset, price, lots), 0.0
        else:
            today = closes_today(offset, contract.instrument.splits_today)
            closed = contract.closing(report.side).close(lots, today)
            self.missing_lots += closed.missing
            sold = price * (lots - closed.missing) - closed.basis
            profit = round(-report.side.sign * sold * multiplier, 4)
            fee = contract.close_fee(price, lots, closed.fee_today_lots)
        return (money.round_cents(fee) if self._section.round_fees else round(fee, 4)), profit

    def _trade(
        self, report: TradeReported, strategy: StrategyId, offset: Offset, fee: float, profit: float
    ) -> Trade:
        return Trade(
            report.trade_id,
            report.order_id,
            self.account_id,
            strategy,
            report.instrument,
            report.side,
            offset,
            report.price,
            report.lots,
            fee,
            report.trading_day,
            report.ts_event,
            report.ts_init,
            report.venue_order_id,
            profit,
        )

    def cost(self, order: Order, contract: Contract) -> tuple[float, float]:
        """Margin and fee that an order would freeze. Asked by the risk gate and then, for the same
        order, by the reservation: computed once."""
        if order is not self._costed:
            self._costed, self._cost = order, order_cost(contract, order)
        return self._cost

    def hold(self, order: Order, lots: int) -> None:
        """Bind margin, fee and lots of ``order`` for ``lots`` of it; 0 sets them free."""
        if self.reservations.keep(order.id, lots) or lots <= 0:
            return
        contract = self._contracts.get(order.instrument)
        if contract is not None:
            book = self.net_book(order.strategy, order.instrument, contract.multiplier)
            cost = self.cost(order, contract)
            self.reservations.hold(order, lots, contract, book, cost)

    def _refresh(self, contract: Contract) -> None:
        id_ = contract.instrument.id
        if contract.pre_settlement is None and (tick := self.quotes.get(id_)) is not None:
            contract.pre_settlement = tick.pre_settlement
        contract.refresh(self._section.margin_price, self.marks.get(id_))
        if contract.long.parts or contract.short.parts:
            self._held[id_] = contract
        else:
            self._held.pop(id_, None)
        self._margin = sum(c.margin for c in self._held.values())
        contract.place.hold(contract.long.lots, contract.short.lots)
        contract.place.mark(self.marks.get(id_), contract.multiplier, contract.basis)

    def net_book(
        self, strategy: StrategyId, instrument: InstrumentId, multiplier: float
    ) -> NetBook:
        """The live book of a strategy in a contract; made when first asked for."""
        key = (strategy, instrument)
        book = self._books.get(key)
        if book is None:
            book = self._books[key] = NetBook(strategy, instrument, multiplier)
        return book

    # ------------------------------------------------------------ the venue's word, the day's roll

    def roll(self, trading_day: int) -> None:
        """A new trading day: settle at the last known price, today's lots become yesterday's.

        Provisional until the venue's own figures come (``restore``).
        """
        if trading_day == self.trading_day:
            return
        first, self.trading_day = self.trading_day == 0, trading_day
        if first:
            return
        profit = sum(c.profit(self._settlement(id_)) for id_, c in self._held.items())
        self._cash = Cash(pre_balance=round(self._cash.settled() + profit, 4))
        for id_, contract in self._contracts.items():
            settlement = self._settlement(id_)
            contract.pre_settlement = settlement
            contract.closed_profit = contract.fees = 0.0
            contract.long.roll(settlement)
            contract.short.roll(settlement)
            self._refresh(contract)
        self._changed()

    def _settlement(self, instrument: InstrumentId) -> float | None:
        tick = self.quotes.get(instrument)
        if tick is not None and tick.settlement is not None:
            return tick.settlement
        return self.marks.get(instrument)

    def restore(self, snapshot: VenueSnapshot) -> None:
        """Take the venue's account and positions for the truth. Strategies keep their books; lots
        that none of them has go to ``unattributed``, at the venue's cost."""
        self.trading_day = snapshot.trading_day
        account = snapshot.account
        self._cash = Cash(
            account.pre_balance, account.deposit, account.withdraw, account.closed_profit,
            account.fees,
        )  # fmt: skip
        rows = {(p.instrument, p.direction): p for p in snapshot.positions}
        charged = today_rate_lots(snapshot.trades)
        for id_, contract in self._contracts.items():
            for direction, side in contract.sides():
                row = rows.get((id_, direction))
                if snapshot.trades or not same_lots(side, row):
                    side.replace(lots_of(row, snapshot.trading_day, snapshot.trades))
                if snapshot.trades and not contract.instrument.splits_today:
                    side.charged_today = charged.get((id_, direction), 0)
            self._refresh(contract)
            self._attribute_rest(contract)
        self._changed()

    def _attribute_rest(self, contract: Contract) -> None:
        id_ = contract.instrument.id
        books = [b for b in self._books.values() if b.instrument == id_]
        known = sum(b.net for b in books)
        rest = contract.net - known
        if rest:
            side = contract.long if rest > 0 else contract.short
            # Where the venue has fewer lots than the books, these cost what theirs cost.
            ours = sum(b.cost for b in books) / known if known else 0.0
            price = side.basis_sum / side.lots if side.lots else ours
            self.net_book(UNATTRIBUTED, id_, contract.multiplier).carry(rest, price)

    def load(self, rows: Iterable[StrategyBook]) -> None:
        """Strategies' books as they were (recovery); call before ``restore``."""
        for row in rows:
            contract = self._contracts.get(row.instrument)
            if contract is not None:
                book = self.net_book(row.strategy, row.instrument, contract.multiplier)
                book.load(row.net_lots, row.average_price, row.closed_profit, row.fees)

    def set_cash(self, deposit: float, withdraw: float) -> None:
        """Money that came or went: the venue's word is a fact, not a difference."""
        self._cash.deposit, self._cash.withdraw = deposit, withdraw

    # ------------------------------------------------------------ questions

    def contract(self, instrument: InstrumentId) -> Contract | None:
        return self._contracts.get(instrument)

    def instrument(self, instrument: InstrumentId) -> Instrument | None:
        contract = self._contracts.get(instrument)
        return None if contract is None else contract.instrument

    def position(self, instrument: InstrumentId, direction: Direction) -> Position:
        """``LookupError``: the contract is not listed."""
        contract = self._contracts.get(instrument)
        if contract is None:
            raise LookupError(f"{instrument} is not a listed contract")
        last, price = self.marks.get(instrument), self._section.margin_price
        return contract.position(self.account_id, direction, last, price)

    def positions(self) -> tuple[Position, ...]:
        """Every direction that holds lots, in order of contract."""
        return tuple(
            position
            for id_ in sorted(self._held)
            for direction in Direction
            if (position := self.position(id_, direction)).lots
        )

    def book(self, strategy: StrategyId, instrument: InstrumentId) -> StrategyBook:
        """Flat where the strategy never traded the contract."""
        book = self._books.get((strategy, instrument))
        if book is None:
            return StrategyBook(strategy, instrument, 0, 0.0, 0.0, 0.0, 0.0)
        return book.record(self.marks.get(instrument))

    def books(self) -> tuple[StrategyBook, ...]:
        """Every book that has ever traded, in order of name and contract."""
        rows = ((key, book) for key, book in sorted(self._books.items(), key=lambda row: row[0]))
        return tuple(
            book.record(self.marks.get(key[1]))
            for key, book in rows
            if book.net or book.cash or book.fees
        )

    def funds(self) -> tuple[float, float, float]:
        """(equity, margin with what is frozen, available money) at the last prices; cheap enough
        for each order."""
        if self._section.margin_price == "last":
            for id_, contract in self._held.items():
                contract.refresh("last", self.marks.get(id_))
            self._margin = sum(c.margin for c in self._held.values())
        profit = self.exposure.profit()
        held = self.reservations
        balance = self._cash.settled() + profit
        used = self._margin + held.margin
        free = balance - used - held.fees
        counts = self._section.available_counts
        if counts != "both":
            free = available(free, profit, counts)
        return balance, used, free

    def account(self) -> Account:
        balance, used, free = self.funds()
        cash, held = self._cash, self.reservations
        return Account(
            id=self.account_id,
            trading_day=self.trading_day,
            pre_balance=cash.pre_balance,
            deposit=cash.deposit,
            withdraw=cash.withdraw,
            closed_profit=cash.closed_profit,
            position_profit=balance - cash.settled(),
            fees=cash.fees,
            margin=used - held.margin,
            frozen_margin=held.margin,
            frozen_fees=held.fees,
            balance=balance,
            available=free,
            ts_event=self._bus.clock.now(),
        )

    # ------------------------------------------------------------ snapshots

    def snapshot(self) -> AccountSnapshot:
        account = self.account()
        return AccountSnapshot(account, self.positions(), self.books(), account.ts_event)

    def _changed(self) -> None:
        if not self._traded:
            self._traded = True
            if self._timer is not None:
                self._arm(AFTER_TRADE)

    def _arm(self, delay: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._timers.call_at(self._bus.clock.now() + delay, self._due)

    def _due(self) -> None:
        balance, _, free = self.funds()
        last = self._published
        moved = last is None or (balance, free) != (last.balance, last.available)
        if self._traded or moved:
            self._traded = False
            snapshot = self.snapshot()
            self._published = snapshot.account
            self._bus.publish(snapshot)
        self._arm(int(self._section.snapshot_s * SECOND))

    def state(self) -> tuple[object, ...]:
        """All that trades and the venue have told; no prices, no times."""
        contracts = sorted(self._contracts.items())
        books = sorted(self._books.items(), key=lambda row: row[0])
        return (
            self.trading_day,
            self._cash.state(),
            tuple((i, c.state()) for i, c in contracts if not c.idle() or c.fees),
            tuple((*key, book.state()) for key, book in books),
            self.reservations.state(),
        )
