"""Money of an account: profit, margin, available funds, what an order freezes (FACTS A9-A12)."""

from collections.abc import Callable

from homalos.config.sections.exchange import ExchangeSection
from homalos.exchange.positions import Bucket, Holding, bucket
from homalos.exchange.state import AccountState, VenueState
from homalos.market import money
from homalos.model.enums import Direction, Offset, Side
from homalos.model.ids import AccountId, InstrumentId
from homalos.model.market import Instrument
from homalos.model.trading import Account, Position

Price = Callable[[InstrumentId], float | None]


class Clearing:
    """Questions about the money in a ``VenueState``; changes nothing. ``last`` tells the price that
    a position is marked at, computed when asked: no market move costs anything here; ``before`` the
    previous settlement, where it is not the state that has settled."""

    def __init__(
        self, state: VenueState, section: ExchangeSection, last: Price,
        before: Price = lambda instrument: None,
    ) -> None:  # fmt: skip
        self._state = state
        self._section = section
        self._last = last
        self._before = before

    # ------------------------------------------------------------ of an order or a fill

    def fee(
        self, owner: AccountState, item: Instrument, side: Side, offset: Offset,
        price: float, lots: int,
    ) -> float:  # fmt: skip
        """Fee of a trade, not rounded. Must be asked before the trade is applied."""
        fees, mult = item.fees, item.multiplier
        if offset is Offset.OPEN:
            return money.fee(price, lots, mult, fees.open)
        held = owner.holding(item.id, side, offset)
        today = held.close_today_lots(lots, bucket(offset, item.splits_today))
        return money.fee(price, today, mult, fees.close_today) + money.fee(
            price, lots - today, mult, fees.close
        )

    def charged(
        self, owner: AccountState, item: Instrument, side: Side, offset: Offset,
        price: float, lots: int,
    ) -> float:  # fmt: skip
        """The fee as it is booked."""
        fee = self.fee(owner, item, side, offset, price, lots)
        return money.round_cents(fee) if self._section.round_fees else round(fee, 4)

    def closed_profit(
        self, held: Holding, item: Instrument, side: Side, which: Bucket, price: float, lots: int
    ) -> tuple[float, float]:
        """What a close realises: by date, from the basis of the lots that it takes, and by trade,
        from their opening prices."""
        sold, unit = price * lots, -side.sign * item.multiplier
        basis, opened = held.worth_of(lots, which)
        return round(unit * (sold - basis), 4), round(unit * (sold - opened), 4)

    def margin_per_lot(self, item: Instrument, side: Side, price: float) -> float:
        rate = item.long_margin if side is Side.BUY else item.short_margin
        return money.margin(price, 1, item.multiplier, rate)

    # ------------------------------------------------------------ of an account

    def profit(self, owner: AccountState) -> float:
        """Position profit by date at the last prices; a contract without a price counts 0."""
        total, instruments = 0.0, self._state.instruments
        for id_, pair in owner.holdings.items():
            long, short = pair.long, pair.short
            if (long.parts or short.parts) and (price := self._last(id_)) is not None:
                net = price * (long.lots - short.lots) - (long.basis_sum - short.basis_sum)
                total += net * instruments[id_].multiplier
        return total

    def profit_by_trade(self, owner: AccountState) -> float:
        """Position profit from the original opening prices, likewise."""
        total, instruments = 0.0, self._state.instruments
        for id_, pair in owner.holdings.items():
            long, short = pair.long, pair.short
            if (long.parts or short.parts) and (price := self._last(id_)) is not None:
                net = price * (long.lots - short.lots) - (long.open_sum - short.open_sum)
                total += net * instruments[id_].multiplier
        return total

    def margin(self, owner: AccountState) -> float:
        """What the account pays: for the larger side alone where the product has that relief."""
        total, instruments = 0.0, self._state.instruments
        sides: dict[tuple[str, str], list[float]] = {}
        for id_, pair in owner.holdings.items():
            if not (pair.long.parts or pair.short.parts):
                continue
            item = instruments[id_]
            long = self.margin_of(item, Direction.LONG, pair.long)
            short = self.margin_of(item, Direction.SHORT, pair.short)
            if item.single_side:
                both = sides.setdefault((item.exchange, item.product), [0.0, 0.0])
                both[0] += long
                both[1] += short
            else:
                total += long + short
        return total + sum(max(both) for both in sides.values())

    def margin_of(self, item: Instrument, direction: Direction, held: Holding) -> float:
        rule = self._section.margin_price
        rate = item.long_margin if direction is Direction.LONG else item.short_margin
        last = self._last(item.id) if rule == "last" else None
        settled = self._state.settlements.get(item.id)
        if settled is None:
            settled = self._before(item.id)
        return held.margin(item.multiplier, rate, rule, last, settled)

    def available(self, owner: AccountState) -> float:
        """FACTS A12: what may still be frozen, by the ``Algorithm`` of the setting."""
        profit = self.profit(owner)
        return self._free(owner, profit, self.margin(owner))

    def _free(self, owner: AccountState, profit: float, margin: float) -> float:
        counts = self._section.available_counts
        counted = profit
        if counts == "loss_only":
            counted = min(profit, 0.0)
        elif counts == "profit_only":
            counted = max(profit, 0.0)
        elif counts == "neither":
            counted = 0.0
        closed = owner.closed_profit
        if not self._section.available_includes_closed_profit:
            closed = min(closed, 0.0)
        earned = owner.static() + closed - owner.fees
        return earned + counted - margin - owner.frozen_margin - owner.frozen_fees

    def account(self, id_: AccountId, ts: int) -> Account:
        """``LookupError``: no such account."""
        owner = self._owner(id_)
        profit, margin = self.profit(owner), self.margin(owner)
        balance = owner.static() + owner.closed_profit + profit - owner.fees
        return Account(
            id=id_,
            trading_day=self._state.trading_day,
            pre_balance=owner.pre_balance,
            deposit=owner.deposit,
            withdraw=owner.withdraw,
            closed_profit=owner.closed_profit,
            position_profit=profit,
            fees=owner.fees,
            margin=margin,
            frozen_margin=max(0.0, owner.frozen_margin),
            frozen_fees=max(0.0, owner.frozen_fees),
            balance=balance,
            available=self._free(owner, profit, margin),
            ts_event=ts,
            closed_profit_by_trade=owner.closed_by_trade,
            position_profit_by_trade=self.profit_by_trade(owner),
        )

    def positions(self, id_: AccountId) -> tuple[Position, ...]:
        """Every direction that holds lots, in order of contract."""
        return tuple(
            self._position(id_, self._state.instruments[instrument], direction, held)
            for instrument, pair in sorted(self._owner(id_).holdings.items())
            for direction, held in ((Direction.LONG, pair.long), (Direction.SHORT, pair.short))
            if held.lots
        )

    def _position(
        self, account: AccountId, item: Instrument, direction: Direction, held: Holding
    ) -> Position:
        price = self._last(item.id)
        sign = 1 if direction is Direction.LONG else -1
        moved = 0.0 if price is None else price * held.lots - held.basis_sum
        by_trade = 0.0 if price is None else price * held.lots - held.open_sum
        frozen_today, frozen_yesterday = held.frozen_split(item.splits_today)
        return Position(
            account=account,
            instrument=item.id,
            direction=direction,
            today_lots=held.today,
            yesterday_lots=held.yesterday,
            frozen_today=frozen_today,
            frozen_yesterday=frozen_yesterday,
            average_price=held.open_sum / held.lots,
            cost_price=held.basis_sum / held.lots,
            margin=self.margin_of(item, direction, held),
            position_profit=sign * moved * item.multiplier,
            last_price=price,
            position_profit_by_trade=sign * by_trade * item.multiplier,
            closed_profit=held.closed_profit,
            closed_profit_by_trade=held.closed_by_trade,
        )

    def _owner(self, id_: AccountId) -> AccountState:
        owner = self._state.accounts.get(id_)
        if owner is None:
            raise LookupError(f"the simulated exchange has no account {id_}")
        return owner
