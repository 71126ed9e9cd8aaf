"""Strategies that between them use every kind of order; none of them means to earn anything.

Each acts at every ``every``-th tick on which its contract trades and both sides are quoted.
"""

from homalos.model.enums import OnTimeout, Side, TimeInForce
from homalos.model.market import Tick
from homalos.model.times import SECOND
from homalos.model.trading import Trade
from homalos.strategy import Strategy, Terms, When, param

BUY, SELL = Side.BUY, Side.SELL


class Beat(Strategy):
    every: int = param(100, ge=1, le=1_000_000, unit="ticks", en="pause", zh="间隔")
    lots: int = param(1, ge=1, le=1_000, unit="lots", en="size", zh="手数")

    state_fields = ("count",)
    count: int = 0

    def on_tick(self, tick: Tick) -> None:
        if tick.bid_price is None or tick.ask_price is None or not self.is_open(tick.instrument):
            return
        self.count += 1
        if self.count % self.every == 0:
            self.beat(tick, self.count // self.every, tick.bid_price, tick.ask_price)

    def beat(self, tick: Tick, number: int, bid: float, ask: float) -> None:
        """The ``number``-th act."""

    def ticks(self, tick: Tick, count: int) -> float:
        return count * self.contract(tick.instrument).tick_size


class Swing(Beat):
    """Market orders: long, flat, short, flat. With ``mirror`` the other way round, so that two of
    them are opposed on one contract."""

    mirror: bool = param(False, en="the other way round", zh="反向")

    def beat(self, tick: Tick, number: int, bid: float, ask: float) -> None:
        want = (self.lots, 0, -self.lots, 0)[number % 4]
        self.target(tick.instrument, -want if self.mirror else want,
                    terms=Terms(to_limit=number % 7 == 0))  # fmt: skip


class Chase(Beat):
    """Limit orders with time-outs that cancel or chase, good-till times, and replaced ones."""

    def beat(self, tick: Tick, number: int, bid: float, ask: float) -> None:
        id_, lots = tick.instrument, self.lots
        chase = Terms(timeout_ms=3_000, on_timeout=OnTimeout.CHASE, max_tries=4)
        match number % 6:
            case 0:
                self.target(id_, lots, bid, terms=chase)
            case 1:
                self.sell(id_, lots, ask, terms=Terms(timeout_ms=20_000))
            case 2:
                far = bid - self.ticks(tick, 3)
                self.buy(id_, lots, far, terms=Terms(good_till=self.now + 300 * SECOND))
            case 3:
                for order in self.orders(id_):
                    self.replace(order.id, ask if order.side is BUY else bid, lots + 1)
            case 4:
                self.target(id_, -lots, ask, terms=chase)
            case _:
                self.close(id_, bid, terms=Terms(timeout_ms=1_000, on_timeout=OnTimeout.CHASE))


class Immediate(Beat):
    """Fill and kill, fill or kill; some for more than there is."""

    def beat(self, tick: Tick, number: int, bid: float, ask: float) -> None:
        id_, lots = tick.instrument, self.lots
        match number % 5:
            case 0:
                self.buy(id_, lots, ask, tif=TimeInForce.FAK)
            case 1:
                self.sell(id_, 2 * lots, bid, tif=TimeInForce.FOK)
            case 2:
                self.buy(id_, tick.ask_lots + 1, ask, tif=TimeInForce.FOK)
            case 3:
                self.sell(id_, lots, bid, tif=TimeInForce.FAK)
            case _:
                self.close(id_, terms=Terms(reduce_only=True))


class Brackets(Beat):
    """Entries with a stop and a target, a trailing one, and a pair made by hand."""

    width: int = param(4, ge=1, le=1_000, unit="ticks", en="to stop and target", zh="止损止盈跳数")

    def beat(self, tick: Tick, number: int, bid: float, ask: float) -> None:
        id_ = tick.instrument
        if self.orders(id_) or self.conditionals(id_):
            return
        held, away = self.position(id_), self.ticks(tick, self.width)
        if held:
            side, sign = (SELL, 1) if held > 0 else (BUY, -1)
            self.oco(id_, side, abs(held), stop=bid - sign * away, target=bid + sign * away)
        elif number % 3 == 0:
            self.bracket(id_, BUY, self.lots, ask, stop=bid - away, target=ask + away)
        elif number % 3 == 1:
            self.bracket(id_, SELL, self.lots, stop=ask + away, target=bid - away)
        else:
            self.buy(id_, self.lots, ask)


class Trails(Beat):
    """Enters on a stop or at the market; leaves by a trailing stop, a stop-limit, a profit."""

    width: int = param(3, ge=1, le=1_000, unit="ticks", en="distance", zh="距离跳数")

    def beat(self, tick: Tick, number: int, bid: float, ask: float) -> None:
        id_, away = tick.instrument, self.ticks(tick, self.width)
        if self.orders(id_) or self.conditionals(id_):
            return
        if self.position(id_):  # the exit found too little
            self.close(id_)
            return
        till = When(opens=True, good_till=self.now + 600 * SECOND)
        if number % 3 == 0:
            self.stop(id_, BUY, self.lots, ask + away, when=till)
        elif number % 3 == 1:
            self.stop(id_, SELL, self.lots, bid - away, when=till)
        else:
            self.buy(id_, self.lots)

    def on_trade(self, trade: Trade) -> None:
        id_, held = trade.instrument, self.position(trade.instrument)
        if not held or self.conditionals(id_):
            return
        side, sign = (SELL, 1) if held > 0 else (BUY, -1)
        away = sign * self.width * self.contract(id_).tick_size
        match self.count // self.every % 3:
            case 0:
                self.trail(id_, side, abs(held), ticks=self.width)
            case 1:
                self.stop_limit(id_, side, abs(held), trade.price - away, trade.price - 3 * away)
                self.take_profit(id_, side, abs(held), trade.price + away)
            case _:
                self.trail(id_, side, abs(held), percent=0.05)
                self.take_profit(id_, side, abs(held), trade.price + away, trade.price + away)


class Gatherer(Beat):
    """Buys and never sells: the core makes it flat before the session ends."""

    deep: int = param(4, ge=1, le=100, unit="lots", en="most", zh="最大手数")

    def beat(self, tick: Tick, number: int, bid: float, ask: float) -> None:
        if self.expected(tick.instrument) < self.deep:
            self.buy(tick.instrument, self.lots, ask)


class Flip(Beat):
    """Long, then short, across the spread; what its orders close is its book's mode's affair."""

    def beat(self, tick: Tick, number: int, bid: float, ask: float) -> None:
        long = number % 2 == 0
        self.target(tick.instrument, self.lots if long else -self.lots, ask if long else bid)


class Fidget(Beat):
    """Rests orders on both sides and takes them away again; now and then one that fills."""

    def beat(self, tick: Tick, number: int, bid: float, ask: float) -> None:
        id_, away = tick.instrument, self.ticks(tick, 2)
        self.cancel_all(id_)
        if number % 5 == 0:
            self.target(id_, self.lots if number % 2 else -self.lots, ask if number % 2 else bid)
        else:
            self.buy(id_, self.lots, bid - away)
            self.sell(id_, self.lots, ask + away)
