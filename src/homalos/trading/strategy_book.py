"""What one strategy holds in one contract: net lots at average cost.

Results are kept as cash (an exact sum on the price grid) plus the cost of what is open, so that the
closed profit of a flat book is exactly the cash, whatever averages were met on the way. Twice: from
the first trade on (逐笔), and from the settlement with which the trading day began (盯市).
"""

from homalos.model.enums import Side
from homalos.model.ids import InstrumentId, StrategyId
from homalos.model.trading import StrategyBook
from homalos.trading.contract import Working
from homalos.trading.offsets import BookMode

_SELL = Side.SELL


class Averaged:
    """Cash and cost of net lots, in price x lots."""

    __slots__ = ("cash", "cost")

    def __init__(self, net: int = 0, price: float = 0.0) -> None:
        self.cost = price * net
        """Average price x net lots of what is open (negative when short)."""
        self.cash = round(-self.cost, 4)
        """Received for sales less paid for purchases."""

    def trade(self, before: int, signed: int, price: float) -> None:
        self.cash = round(self.cash - signed * price, 4)
        after = before + signed
        if before == 0 or (before > 0) == (signed > 0):
            self.cost += signed * price
        elif after == 0:
            self.cost = 0.0
        elif (after > 0) == (before > 0):
            self.cost *= after / before
        else:
            self.cost = after * price

    def average(self, net: int) -> float:
        return self.cost / net + 0.0 if net else 0.0  # never -0.0

    def closed(self, multiplier: float) -> float:
        """Realised, yuan."""
        return round((self.cash + self.cost) * multiplier, 4)

    def load(self, net: int, average: float, closed: float, multiplier: float) -> None:
        self.cost = average * net
        self.cash = round(closed / multiplier - self.cost, 4)


class NetBook:
    """Only ``Books`` changes it."""

    __slots__ = (
        "_day", "_day_fills", "_day_net", "_whole", "fees", "instrument", "mode", "multiplier",
        "net", "open_fees", "strategy", "working",
    )  # fmt: skip

    def __init__(
        self, strategy: StrategyId, instrument: InstrumentId, multiplier: float,
        mode: BookMode = "own",
    ) -> None:  # fmt: skip
        self.strategy = strategy
        self.mode = mode
        """Whose lots its orders may close (``trading.offsets``)."""
        self.instrument = instrument
        self.multiplier = multiplier
        self.net = 0
        self.fees = 0.0
        self.open_fees = 0.0
        """Of them, what the lots that are held cost when they were opened."""
        self.working = Working()
        self._whole = Averaged()
        self._day = Averaged()
        self._day_net = 0
        """With which the trading day began."""
        self._day_fills: list[tuple[int, float]] | None = None
        """Signed lots and prices since then, while the settlement is not known."""

    @property
    def cost(self) -> float:
        """Average price x net lots of what is open (negative when short)."""
        return self._whole.cost

    @property
    def traded(self) -> bool:
        """Anything was ever booked in it."""
        return bool(self.net or self._whole.cash or self.fees)

    @property
    def empty(self) -> bool:
        """Nothing was ever booked in it, and nothing works for it."""
        return not self.traded and not any(self.working.state())

    def trade(self, side: Side, lots: int, price: float, fee: float) -> float | None:
        """Book a fill; what the lots that it closed have made, all their fees paid, yuan, or
        ``None``: it closed none."""
        self.fees = round(self.fees + fee, 4)
        net, signed = self.net, side.sign * lots
        if net * signed >= 0:
            self.open_fees = round(self.open_fees + fee, 4)
            self._move(signed, price, price)
            return None
        closing = min(lots, abs(net))
        paid = fee * closing / lots  # the rest opens lots the other way
        opened = self.open_fees * closing / abs(net)
        before = self._whole.closed(self.multiplier)
        self._move(signed, price, price)
        self.open_fees = round(self.open_fees - opened + fee - paid, 4)
        return round(self._whole.closed(self.multiplier) - before - opened - paid, 4)

    def _move(self, signed: int, price: float, day_price: float) -> None:
        self._whole.trade(self.net, signed, price)
        self._day.trade(self.net, signed, day_price)
        if self._day_fills is not None:
            self._day_fills.append((signed, day_price))
        self.net += signed

    def carry(self, net: int, price: float) -> None:
        """Take over (or give back) lots that no trade of ours explains: no fee, no profit; what is
        added costs ``price``, what is given back goes at its average cost."""
        back = min(abs(net), abs(self.net)) if self.net * net < 0 else 0
        sign = 1 if net > 0 else -1
        if back:
            whole, day = self._whole.average(self.net), self._day.average(self.net)
            self._move(sign * back, whole, day)
        if abs(net) > back:
            self._move(sign * (abs(net) - back), price, price)

    def roll(self, settlement: float | None) -> None:
        """A new trading day, at the settlement, or a provisional mark; without any at cost."""
        price = self._day.average(self.net) if settlement is None else settlement
        self._day, self._day_net = Averaged(self.net, price), self.net
        self._day_fills = []

    def settle(self, price: float) -> None:
        """The settlement with which the day began is known."""
        fills, self._day_fills = self._day_fills, None
        if fills is None:
            return
        net, self._day = self._day_net, Averaged(self._day_net, price)
        for signed, paid in fills:
            self._day.trade(net, signed, paid)
            net += signed

    def load(self, row: StrategyBook) -> None:
        """Continue a book from its record."""
        self.net, self.fees, self.open_fees = row.net_lots, row.fees, row.open_fees
        self._whole.load(row.net_lots, row.average_price, row.closed_profit, self.multiplier)
        by_date = row.cost_price or row.average_price  # a record of before has none
        self._day.load(row.net_lots, by_date, row.closed_profit_by_date, self.multiplier)

    def closable(self, side: Side) -> int:
        """Lots that an order of ``side`` may still close of this book."""
        if side is _SELL:
            return max(0, self.net - self.working.close_sell)
        return max(0, -self.net - self.working.close_buy)

    def claim(self, side: Side) -> int:
        """Lots that no order of another book may close by ``side``: what this one holds against it
        when its working closes are filled. A close that still works while the book has opened the
        other way makes lots there its own."""
        change = self.working.close_buy - self.working.close_sell
        return max(0, (self.net + change) * (1 if side is _SELL else -1))

    def result(self, last: float | None) -> float:
        """Made since the book began, fees paid, yuan; without a price what is open counts at
        cost."""
        worth = self._whole.cost if last is None else last * self.net
        return (self._whole.cash + worth) * self.multiplier - self.fees

    def record(self, last: float | None) -> StrategyBook:
        whole, day, net, multiplier = self._whole, self._day, self.net, self.multiplier
        worth = None if last is None else last * net
        return StrategyBook(
            strategy=self.strategy,
            instrument=self.instrument,
            net_lots=net,
            average_price=whole.average(net),
            closed_profit=whole.closed(multiplier),
            position_profit=0.0 if worth is None else (worth - whole.cost) * multiplier,
            fees=self.fees,
            cost_price=day.average(net),
            closed_profit_by_date=day.closed(multiplier),
            position_profit_by_date=0.0 if worth is None else (worth - day.cost) * multiplier,
            open_fees=self.open_fees,
        )

    def state(self) -> tuple[object, ...]:
        return self.net, self._whole.cash, self._whole.cost, self.fees, self.working.state()
