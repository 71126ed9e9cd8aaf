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
from homalos.market import lot_rules, money
from homalos.model.enums import Direction, Offset
from homalos.model.events import (
    AccountSnapshot,
    InstrumentListed,
    SettlementKnown,
    SubmitOrder,
    TradeReported,
)
from homalos.model.ids import AccountId, InstrumentId, StrategyId
from homalos.model.market import Instrument, Tick
from homalos.model.times import SECOND
from homalos.model.trading import (
    Account,
    Order,
    Position,
    StrategyBook,
    StrategyPerformance,
    Trade,
)
from homalos.trading.contract import Contract
from homalos.trading.exposure import Exposure
from homalos.trading.funds import Cash, available
from homalos.trading.offsets import Parts
from homalos.trading.performance import Performances
from homalos.trading.reservations import Reservations, order_cost
from homalos.trading.settlement.day import DayTrades
from homalos.trading.strategy_book import NetBook
from homalos.trading.strategy_books import StrategyBooks
from homalos.trading.venue_lots import DayOfTrades, lots_of, same_lots, with_known

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
        self._provisional: dict[InstrumentId, Contract] = {}
        """Whose yesterday's lots stand at a mark: their settlement is not known yet."""
        self.strategies = StrategyBooks()
        self._books = self.strategies.books
        self.performances = Performances()
        self.margins: tuple[float, float] | None = None
        """(ours, the venue's) at its last answer; ``None``: it has not answered yet."""
        self.reservations = Reservations()
        self.day = DayTrades()
        """Trades of the trading day, for its settlement statement."""
        self.blocked: frozenset[StrategyId] = frozenset()
        """Who may open nothing: lots of theirs are gone, and nobody has said whose."""
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
        if self._provisional and instrument in self._provisional:
            self._look_for_settlement(tick)

    def _look_for_settlement(self, tick: Tick) -> None:
        price = tick.pre_settlement
        if price is None or tick.trading_day != self.trading_day:
            return  # a tick of the old day tells the settlement before
        now = self._bus.clock.now()
        self._bus.record(SettlementKnown(tick.instrument, self.trading_day, price, now))
        self.settle(tick.instrument, price)

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
        offset = lot_rules.portable(report.offset, contract.instrument.splits_today)
        fee, profit, by_trade = self._apply(contract, report, offset)
        contract.fees = round(contract.fees + fee, 4)
        self._cash.book(fee, profit, by_trade)
        self._refresh(contract)
        book = self.net_book(strategy, report.instrument, contract.multiplier)
        result = book.trade(report.side, report.lots, report.price, fee)
        self._changed()
        trade = self._trade(report, strategy, offset, fee, (profit, by_trade, result))
        self.day.booked.append(trade)
        return trade

    def _apply(
        self, contract: Contract, report: TradeReported, offset: Offset
    ) -> tuple[float, float, float]:
        """Fee, and what was realised by date and by trade."""
        lots, price, multiplier = report.lots, report.price, contract.multiplier
        if offset is _OPEN:
            contract.opening(report.side).open(lots, price, report.trading_day)
            fee, profit, by_trade = contract.fee(report.side, offset, price, lots), 0.0, 0.0
        else:
            today = lot_rules.takes_today(offset, contract.instrument.splits_today)
            side = contract.closing(report.side)
            closed = side.close(lots, today)
            self.missing_lots += closed.missing
            sold, unit = price * (lots - closed.missing), -report.side.sign * multiplier
            profit = round(unit * (sold - closed.basis), 4)
            by_trade = round(unit * (sold - closed.opened), 4)
            side.closed_profit = round(side.closed_profit + profit, 4)
            side.closed_by_trade = round(side.closed_by_trade + by_trade, 4)
            fee = contract.close_fee(price, lots, closed.fee_today_lots)
        fee = money.round_cents(fee) if self._section.round_fees else round(fee, 4)
        return fee, profit, by_trade

    def _trade(
        self, report: TradeReported, strategy: StrategyId, offset: Offset, fee: float,
        profits: tuple[float, float, float | None],
    ) -> Trade:  # fmt: skip
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
            *profits,
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
        tick = self.quotes.get(id_) if contract.pre_settlement is None else None
        if tick is not None and tick.trading_day == self.trading_day:
            contract.pre_settlement = tick.pre_settlement  # an older tick tells the one before
        contract.refresh(self._section.margin_price, self.marks.get(id_))
        if contract.long.parts or contract.short.parts:
            self._held[id_] = contract
        else:
            self._held.pop(id_, None)
        self._margin = self._held_margin()
        contract.place.hold(contract.long.lots, contract.short.lots)
        contract.place.mark(self.marks.get(id_), contract.multiplier, contract.basis)

    def _held_margin(self) -> float:
        held = self._held.values()
        return money.relieved_margin((c.relief, c.long_margin, c.short_margin) for c in held)

    def net_book(
        self, strategy: StrategyId, instrument: InstrumentId, multiplier: float
    ) -> NetBook:
        """The live book of a strategy in a contract; made when first asked for."""
        book = self._books.get((strategy, instrument))
        return self.strategies.get(strategy, instrument, multiplier) if book is None else book

    def offsets(self, intent: SubmitOrder, contract: Contract) -> Parts:
        """How an intent leaves: (offset, lots), closes first."""
        price = intent.price or self.marks.get(intent.instrument)
        return self.strategies.offsets(intent, contract, self._section.close_order, price)

    # ------------------------------------------------------------ the venue's word, the day's roll

    def roll(self, trading_day: int) -> None:
        """A new trading day: settle at the last known price, today's lots become yesterday's.

        Provisional until the settlement is known: the venue's figures (``restore``), or the first
        tick of the day, which tells it (``settle``).
        """
        if trading_day == self.trading_day:
            return
        first, self.trading_day = self.trading_day == 0, trading_day
        self.day.roll(trading_day)
        if first:
            return
        settlements = {id_: self._settlement(id_) for id_ in self._contracts}
        known = {id_: price for id_, price in settlements.items() if price is not None}
        self.performances.day_over(self.strategies.results(known))
        profit = sum(c.profit(settlements[id_]) for id_, c in self._held.items())
        self._cash = Cash(pre_balance=round(self._cash.settled() + profit, 4))
        for id_, contract in self._contracts.items():
            # Where nothing is held the first tick tells it: a mark is no settlement.
            mark = settlements[id_] if id_ in self._held else None
            contract.pre_settlement, contract.fees = mark, 0.0
            contract.long.roll(settlements[id_])
            contract.short.roll(settlements[id_])
            self._refresh(contract)
        self.strategies.roll(settlements)
        self._provisional = dict(self._held)
        self._changed()

    def settle(self, instrument: InstrumentId, price: float) -> None:
        """The settlement with which this trading day began is known."""
        contract = self._provisional.pop(instrument, None)
        if contract is None:
            return
        opening, realised = contract.settle(price)
        self._cash.settle(opening, realised)
        self.strategies.settle(instrument, price)
        self._refresh(contract)
        self._changed()

    def provisional(self) -> tuple[InstrumentId, ...]:
        """Contracts whose lots of yesterday stand at a mark of ours."""
        return tuple(sorted(self._provisional))

    def settlements(self) -> tuple[tuple[InstrumentId, float], ...]:
        """At which a roll would take place now, by contract, where anything is known."""
        found = ((id_, self._settlement(id_)) for id_ in sorted(self._contracts))
        return tuple((id_, price) for id_, price in found if price is not None)

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
        self._cash = self._cash.restored(account)
        rows = {(p.instrument, p.direction): p for p in snapshot.positions}
        self.day.told(snapshot.trades)
        day = DayOfTrades(snapshot.trades)
        for id_, contract in self._contracts.items():
            for direction, side in contract.sides():
                row = rows.get((id_, direction))
                if snapshot.trades or not same_lots(side, row):
                    parts = lots_of(row, snapshot.trading_day, snapshot.trades)
                    side.replace(with_known(parts, side))
                if row is not None and row.closed_profit is not None:
                    side.closed_profit = row.closed_profit
                    side.closed_by_trade = row.closed_profit_by_trade or 0.0
                if snapshot.trades:
                    day.note(side, (id_, direction), contract.instrument.splits_today)
            self._take_settlement(contract)
            self._refresh(contract)
            self.strategies.attribute_rest(contract)
        self._provisional.clear()
        self._changed()

    def _take_settlement(self, contract: Contract) -> None:
        """The venue's basis of yesterday's lots is their settlement."""
        id_ = contract.instrument.id
        side = contract.long if contract.long.rolled else contract.short
        if id_ in self._provisional and side.rolled:
            contract.pre_settlement = price = side.rolled_sum / side.rolled
            self.strategies.settle(id_, price)

    def load(
        self, rows: Iterable[StrategyBook], performances: Iterable[StrategyPerformance] = ()
    ) -> None:
        """Strategies' books as they were (recovery); call before ``restore``."""
        for row in rows:
            contract = self._contracts.get(row.instrument)
            if contract is not None:
                self.net_book(row.strategy, row.instrument, contract.multiplier).load(row)
        self.performances.load(performances)

    def has_book(self, strategy: StrategyId, instrument: InstrumentId) -> bool:
        """Whether the strategy has ever traded the contract."""
        return (strategy, instrument) in self._books

    def correct_fee(self, strategy: StrategyId, instrument: InstrumentId, more: float) -> None:
        """A settlement statement tells the fee of an earlier day's trade otherwise. The account has
        it from the venue's opening figures."""
        book = self._books.get((strategy, instrument))
        if book is not None:
            book.fees = round(book.fees + more, 4)
            self._changed()

    def set_cash(self, deposit: float, withdraw: float) -> None:
        """Money that came or went: the venue's word is a fact, not a difference."""
        self._cash.deposit, self._cash.withdraw = deposit, withdraw

    def note_margin(self, venues: float) -> None:
        """The venue's margin is the truth, ours an upper bound before a trade; how far they are
        apart is to be seen, and stops nothing."""
        ours = self.funds()[1] - self.reservations.margin
        self.margins = round(ours, 2), round(venues, 2)

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

    def held(self) -> Iterable[Contract]:
        """Contracts in which there are lots, as they stand now."""
        return self._held.values()

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
        return self.strategies.records(self.marks)

    def funds(self) -> tuple[float, float, float]:
        """(equity, margin with what is frozen, available money) at the last prices; cheap enough
        for each order."""
        if self._section.margin_price == "last":
            for id_, contract in self._held.items():
                contract.refresh("last", self.marks.get(id_))
            self._margin = self._held_margin()
        profit = self.exposure.profit()
        held = self.reservations
        balance = self._cash.settled() + profit
        used = self._margin + held.margin
        free = balance - used - held.fees
        section = self._section
        counts, with_closed = section.available_counts, section.available_includes_closed_profit
        if counts != "both" or not with_closed:
            free = available(free, profit, counts, self._cash.closed_profit, with_closed)
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
            closed_profit_by_trade=cash.closed_by_trade,
            position_profit_by_trade=sum(
                c.profit_by_trade(self.marks.get(id_)) for id_, c in self._held.items()
            ),
        )

    # ------------------------------------------------------------ snapshots

    def snapshot(self) -> AccountSnapshot:
        account = self.account()
        self.performances.note(self.strategies.results(self.marks))
        return AccountSnapshot(
            account, self.positions(), self.books(), account.ts_event, self.performances.records()
        )

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
        return (
            self.trading_day,
            self._cash.state(),
            tuple((i, c.state()) for i, c in contracts if not c.idle() or c.fees),
            self.strategies.state(),
            self.reservations.state(),
        )
