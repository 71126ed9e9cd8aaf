"""What the account has in one contract: both directions, working orders, margin, profit, fees."""

from typing import Literal

from homalos.market import money
from homalos.model.enums import Direction, Offset, Side
from homalos.model.ids import AccountId
from homalos.model.market import Instrument
from homalos.model.trading import Position
from homalos.trading.exposure import Place
from homalos.trading.lots import LotSide
from homalos.trading.offsets import closes_today

_BUY, _SELL, _OPEN = Side.BUY, Side.SELL, Offset.OPEN  # members looked up once

MarginPrice = Literal["open", "pre_settlement", "last"]


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
        "closed_profit",
        "fees",
        "instrument",
        "long",
        "margin",
        "multiplier",
        "net",
        "place",
        "pre_settlement",
        "short",
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
        self.closed_profit = 0.0
        self.fees = 0.0
        self.net = 0
        self.basis = 0.0
        """Long less short, sum of lots x basis: profit is (price x net - basis) x multiplier."""
        self.margin = 0.0

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
        today: float | None = None
        if margin_price == "last":
            today = last
        elif margin_price == "pre_settlement":
            today = self.pre_settlement
        self.margin = long.margin(instrument, instrument.long_margin, today) + short.margin(
            instrument, instrument.short_margin, today
        )

    def profit(self, price: float | None) -> float:
        """Position profit by date (盯市); 0 while there is no price."""
        if price is None:
            return 0.0
        return (price * self.net - self.basis) * self.multiplier

    def fee(self, side: Side, offset: Offset, price: float, lots: int) -> float:
        """Fee of a coming trade, not rounded: what a working order freezes."""
        fees, mult = self.instrument.fees, self.multiplier
        if offset is _OPEN:
            return money.fee(price, lots, mult, fees.open)
        today = closes_today(offset, self.instrument.splits_today)
        return self.close_fee(price, lots, self.closing(side).fee_today_lots(lots, today))

    def close_fee(self, price: float, lots: int, today_lots: int) -> float:
        """Fee of closing ``lots``, ``today_lots`` of them at the close-today rate."""
        fees, mult = self.instrument.fees, self.multiplier
        fee = money.fee(price, today_lots, mult, fees.close_today) if today_lots else 0.0
        if lots > today_lots:
            fee += money.fee(price, lots - today_lots, mult, fees.close)
        return fee

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
        price = {"open": None, "last": last, "pre_settlement": self.pre_settlement}[margin_price]
        profit = 0.0 if last is None else sign * (last * lots - side.basis_sum) * self.multiplier
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
            margin=side.margin(instrument, rate, price),
            position_profit=profit,
            last_price=last,
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
