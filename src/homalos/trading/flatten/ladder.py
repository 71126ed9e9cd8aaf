"""Pure: how an exit leaves at each step of the ladder.

FAK orders 2, 5 and 10 ticks through the opposite price, then a limit order at the day's price
limit, which stays; where a venue's limit lies between two ticks, at the last price within it. A
day-flat begins more gently, at the opposite price itself. Where nobody stands opposite (the market
is locked at its limit) and in a call auction (FACTS A8: no FAK) only the last step makes sense.
"""

from typing import NamedTuple

from homalos.market.money import round_to_tick
from homalos.model.enums import Phase, Side, TimeInForce
from homalos.model.market import Instrument, Tick
from homalos.trading.merge import limit_price, market_price

TICKS = (0, 2, 5, 10)
"""Of the steps before the last; a kill begins at ``FIRST``."""
GENTLE, FIRST, LAST = 0, 1, 4

LOCKED = "locked at the price limit: queued at the exchange / 涨跌停封板,已在交易所排队"
QUEUED = "queued at the price limit / 已挂涨跌停价排队"
NO_PRICE = "no price of this contract yet / 尚无该合约行情"
_SESSION: dict[Phase, str] = {
    Phase.CLOSED: "the session is closed: queued here / 已收盘,本机排队",
    Phase.BREAK: "the session has a break: queued here / 休息中,本机排队",
    Phase.AUCTION_MATCH: "the auction is being matched: queued here / 集合竞价撮合中,本机排队",
}
OPEN_PHASES = frozenset({None, Phase.CONTINUOUS, Phase.AUCTION})
"""In which the venue takes orders and cancels; None: it has not told."""


class Quote(NamedTuple):
    """One order's price, and how long it works."""

    step: int
    price: float
    tif: TimeInForce
    note: str


def closed(phase: Phase | None) -> str:
    """Why nothing can leave in this phase; empty: it can."""
    return "" if phase is None else _SESSION.get(phase, "")


def quote(
    step: int, side: Side, instrument: Instrument, tick: Tick | None, phase: Phase | None
) -> Quote | None:
    """``None``: no price is known."""
    if tick is None:
        return None
    limit = limit_price(side, tick)
    if limit is not None:
        limit = round_to_tick(limit, instrument.tick_size, "down" if side is Side.BUY else "up")
    opposite = tick.ask_price if side is Side.BUY else tick.bid_price
    locked = opposite is None and limit is not None and phase is not Phase.AUCTION
    if limit is not None and (step >= LAST or locked or phase is Phase.AUCTION):
        return Quote(LAST, limit, TimeInForce.GFD, LOCKED if locked else QUEUED)
    step = min(step, LAST - 1)
    if phase is Phase.AUCTION:
        return None
    price = market_price(side, instrument, tick, TICKS[step])
    return None if price is None else Quote(step, price, TimeInForce.FAK, "")


def name(step: int) -> str:
    return "limit" if step >= LAST else f"+{TICKS[step]}"
