"""The price and volume process of one generated contract, counted in ticks of its grid.

A random walk with clustered volatility (GARCH(1,1) on the step), a slow trend that comes and goes,
a weak pull to the usual price so that years do not carry it away, a book of one tick's spread that
widens when it is hot, and volume that follows activity and movement.
"""

import math
from collections.abc import Callable

from homalos.exchange.settlement import settlement_price
from homalos.exchange.sources.profiles import Profile
from homalos.kernel.ids import Random
from homalos.market import money
from homalos.model.market import Instrument, Tick

STEPS_PER_DAY = 40_000
STEPS_PER_MINUTE = 120
_ALPHA, _BETA = 0.03, 0.96
_TREND_DECAY = 0.9992
_PULL = 0.03 / STEPS_PER_DAY
_WIDE = 0.04


class Walk:
    """One contract. ``step`` moves it by half a second, ``minute`` by a minute of history."""

    def __init__(
        self, item: Instrument, profile: Profile, random: Random, price: float, factor: float
    ) -> None:
        self.item = item
        self._random = random.random
        self._size = item.tick_size
        self._unit = item.tick_size * item.multiplier
        self._usual = profile.price / item.tick_size
        self._sigma = profile.volatility * factor * self._usual / math.sqrt(STEPS_PER_DAY)
        self._lots = profile.volume
        self._depth = profile.depth
        self._prices: dict[int, float] = {}
        self.mid = price / item.tick_size
        self._heat = 1.0
        self._trend = 0.0
        self.open_interest = profile.open_interest
        self._bid = self._ask = self.last = round(self.mid)
        self._bid_lots = self._ask_lots = max(1, int(profile.depth))
        self.trading_day = 0
        self.volume = 0
        self._traded = 0.0
        """Lots x price, in ticks."""
        self._open = self._high = self._low = 0
        self._pre = self.last
        self._pre_close = self.last
        self._pre_interest = self.open_interest
        self._upper = self._lower = 0

    # ------------------------------------------------------------ days

    def begin_day(self, day: int, pre_settlement: float | None = None) -> None:
        """A new trading day; the limits come from the settlement of the one before."""
        if pre_settlement is not None:
            self._pre = money.ticks_of(pre_settlement, self._size)
        elif self.trading_day:
            settled = settlement_price(self.item, self.tick(0))
            self._pre = self.last if settled is None else money.ticks_of(settled, self._size)
        self._pre_close, self._pre_interest = self.last, self.open_interest
        ratio = self.item.limit_ratio or 0.1
        upper, lower = money.limit_prices(self._pre * self._size, ratio, self._size)
        self._upper = money.ticks_of(upper, self._size)
        self._lower = money.ticks_of(lower, self._size)
        self.trading_day = day
        self.volume, self._traded = 0, 0.0
        self._open = self._high = self._low = 0

    def restore(self, tick: Tick) -> None:
        """Go on within the day of ``tick``, which this walk once made."""
        size = self._size
        if tick.last_price is not None:
            self.last = money.ticks_of(tick.last_price, size)
        self.mid = self.last + 0.5
        self._bid, self._ask = self.last, self.last + 1
        self.begin_day(tick.trading_day, tick.pre_settlement)
        self.volume = tick.volume
        self._traded = (tick.turnover or 0.0) / self._unit
        self._open = money.ticks_of(tick.open_price or tick.last_price or 0.0, size)
        self._high = money.ticks_of(tick.high_price or tick.last_price or 0.0, size)
        self._low = money.ticks_of(tick.low_price or tick.last_price or 0.0, size)
        self.open_interest = int(tick.open_interest or self.open_interest)
        if tick.pre_open_interest is not None:
            self._pre_interest = int(tick.pre_open_interest)
        if tick.pre_close is not None:
            self._pre_close = money.ticks_of(tick.pre_close, size)

    # ------------------------------------------------------------ movement

    def _move(self, scale: float, root: float) -> float:
        """Move the fair price over ``scale`` steps; tells the size of the shock."""
        draw = self._random
        shock = (draw() + draw() + draw() - 1.5) * 2.0
        heat = self._heat
        self._heat = heat = 0.01 + (_ALPHA * shock * shock + _BETA) * heat
        if heat > 12.0:
            self._heat = 12.0
        trend = self._trend = self._trend * _TREND_DECAY**scale + shock * 0.0004 * root
        mid = self.mid
        mid += self._sigma * (shock * root * math.sqrt(heat) + trend * scale)
        mid += (self._usual - mid) * _PULL * scale
        if mid > self._upper:
            mid = self._upper + 0.0
        elif mid < self._lower:
            mid = self._lower + 0.0
        self.mid = mid
        return shock

    def step(self, activity: float) -> bool:
        """Half a second; whether anything is there to be seen."""
        shock = self._move(1.0, activity)
        draw = self._random
        wanted = self._lots * activity * (0.2 + abs(shock)) * draw() * draw() * 3.0
        lots = int(wanted)
        if draw() < wanted - lots:
            lots += 1
        moved = self._quote(draw)
        if not lots:
            return moved
        buys = draw() < (0.7 if shock > 0 else 0.3)
        self._trade(self._ask if buys else self._bid, lots)
        left = self._ask_lots if buys else self._bid_lots
        left = max(1, left - lots)
        if buys:
            self._ask_lots = left
        else:
            self._bid_lots = left
        return True

    def _quote(self, draw: Callable[[], float]) -> bool:
        bid = math.floor(self.mid)
        if self.mid <= self._lower:
            bid = self._lower - 1
        ask = bid + 1
        wide = draw()
        if wide < _WIDE * self._heat:
            if wide < _WIDE * 0.5 * self._heat:
                bid -= 1
            else:
                ask += 1
        bid = max(min(bid, self._upper), self._lower - 1)
        ask = min(max(ask, self._lower), self._upper + 1)
        same = bid == self._bid and ask == self._ask
        if not same:
            depth = self._depth
            self._bid, self._ask = bid, ask
            self._bid_lots = 1 + int(depth * (0.3 + draw()))
            self._ask_lots = 1 + int(depth * (0.3 + draw()))
        elif wide > 0.75:
            self._bid_lots = max(1, int(self._bid_lots * (0.8 + 0.45 * draw())))
            self._ask_lots = max(1, int(self._ask_lots * (0.8 + 0.45 * draw())))
        else:
            return False
        return True

    def _trade(self, price: int, lots: int) -> None:
        price = self._upper if price > self._upper else max(price, self._lower)
        self.last = price
        self.volume += lots
        self._traded += lots * price
        self.open_interest += int((self._random() - 0.5) * 0.3 * lots)
        if not self._open:
            self._open = self._high = self._low = price
        elif price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price

    def auction(self) -> None:
        """The opening price of a session, a gap away from the last close."""
        self._move(400.0, 20.0)
        self._quote(self._random)
        self._trade(round(self.mid), 1 + int(self._lots * 8 * (0.5 + self._random())))

    def minute(self, activity: float) -> tuple[int, int, int, int, int]:
        """One minute in four strides: (open, high, low, close in ticks, volume)."""
        prices, before = [], self.volume
        for _ in range(4):
            self._move(STEPS_PER_MINUTE / 4, math.sqrt(STEPS_PER_MINUTE / 4) * activity)
            lots = self._lots * STEPS_PER_MINUTE / 4 * activity * (0.4 + self._random())
            self._trade(round(self.mid), 1 + int(lots))
            prices.append(self.last)
        self._quote(self._random)
        return prices[0], max(prices), min(prices), prices[-1], self.volume - before

    # ------------------------------------------------------------ what is seen

    def price(self, ticks: int) -> float:
        known = self._prices.get(ticks)
        if known is None:
            known = self._prices[ticks] = money.round_to_tick(ticks * self._size, self._size)
        return known

    def tick(self, ts: int) -> Tick:
        """The snapshot at ``ts``."""
        prices = self._prices
        price = self.price
        bid, ask, last = self._bid, self._ask, self.last
        has_bid, has_ask = bid >= self._lower, ask <= self._upper
        opened = self._open != 0
        return Tick(
            self.item.id,
            ts,
            ts,
            self.trading_day,
            (prices.get(last) or price(last)) if opened else None,
            self.volume,
            self._traded * self._unit,
            float(self.open_interest),
            (prices.get(bid) or price(bid)) if has_bid else None,
            self._bid_lots if has_bid else 0,
            (prices.get(ask) or price(ask)) if has_ask else None,
            self._ask_lots if has_ask else 0,
            price(self._open) if opened else None,
            price(self._high) if opened else None,
            price(self._low) if opened else None,
            price(self._pre),
            price(self._pre_close),
            float(self._pre_interest),
            price(self._upper),
            price(self._lower),
        )
