"""The state of the exchange as the fold of its ledger: orders, positions, money, trading day.

The engine decides, writes an entry, and applies it here; a restart applies the same entries. So
nothing can be in memory that a restart would not find again.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from homalos.exchange.positions import Bucket, Holding, Holdings, bucket
from homalos.exchange.records import (
    ENDED,
    Adjusted,
    CashMoved,
    DayOpened,
    Delisted,
    Ended,
    Entry,
    Fill,
    Filled,
    Listed,
    Marked,
    Placed,
    Settled,
    VenueOrder,
)
from homalos.market import money
from homalos.model.enums import Direction, Offset, OrderStatus, Side
from homalos.model.ids import AccountId, InstrumentId, OrderId
from homalos.model.market import Instrument, Tick


class AccountState(msgspec.Struct, array_like=True):
    """One account. ``orders`` and ``fills`` are those of the trading day."""

    id: AccountId
    pre_balance: float = 0.0
    deposit: float = 0.0
    withdraw: float = 0.0
    closed_profit: float = 0.0
    fees: float = 0.0
    frozen_margin: float = 0.0
    frozen_fees: float = 0.0
    holdings: dict[InstrumentId, Holdings] = msgspec.field(default_factory=dict)
    orders: dict[OrderId, VenueOrder] = msgspec.field(default_factory=dict)
    working: int = 0
    fills: list[Fill] = msgspec.field(default_factory=list)
    closed_by_trade: float = 0.0
    """Realised today from the original opening prices; ``closed_profit`` is by date."""

    def static(self) -> float:
        """Equity before today's trading (FACTS A12)."""
        return self.pre_balance + self.deposit - self.withdraw

    def holding(self, instrument: InstrumentId, side: Side, offset: Offset) -> Holding:
        """The lots that an order of this side and offset adds to or takes from; of a contract that
        was never held, lots that nobody keeps."""
        pair = self.holdings.get(instrument) or Holdings()
        long = (side is Side.BUY) is (offset is Offset.OPEN)
        return pair.long if long else pair.short


class VenueState(msgspec.Struct, array_like=True):
    """Everything that the ledger folds to; also its snapshot."""

    trading_day: int = 0
    last_ts: int = 0
    """Event time of the newest entry."""
    order_count: int = 0
    trade_count: int = 0
    accounts: dict[AccountId, AccountState] = msgspec.field(default_factory=dict)
    instruments: dict[InstrumentId, Instrument] = msgspec.field(default_factory=dict)
    settlements: dict[InstrumentId, float] = msgspec.field(default_factory=dict)
    """Previous settlement of the trading day, as this exchange settled it."""
    marks: dict[InstrumentId, Tick] = msgspec.field(default_factory=dict)

    def apply(self, entry: Entry) -> None:
        """Make the change that ``entry`` tells. ``KeyError``: it speaks of what is not there."""
        _APPLY[type(entry)](self, entry)

    def order(self, account: AccountId, order_id: OrderId) -> VenueOrder | None:
        owner = self.accounts.get(account)
        return None if owner is None else owner.orders.get(order_id)

    def _which(self, order: VenueOrder) -> Bucket:
        return bucket(order.offset, self.instruments[order.instrument].splits_today)

    def _bind(self, owner: AccountState, order: VenueOrder, lots: int) -> None:
        """Freeze for ``lots`` of an order; negative sets free. What is free is exactly zero."""
        owner.frozen_margin += lots * order.margin_per_lot
        owner.frozen_fees += lots * order.fee_per_lot
        if order.offset is not Offset.OPEN:
            held = owner.holding(order.instrument, order.side, order.offset)
            held.freeze(lots, self._which(order))

    def _finish(self, owner: AccountState) -> None:
        owner.working -= 1
        if not owner.working:
            owner.frozen_margin = owner.frozen_fees = 0.0


def _listed(state: VenueState, entry: Listed) -> None:
    state.instruments[entry.instrument.id] = entry.instrument


def _day_opened(state: VenueState, entry: DayOpened) -> None:
    state.trading_day = entry.trading_day
    state.last_ts = entry.ts


def _placed(state: VenueState, entry: Placed) -> None:
    order = entry.order
    owner = state.accounts[order.account]
    owner.orders[order.id] = order
    owner.working += 1
    state.order_count = order.sequence
    state.last_ts = order.ts_init
    state._bind(owner, order, order.lots)


def _ended(state: VenueState, entry: Ended) -> None:
    owner = state.accounts[entry.account]
    order = owner.orders[entry.order_id]
    state._bind(owner, order, -order.remaining)
    order.status = entry.status
    order.code = entry.code
    order.message = entry.message
    order.ts_event = state.last_ts = entry.ts
    state._finish(owner)


