"""What the account has in one contract: both directions, working orders, margin, profit, fees."""

from homalos.market import lot_rules, money
from homalos.market.money import MarginPrice
from homalos.model.enums import Direction, Offset, Side
from homalos.model.ids import AccountId
from homalos.model.market import Instrument
from homalos.model.trading import Position
from homalos.trading.exposure import Place
from homalos.trading.lots import LotSide

_BUY, _SELL, _OPEN = Side.BUY, Side.SELL, Offset.OPEN  # members looked up once


class Working:
    """Lots of working orders, by what they would do."""

    __slots__ = ("buy", "close_buy", "close_sell", "open_buy", "open_sell", "sell")

    def __init__(self) -> None:
        self.buy = 0
        self.sell = 0
        self.open_buy = 0
        self.open_sell = 0
        self.close_buy = 0
        self.close_sell = 0

    def add(self, side: Side, opens: bool, lots: int) -> None:
        if side is _BUY:
            self.buy += lots
            if opens:
                self.open_buy += lots
            else:
                self.close_buy += lots
        else:
            self.sell += lots
            if opens:
                self.open_sell += lots
            else:
                self.close_sell += lots

    def state(self) -> tuple[int, ...]:
        return self.open_buy, self.open_sell, self.close_buy, self.close_sell


class Contract:
    """One contract of the account. Only ``Books`` changes it."""

    __slots__ = (
        "basis",
        "fees",
        "instrument",
        "long",
        "long_margin",
        "multiplier",
        "net",
        "place",
        "pre_settlement",
        "relief",
        "short",
        "short_margin",
        "working",
    )

    def __init__(self, instrument: Instrument, place: Place) -> None:
        self.instrument = instrument
        self.place = place
        """Where it counts in the sums of product, sector and account."""
        self.multiplier = instrument.multiplier
        self.long = LotSide()
        self.short = LotSide()
        self.working = Working()
        self.pre_settlement: float | None = None
        """Of this trading day, where the day's roll or a tick told."""
        self.fees = 0.0
        self.net = 0
        self.basis = 0.0
        """Long less short, sum of lots x basis: profit is (price x net - basis) x multiplier."""
        self.long_margin = 0.0
        self.short_margin = 0.0
        self.relief = ""
        """Contracts that share it pay margin for the larger side only; empty: for both."""

    @property
    def closed_profit(self) -> float:
        """Realised today by date (盯市), before fees."""
        return round(self.long.closed_profit + self.short.closed_profit, 4)

    def closing(self, side: Side) -> LotSide:
        """The direction whose lots an order of ``side`` closes."""
        return self.long if side is _SELL else self.short

    def opening(self, side: Side) -> LotSide:
        return self.long if side is _BUY else self.short

    def sides(self) -> tuple[tuple[Direction, LotSide], tuple[Direction, LotSide]]:
        return (Direction.LONG, self.long), (Direction.SHORT, self.short)

    def refresh(self, margin_price: MarginPrice, last: float | None) -> None:
        """Rebuild net, basis and margin from the lots."""
        long, short, instrument = self.long, self.short, self.instrument
        self.net = long.lots - short.lots
        self.basis = long.basis_sum - short.basis_sum
        before, multiplier = self.pre_settlement, self.multiplier
        self.long_margin = long.margin(
            multiplier, instrument.long_margin, margin_price, before, last
        )
        self.short_margin = short.margin(
            multiplier, instrument.short_margin, margin_price, before, last
        )
        single = instrument.single_side
        self.relief = f"{instrument.exchange}.{instrument.product}" if single else ""

    def profit(self, price: float | None) -> float:
        """Position profit by date (盯市); 0 while there is no price."""
        if price is None:
            return 0.0
        return (price * self.net - self.basis) * self.multiplier

    def profit_by_trade(self, price: float | None) -> float:
        """Position profit from the original opening prices (逐笔); 0 while there is no price."""
        if price is None:
            return 0.0
        return (price * self.net - (self.long.open_sum - self.short.open_sum)) * self.multiplier

    def settle(self, settlement: float) -> tuple[float, float]:
        """Take the settlement with which the day should have begun for the provisional mark:
        (yuan by which the equity at the day's beginning, and by which what was realised since,
        change; the equity now stays what it is)."""
        self.pre_settlement = settlement
        before = realised = 0.0
        for sign, side in ((1.0, self.long), (-1.0, self.short)):
            worth, less = side.settle(settlement)
            before += sign * worth * self.multiplier
            change = -sign * less * self.multiplier
            side.closed_profit = round(side.closed_profit + change, 4)
            realised += change
        return round(before, 4), round(realised, 4)

    def fee(self, side: Side, offset: Offset, price: float, lots: int) -> float:
        """Fee of a coming trade, not rounded: what a working order freezes."""
        fees = self.instrument.fees
        if offset is _OPEN:
            return money.fee(price, lots, self.multiplier, fees.open)
        today = lot_rules.takes_today(offset, self.instrument.splits_today)
        return self.close_fee(price, lots, self.closing(side).fee_today_lots(lots, today))

    def close_fee(self, price: float, lots: int, today_lots: int) -> float:
        """Fee of closing ``lots``, ``today_lots`` of them at the close-today rate."""
        fees = self.instrument.fees
        return lot_rules.close_fee(price, lots, self.multiplier, fees, today_lots)

    def position(
        self, account: AccountId, direction: Direction, last: float | None,
        margin_price: MarginPrice,
    ) -> Position:  # fmt: skip
        long = direction is Direction.LONG
        side = self.long if long else self.short
        lots, instrument = side.lots, self.instrument
        sign = 1 if long else -1
        today, old = side.frozen_split(instrument.splits_today)
        rate = instrument.long_margin if long else instrument.short_margin
        profit = by_trade = 0.0
        if last is not None:
            profit = sign * (last * lots - side.basis_sum) * self.multiplier
            by_trade = sign * (last * lots - side.open_sum) * self.multiplier
        before = self.pre_settlement
        return Position(
            account=account,
            instrument=instrument.id,
            direction=direction,
            today_lots=side.today,
            yesterday_lots=side.yesterday,
            frozen_today=today,
            frozen_yesterday=old,
            average_price=side.open_sum / lots if lots else 0.0,
            cost_price=side.basis_sum / lots if lots else 0.0,
            margin=side.margin(self.multiplier, rate, margin_price, before, last),
            position_profit=profit,
            last_price=last,
            position_profit_by_trade=by_trade,
            closed_profit=side.closed_profit,
            closed_profit_by_trade=side.closed_by_trade,
        )

    def idle(self) -> bool:
        """Nothing held, nothing working."""
        return not (self.long.parts or self.short.parts or self.working.buy or self.working.sell)

    def state(self) -> tuple[object, ...]:
        return (
            self.long.state(),
            self.short.state(),
            self.working.state(),
            self.closed_profit,
            self.fees,
        )
