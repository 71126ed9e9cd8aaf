"""What one strategy holds in one contract: net lots at average cost.

Results are kept as cash (an exact sum on the price grid) plus the cost of what is open, so that the
closed profit of a flat book is exactly the cash, whatever averages were met on the way.
"""

from homalos.model.enums import Side
from homalos.model.ids import InstrumentId, StrategyId
from homalos.model.trading import StrategyBook
from homalos.trading.contract import Working

_SELL = Side.SELL


class NetBook:
    """Only ``Books`` changes it."""

    __slots__ = ("cash", "cost", "fees", "instrument", "multiplier", "net", "strategy", "working")

    def __init__(self, strategy: StrategyId, instrument: InstrumentId, multiplier: float) -> None:
        self.strategy = strategy
        self.instrument = instrument
        self.multiplier = multiplier
        self.net = 0
        self.cash = 0.0
        """Received for sales less paid for purchases, in price x lots."""
        self.cost = 0.0
        """Average price x net lots of what is open (negative when short)."""
        self.fees = 0.0
        self.working = Working()

    def trade(self, side: Side, lots: int, price: float, fee: float) -> None:
        signed = side.sign * lots
        self.cash = round(self.cash - signed * price, 4)
        self.fees = round(self.fees + fee, 4)
        before, after = self.net, self.net + signed
        if before == 0 or (before > 0) == (signed > 0):
            self.cost += signed * price
        elif after == 0:
            self.cost = 0.0
        elif (after > 0) == (before > 0):
            self.cost *= after / before
        else:
            self.cost = after * price
        self.net = after

    def carry(self, net: int, price: float) -> None:
        """Take over (or give back) lots that no trade of ours explains: no fee, no profit; what is
        added costs ``price``, what is given back goes at its average cost."""
        side = Side.BUY if net > 0 else Side.SELL
        back = min(abs(net), abs(self.net)) if self.net * net < 0 else 0
        if back:
            self.trade(side, back, self.cost / self.net, 0.0)
        if abs(net) > back:
            self.trade(side, abs(net) - back, price, 0.0)

    def load(self, net: int, average: float, closed_profit: float, fees: float) -> None:
        """Continue a book from its record."""
        self.net, self.cost, self.fees = net, average * net, fees
        self.cash = round(closed_profit / self.multiplier - self.cost, 4)

    def closable(self, side: Side) -> int:
        """Lots that an order of ``side`` may still close of this book."""
        if side is _SELL:
            return max(0, self.net - self.working.close_sell)
        return max(0, -self.net - self.working.close_buy)

    def record(self, last: float | None) -> StrategyBook:
        profit = 0.0 if last is None else (last * self.net - self.cost) * self.multiplier
        return StrategyBook(
            strategy=self.strategy,
            instrument=self.instrument,
            net_lots=self.net,
            average_price=self.cost / self.net + 0.0 if self.net else 0.0,  # never -0.0
            closed_profit=round((self.cash + self.cost) * self.multiplier, 4),
            position_profit=profit,
            fees=self.fees,
        )

    def state(self) -> tuple[object, ...]:
        return self.net, self.cash, self.cost, self.fees, self.working.state()
