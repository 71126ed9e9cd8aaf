"""What is checked before an order is taken: CTP's own checks, then the exchange's.

From FACTS A4, A8 and A17.

Rules that lack data (no price limits in the source, no previous settlement) skip and are counted.
"""

import math
from collections import Counter

from homalos.exchange import codes
from homalos.exchange.clearing import Clearing
from homalos.exchange.codes import ExchangeRefusal, Refusal
from homalos.exchange.contract import Contract
from homalos.exchange.positions import bucket
from homalos.exchange.records import NewOrder
from homalos.exchange.state import AccountState, VenueState
from homalos.market import money
from homalos.model.enums import Offset, OrderKind, Phase, Side, TimeInForce
from homalos.model.market import Instrument

TRUNCATES = frozenset({"CZCE"})
"""Cuts a price to the tick grid in silence; the others reject it."""
NO_ANY_PRICE = frozenset({"SHFE", "INE", "CFFEX"})
"""Take no market order (CFFEX has its own best-price kinds, which the core does not send)."""


class Checks:
    """The rules, over the exchange's state."""

    def __init__(self, state: VenueState, clearing: Clearing) -> None:
        self._state = state
        self._clearing = clearing
        self.skipped: Counter[str] = Counter()
        """Rules that had no data, by name."""

    # ------------------------------------------------------------ CTP

    def fields(self, order: NewOrder, contract: Contract | None) -> None:
        """``Refusal``: 15, 16, 22, 80."""
        if order.lots <= 0 or (order.kind is OrderKind.LIMIT and not math.isfinite(order.price)):
            raise Refusal(codes.BAD_FIELD)
        if contract is None:
            raise Refusal(codes.INSTRUMENT_NOT_FOUND)
        if self._state.order(order.account, order.id) is not None:
            raise Refusal(codes.DUPLICATE_ORDER_REF)
        item = contract.instrument
        if order.kind is OrderKind.MARKET and (
            item.exchange in NO_ANY_PRICE or item.max_market_lots == 0
        ):
            raise Refusal(codes.PRICE_TYPE_NOT_SUPPORTED)

    def funds(
        self, owner: AccountState, order: NewOrder, item: Instrument, margin: float, fee: float
    ) -> None:
        """Lots for a close (30, 50, 51), money for an open and for the fee (31). ``margin`` and
        ``fee`` are those of the whole order."""
        if order.offset is not Offset.OPEN:
            which = bucket(order.offset, item.splits_today)
            held = owner.holding(order.instrument, order.side, order.offset)
            if order.lots > held.closable(which):
                raise Refusal(
                    {
                        "any": codes.OVER_CLOSE_POSITION,
                        "today": codes.OVER_CLOSE_TODAY,
                        "yesterday": codes.OVER_CLOSE_YESTERDAY,
                    }[which]
                )
            return
        lacking = margin + fee - self._clearing.available(owner)
        if lacking > 0:
            raise Refusal(codes.INSUFFICIENT_MONEY, f"，约缺少资金[{lacking:.2f}]")

    # ------------------------------------------------------------ the exchange

    def entry(self, order: NewOrder, contract: Contract, price: float) -> None:
        """``ExchangeRefusal`` with the exchange's text. ``price`` is the limit on the grid."""
        item = contract.instrument
        self._phase(order, contract)
        self._lots(order, item)
        if order.kind is OrderKind.MARKET:
            if item.exchange != "CZCE" and order.tif is TimeInForce.GFD:
                raise ExchangeRefusal(item.exchange, codes.TYPE_NOT_SUPPORTED)
            return
        if price <= 0 or not money.on_tick(price, item.tick_size):
            raise ExchangeRefusal(item.exchange, codes.NOT_ON_TICK)
        self._limits(contract, price)

    def _phase(self, order: NewOrder, contract: Contract) -> None:
        phase = contract.floor.phase
        exchange = contract.instrument.exchange
        if phase not in (Phase.CONTINUOUS, Phase.AUCTION):
            raise ExchangeRefusal(exchange, codes.STATE_FORBIDS)
        if phase is Phase.AUCTION and (
            order.tif is not TimeInForce.GFD or order.kind is OrderKind.MARKET
        ):
            raise ExchangeRefusal(exchange, codes.TYPE_NOT_SUPPORTED)

    def _lots(self, order: NewOrder, item: Instrument) -> None:
        most = item.max_market_lots if order.kind is OrderKind.MARKET else item.max_limit_lots
        if order.lots > most:
            raise ExchangeRefusal(item.exchange, codes.ABOVE_MAX_LOTS)
        if order.lots < item.min_lots and order.offset is Offset.OPEN:
            raise ExchangeRefusal(item.exchange, codes.BELOW_MIN_LOTS)

    def _limits(self, contract: Contract, price: float) -> None:
        item = contract.instrument
        lower, upper = self.limits(contract)
        if upper is None or lower is None:
            self.skipped["price_limits"] += 1
        slack = item.tick_size * 0.25
        if upper is not None and price > upper + slack:
            raise ExchangeRefusal(item.exchange, codes.ABOVE_UPPER_LIMIT)
        if lower is not None and price < lower - slack:
            raise ExchangeRefusal(item.exchange, codes.BELOW_LOWER_LIMIT)

    # ------------------------------------------------------------ reference prices

    def limits(self, contract: Contract) -> tuple[float | None, float | None]:
        """(lower, upper) of the day: as the feed says, else from the previous settlement, else
        unknown."""
        tick, item = contract.tick, contract.instrument
        if tick is not None and tick.upper_limit is not None and tick.lower_limit is not None:
            return tick.lower_limit, tick.upper_limit
        known = self.pre_settlement(contract)
        if known is None or item.limit_ratio <= 0:
            return None, None
        upper, lower = money.limit_prices(known, item.limit_ratio, item.tick_size)
        return lower, upper

    def pre_settlement(self, contract: Contract) -> float | None:
        tick = contract.tick
        if tick is not None and tick.pre_settlement is not None:
            return tick.pre_settlement
        return self._state.settlements.get(contract.instrument.id)

    def reach(self, order: NewOrder, contract: Contract) -> float:
        """The price that a market order may go to: the price limit, or any where none is known."""
        lower, upper = self.limits(contract)
        if order.side is Side.BUY:
            return math.inf if upper is None else upper
        return 0.0 if lower is None else lower

    def freeze_price(self, order: NewOrder, contract: Contract, price: float) -> float:
        """What margin and fee are frozen at: the limit; of a market order without known limits the
        previous settlement, the last price, or what the client says."""
        if 0.0 < price < math.inf:
            return price
        tick = contract.tick
        last = None if tick is None else tick.last_price or tick.open_price
        return self.pre_settlement(contract) or last or max(order.price, 0.0)
