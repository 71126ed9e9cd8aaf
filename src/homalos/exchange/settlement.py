"""Settlement price of a day: the venue's own where the feed has it, else the volume-weighted price
of the day, else the last price. The generated market settles by the same function."""

from homalos.market import money
from homalos.model.market import Instrument, Tick


def settlement_price(item: Instrument, tick: Tick | None) -> float | None:
    """``None``: nothing is known of the day, the previous settlement stays."""
    if tick is None:
        return None
    if tick.settlement is not None and tick.settlement > 0:
        return tick.settlement
    average = _average(item, tick)
    return average if average is not None else tick.last_price


def _average(item: Instrument, tick: Tick) -> float | None:
    """Turnover over volume, where that is a price of the day at all: some feeds lack the
    multiplier or a counted side (FACTS A13), and a wrong price is worse than the last one."""
    if not tick.turnover or not tick.volume or not item.multiplier:
        return None
    price = money.round_to_tick(tick.turnover / tick.volume / item.multiplier, item.tick_size)
    low, high = tick.low_price, tick.high_price
    if low is None or high is None:
        last = tick.last_price or price
        low, high = last * 0.8, last * 1.2
    return price if low <= price <= high else None
