"""One contract on the floor: newest snapshot, what of its displayed size is left, our orders."""

from bisect import insort

from homalos.exchange.records import VenueOrder
from homalos.model.enums import Phase, Side
from homalos.model.market import Instrument, Tick


class Floor:
    """Phase of one product, shared by its contracts."""

    __slots__ = ("exchange", "phase", "product", "trading_day")

    def __init__(self, exchange: str, product: str) -> None:
        self.exchange = exchange
        self.product = product
        self.phase = Phase.CLOSED
        self.trading_day = 0


class Level:
    """A displayed price with the lots that nobody has taken from this snapshot yet."""

    __slots__ = ("left", "price")

    def __init__(self, price: float, left: int) -> None:
        self.price = price
        self.left = left


def _by_buy(order: VenueOrder) -> tuple[float, int]:
    return -order.price, order.sequence


def _by_sell(order: VenueOrder) -> tuple[float, int]:
    return order.price, order.sequence


class Contract:
    """Book of one contract. Orders are kept best price first, then by time."""

    __slots__ = ("_asks", "_bids", "_levels_of", "buys", "floor", "instrument", "sells", "tick")

    def __init__(self, instrument: Instrument, floor: Floor) -> None:
        self.instrument = instrument
        self.floor = floor
        self.tick: Tick | None = None
        self.buys: list[VenueOrder] = []
        self.sells: list[VenueOrder] = []
        self._levels_of: Tick | None = None
        self._bids: list[Level] = []
        self._asks: list[Level] = []

    def rest(self, order: VenueOrder) -> None:
        """Put an order into the book, behind all of its price."""
        if order.side is Side.BUY:
            insort(self.buys, order, key=_by_buy)
        else:
            insort(self.sells, order, key=_by_sell)

    def remove(self, order: VenueOrder) -> None:
        """Take an order out; harmless when it is not in."""
        side = self.buys if order.side is Side.BUY else self.sells
        for place, other in enumerate(side):
            if other is order:
                del side[place]
                return

    def opposite(self, side: Side) -> list[VenueOrder]:
        """Resting orders that an order of ``side`` would meet."""
        return self.sells if side is Side.BUY else self.buys

    def displayed(self, side: Side) -> list[Level]:
        """What the market shows against an order of ``side``, best first. Size that was taken stays
        taken until the next snapshot."""
        if self._levels_of is not self.tick:
            self._levels_of = self.tick
            self._bids, self._asks = _levels(self.tick)
        return self._asks if side is Side.BUY else self._bids


def _levels(tick: Tick | None) -> tuple[list[Level], list[Level]]:
    bids: list[Level] = []
    asks: list[Level] = []
    if tick is None:
        return bids, asks
    if tick.bid_price is not None and tick.bid_lots > 0:
        bids.append(Level(tick.bid_price, tick.bid_lots))
    if tick.ask_price is not None and tick.ask_lots > 0:
        asks.append(Level(tick.ask_price, tick.ask_lots))
    if tick.depth is not None:
        bids += [Level(price, lots) for price, lots in tick.depth.bids if lots > 0]
        asks += [Level(price, lots) for price, lots in tick.depth.asks if lots > 0]
    return bids, asks
