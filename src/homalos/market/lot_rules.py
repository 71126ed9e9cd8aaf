"""Which lots a close takes, and which fee they pay: two questions with two answers (FACTS A9).

SHFE and INE (instruments with ``splits_today``): the offset names the lots, today's or yesterday's,
and with them the fee. So which go first is the trader's choice, the cheaper ones if he likes.
DCE, CZCE, CFFEX, GFEX: the exchange picks, first in, first out over both days; the fee looks
elsewhere: closes pay the close-today rate until as many lots as were opened today have paid it.
So on CFFEX with one lot of yesterday and one of today, the first close takes yesterday's lot and
pays the close-today fee.
"""

from typing import Literal

from homalos.market import money
from homalos.model.enums import Offset
from homalos.model.market import Fees, Instrument

_OPEN, _CLOSE, _TODAY, _YESTERDAY = (
    Offset.OPEN, Offset.CLOSE, Offset.CLOSE_TODAY, Offset.CLOSE_YESTERDAY,
)  # fmt: skip

CloseOrder = Literal["today_first", "yesterday_first", "cheaper_first"]


def takes_today(offset: Offset, splits_today: bool) -> bool | None:
    """Which lots a close of this offset takes: today's (True), yesterday's (False), or ``None``:
    the first opened of both days. On SHFE and INE a plain close means yesterday's."""
    if not splits_today:
        return None
    return offset is _TODAY


def today_rate_lots(lots: int, today: bool | None, unpaid: int) -> int:
    """How many of ``lots`` closed pay the close-today rate.

    ``today`` as told by ``takes_today``; ``unpaid``: lots opened today for which no close has paid
    that rate yet.
    """
    if today is None:
        return min(lots, unpaid)
    return lots if today else 0


def close_fee(price: float, lots: int, multiplier: float, fees: Fees, today_lots: int) -> float:
    """Fee of closing ``lots``, ``today_lots`` of them at the close-today rate, not rounded."""
    fee = money.fee(price, today_lots, multiplier, fees.close_today) if today_lots else 0.0
    if lots > today_lots:
        fee += money.fee(price, lots - today_lots, multiplier, fees.close)
    return fee


def today_goes_first(order: CloseOrder, instrument: Instrument, price: float) -> bool:
    """Where the offset names the lots: whether an exit empties today's before yesterday's.

    ``cheaper_first`` compares the two fees of one lot at ``price``; of equal ones today's go first.
    """
    if order != "cheaper_first":
        return order == "today_first"
    fees, multiplier = instrument.fees, instrument.multiplier
    today = money.fee(price, 1, multiplier, fees.close_today)
    return today <= money.fee(price, 1, multiplier, fees.close)


def portable(offset: Offset, splits_today: bool) -> Offset:
    """The offset as the exchange wants it: without a split every close is a plain one."""
    if offset is _OPEN:
        return offset
    if not splits_today:
        return _CLOSE
    return _YESTERDAY if offset is _CLOSE else offset