def _filled(state: VenueState, entry: Filled) -> None:
    fill = entry.fill
    owner = state.accounts[fill.account]
    order = owner.orders[fill.order_id]
    state._bind(owner, order, -fill.lots)
    owner.holdings.setdefault(fill.instrument, Holdings())
    held = owner.holding(fill.instrument, fill.side, order.offset)
    if order.offset is Offset.OPEN:
        held.open(fill.lots, fill.price, fill.trading_day)
    else:
        held.close(fill.lots, state._which(order))
        held.closed_profit = round(held.closed_profit + fill.closed_profit, 4)
        held.closed_by_trade = round(held.closed_by_trade + fill.closed_by_trade, 4)
    owner.fees = round(owner.fees + fill.fee, 4)
    owner.closed_profit = round(owner.closed_profit + fill.closed_profit, 4)
    owner.closed_by_trade = round(owner.closed_by_trade + fill.closed_by_trade, 4)
    owner.fills.append(fill)
    state.trade_count = max(state.trade_count, int(fill.trade_id))
    order.traded += fill.lots
    order.ts_event = state.last_ts = fill.ts_event
    if order.remaining:
        order.status = OrderStatus.PARTIALLY_FILLED
    else:
        order.status = OrderStatus.FILLED
        state._finish(owner)


def _cash(state: VenueState, entry: CashMoved) -> None:
    owner = state.accounts.setdefault(entry.account, AccountState(entry.account))
    if entry.amount >= 0:
        owner.deposit = round(owner.deposit + entry.amount, 4)
    else:
        owner.withdraw = round(owner.withdraw - entry.amount, 4)
    state.last_ts = max(state.last_ts, entry.ts)


def _adjusted(state: VenueState, entry: Adjusted) -> None:
    pair = state.accounts[entry.account].holdings.setdefault(entry.instrument, Holdings())
    held = pair.long if entry.direction is Direction.LONG else pair.short
    held.adjust(entry.lots, entry.price, state.trading_day if entry.today else 0, today=entry.today)
    state.last_ts = max(state.last_ts, entry.ts)


def _settled(state: VenueState, entry: Settled) -> None:
    prices = dict(entry.prices)
    for owner in state.accounts.values():
        profit = 0.0
        for instrument, pair in owner.holdings.items():
            price, item = prices.get(instrument), state.instruments[instrument]
            if price is not None:
                net = pair.long.lots - pair.short.lots
                basis = pair.long.basis_sum - pair.short.basis_sum
                profit += (price * net - basis) * item.multiplier
            pair.long.settle(price)
            pair.short.settle(price)
        balance = owner.static() + owner.closed_profit + profit - owner.fees
        owner.pre_balance = money.round_cents(balance)
        owner.deposit = owner.withdraw = owner.closed_profit = owner.fees = 0.0
        owner.closed_by_trade = 0.0
        owner.frozen_margin = owner.frozen_fees = 0.0
        owner.holdings = {i: p for i, p in owner.holdings.items() if p.long.lots or p.short.lots}
        owner.orders, owner.fills, owner.working = {}, [], 0
    state.settlements.update(prices)
    state.trading_day = entry.next_day
    state.last_ts = max(state.last_ts, entry.ts)


def _delisted(state: VenueState, entry: Delisted) -> None:
    """Where the day was settled its basis is the price, and nothing is left to pay."""
    item, price = state.instruments[entry.instrument], entry.price
    for owner in state.accounts.values():
        pair = owner.holdings.pop(entry.instrument, None)
        if pair is None or price is None:
            continue
        net = pair.long.lots - pair.short.lots
        profit = (price * net - pair.long.basis_sum + pair.short.basis_sum) * item.multiplier
        by_trade = (price * net - pair.long.open_sum + pair.short.open_sum) * item.multiplier
        owner.closed_profit = round(owner.closed_profit + profit, 4)
        owner.closed_by_trade = round(owner.closed_by_trade + by_trade, 4)
    state.marks.pop(entry.instrument, None)
    state.settlements.pop(entry.instrument, None)
    state.last_ts = max(state.last_ts, entry.ts)


def _marked(state: VenueState, entry: Marked) -> None:
    for tick in entry.ticks:
        state.marks[tick.instrument] = tick
    state.last_ts = max(state.last_ts, entry.ts)


_APPLY: dict[type[Entry], Callable[[VenueState, Any], None]] = {
    Listed: _listed,
    DayOpened: _day_opened,
    Placed: _placed,
    Ended: _ended,
    Filled: _filled,
    CashMoved: _cash,
    Adjusted: _adjusted,
    Settled: _settled,
    Marked: _marked,
    Delisted: _delisted,
}

AnyEntry = (
    Listed
    | DayOpened
    | Placed
    | Ended
    | Filled
    | CashMoved
    | Adjusted
    | Settled
    | Marked
    | Delisted
)
"""For the ledger's decoder."""


def working_orders(state: VenueState) -> list[VenueOrder]:
    """Orders that are not ended, of all accounts, in order of time."""
    found = [o for a in state.accounts.values() for o in a.orders.values() if o.status not in ENDED]
    return sorted(found, key=lambda order: order.sequence)
