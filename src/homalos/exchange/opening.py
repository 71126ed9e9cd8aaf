"""The call auction on the floor: when it is matched, and at which price."""

from collections.abc import Callable, Iterable

from homalos.exchange.auction import clearing_price, cross
from homalos.exchange.contract import Contract, Floor
from homalos.exchange.desk import Desk
from homalos.market import money
from homalos.model.market import Tick


class Opening:
    """Matches orders of the auction: at the market's own opening price once it prints, else among
    themselves when continuous trading begins."""

    def __init__(self, desk: Desk, reference: Callable[[Contract], float | None]) -> None:
        self._desk = desk
        self._reference = reference

    def printed(self, contract: Contract, before: Tick | None, touch: bool, now: int) -> None:
        """A snapshot of the match minute: where it brings volume, its last price is the price at
        which everybody trades."""
        tick = contract.tick
        assert tick is not None
        traded = tick.volume - (0 if before is None else before.volume)
        if tick.last_price is not None and traded > 0:
            self._cross(contract, tick.last_price, traded, touch, now)

    def over(self, contracts: Iterable[Contract], floor: Floor, now: int) -> None:
        """Continuous trading begins: orders that still cross trade at the price of the largest
        volume."""
        for contract in contracts:
            if contract.floor is floor and contract.buys and contract.sells:
                price = clearing_price(contract.buys, contract.sells, self._reference(contract))
                if price is not None:
                    self._cross(contract, price, 0, False, now)

    def _cross(
        self, contract: Contract, price: float, market_lots: int, touch: bool, now: int
    ) -> None:
        desk, size = self._desk, contract.instrument.tick_size
        price = money.round_to_tick(price, size)
        for match in cross(contract.buys, contract.sells, price, size, market_lots, touch):
            trade_id = desk.trade_id()
            for order in (match.buy, match.sell):
                if order is not None:
                    desk.rested(contract, order, price, match.lots, trade_id, now)
        desk.commit(now)
