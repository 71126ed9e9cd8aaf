"""The venue's positions and trades as lots of ours."""

from collections.abc import Iterable

from homalos.model.enums import Direction, Offset, Side
from homalos.model.ids import InstrumentId
from homalos.model.trading import Position, Trade
from homalos.trading.lots import Lot, LotSide

Key = tuple[InstrumentId, Direction]

_SAME_PRICE = 1e-6
"""An average of the venue's and one of ours are the same; a tick is far more."""


def key_of(trade: Trade) -> Key:
    """Contract and direction whose lots the trade adds to or takes from."""
    long = (trade.side is Side.BUY) is (trade.offset is Offset.OPEN)
    return trade.instrument, Direction.LONG if long else Direction.SHORT


class DayOfTrades:
    """What the trades of the day tell of a side beside its lots."""

    def __init__(self, trades: Iterable[Trade]) -> None:
        self._unpaid: dict[Key, int] = {}
        """Lots opened that no close has paid the close-today rate for yet (FACTS A9)."""
        self._opens: dict[Key, tuple[int, float]] = {}
        for trade in trades:
            key = key_of(trade)
            have = self._unpaid.get(key, 0)
            if trade.offset is Offset.OPEN:
                lots, amount = self._opens.get(key, (0, 0.0))
                self._opens[key] = lots + trade.lots, amount + trade.lots * trade.price
                self._unpaid[key] = have + trade.lots
            else:
                self._unpaid[key] = max(0, have - trade.lots)

    def note(self, side: LotSide, key: Key, splits_today: bool) -> None:
        """Put it into the books' side."""
        if not splits_today:
            side.charged_today = self._unpaid.get(key, 0)
        side.opens_lots, side.opens_sum = self._opens.get(key, (0, 0.0))


def same_lots(side: LotSide, row: Position | None) -> bool:
    """The books have these lots on this basis already, and know more about each of them."""
    if row is None:
        return not side.parts
    cost = side.basis_sum / side.lots if side.lots else 0.0
    days = (side.today, side.yesterday) == (row.today_lots, row.yesterday_lots)
    return days and abs(cost - row.cost_price) < 1e-9


def lots_of(row: Position | None, day: int, trades: Iterable[Trade]) -> list[Lot]:
    """Lots of a position, the oldest first, as they will be closed.

    Today's lots go first in, first out, so those that are left are the last that ``trades``, the
    whole day's, opened. What no trade explains is taken at the position's averages.
    """
    if row is None:
        return []
    today: list[Lot] = []
    wanted = row.today_lots
    for trade in reversed(list(trades)):
        if not wanted:
            break
        if trade.offset is Offset.OPEN and key_of(trade) == (row.instrument, row.direction):
            lots = min(wanted, trade.lots)
            today.insert(0, Lot(lots, trade.price, trade.price, day, True))
            wanted -= lots
    known = sum(lot.lots * lot.open_price for lot in today)
    rest = row.lots - sum(lot.lots for lot in today)
    if not rest:
        return today
    opened = (row.average_price * row.lots - known) / rest
    basis = (row.cost_price * row.lots - known) / rest
    old = [Lot(row.yesterday_lots, opened, basis, 0, False)] if row.yesterday_lots else []
    return [*old, *([Lot(wanted, basis, basis, day, True)] if wanted else []), *today]


def with_known(parts: list[Lot], side: LotSide) -> list[Lot]:
    """``parts`` of the venue, with the older lots one by one as the books know them, where they
    make up the venue's average: it does not tell single ones, and the profit by trade of the next
    close depends on which of them goes first."""
    if not parts or parts[0].today:
        return parts
    (old, *rest), known = parts, [part for part in side.parts if not part.today]
    opened = sum(part.lots * part.open_price for part in known)
    if sum(part.lots for part in known) != old.lots:
        return parts
    if abs(opened / old.lots - old.open_price) > _SAME_PRICE:
        return parts
    return [Lot(p.lots, p.open_price, old.basis, p.opened, False) for p in known] + rest
