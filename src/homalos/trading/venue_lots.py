"""The venue's positions and trades as lots of ours."""

from collections.abc import Iterable

from homalos.model.enums import Direction, Offset, Side
from homalos.model.ids import InstrumentId
from homalos.model.trading import Position, Trade
from homalos.trading.lots import Lot, LotSide


def today_rate_lots(trades: Iterable[Trade]) -> dict[tuple[InstrumentId, Direction], int]:
    """Lots opened today that no close has paid the close-today rate for yet (FACTS A9)."""
    left: dict[tuple[InstrumentId, Direction], int] = {}
    for trade in trades:
        opens = trade.offset is Offset.OPEN
        long = (trade.side is Side.BUY) is opens
        key = (trade.instrument, Direction.LONG if long else Direction.SHORT)
        have = left.get(key, 0)
        left[key] = have + trade.lots if opens else max(0, have - trade.lots)
    return left


def same_lots(side: LotSide, row: Position | None) -> bool:
    """The books have these lots on this basis already, and know more about each of them."""
    if row is None:
        return not side.parts
    cost = side.basis_sum / side.lots if side.lots else 0.0
    days = (side.today, side.yesterday) == (row.today_lots, row.yesterday_lots)
    return days and abs(cost - row.cost_price) < 1e-9


def lots_of(row: Position | None, day: int) -> Iterable[Lot]:
    """The oldest first, as they will be closed."""
    if row is None:
        return
    today_price = yesterday_basis = row.cost_price
    if row.yesterday_lots:
        yield Lot(row.yesterday_lots, row.average_price, yesterday_basis, 0, False)
    if row.today_lots:
        yield Lot(row.today_lots, today_price, today_price, day, True)
