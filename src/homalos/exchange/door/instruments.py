"""Rows of the contract queries, and a crowd of contracts that nobody trades (FACTS A16)."""

from collections.abc import Iterable, Iterator
from typing import Any

from homalos.exchange.door.speech import DBL_MAX, clip
from homalos.model.market import Instrument

Row = dict[str, Any]
FUTURES, OPTION, COMBINATION = "1", "2", "3"
LARGER_SIDE = frozenset({"SHFE", "INE", "CFFEX"})
"""Only the larger side of a product pays margin."""
MONTHS = 12


def row(item: Instrument) -> Row:
    """``InstrumentField`` of a futures contract. No source tells the days of delivery itself: the
    last trading day stands for them."""
    year, month = divmod(item.delivery_month, 100)
    if not item.delivery_month:
        year = month = 0
    expires = str(item.last_trading_day) if item.last_trading_day else ""
    listed = f"{year - 1:04d}{month:02d}16" if year else ""
    return {
        "ExchangeID": item.exchange,
        "InstrumentName": clip(item.name, 20),
        "ProductClass": FUTURES,
        "DeliveryYear": year,
        "DeliveryMonth": month,
        "MaxMarketOrderVolume": item.max_market_lots,
        "MinMarketOrderVolume": 1,
        "MaxLimitOrderVolume": item.max_limit_lots,
        "MinLimitOrderVolume": item.min_lots,
        "VolumeMultiple": round(item.multiplier),
        "PriceTick": item.tick_size,
        "CreateDate": listed,
        "OpenDate": listed,
        "ExpireDate": expires,
        "StartDelivDate": expires,
        "EndDelivDate": expires,
        "InstLifePhase": "1",
        "IsTrading": 1,
        "PositionType": "2",
        "PositionDateType": "1" if item.splits_today else "2",
        "LongMarginRatio": item.long_margin.by_money,
        "ShortMarginRatio": item.short_margin.by_money,
        "MaxMarginSideAlgorithm": "1" if item.exchange in LARGER_SIDE else "0",
        "StrikePrice": DBL_MAX,
        "UnderlyingMultiple": 1.0,
        "CombinationType": "0",
        "InstrumentID": item.symbol,
        "ExchangeInstID": item.symbol,
        "ProductID": item.product,
    }


def crowd(items: Iterable[Instrument], count: int) -> list[Row]:
    """``count`` rows around ``items``: options in every exchange's spelling, combinations, and what
    brokers' tables are seen to have: no name, no date, no strike."""
    found: list[Row] = []
    source = [item for item in items if item.delivery_month]
    if not source:
        return found
    for place, made in enumerate(_crowd(source)):
        if place == count:
            break
        if not place % 97:
            made |= {"InstrumentName": "", "ExpireDate": ""}
        found.append(made)
    return found


def _crowd(items: list[Instrument]) -> Iterator[Row]:
    step = 0
    while True:
        step += 1
        for item in items:
            yield _combination(item, step)
            for kind in "CP":
                yield _option(item, kind, step)


def _option(item: Instrument, kind: str, step: int) -> Row:
    strike = step * 50
    dashed = item.exchange in ("DCE", "GFEX", "CFFEX")
    symbol = f"{item.symbol}-{kind}-{strike}" if dashed else f"{item.symbol}{kind}{strike}"
    product = f"{item.product}_o" if dashed else f"{item.product}{kind}"
    return row(item) | {
        "InstrumentName": clip(f"{item.name}{'购' if kind == 'C' else '沽'}{strike}", 20),
        "ProductClass": OPTION,
        "InstrumentID": symbol,
        "ExchangeInstID": symbol,
        "ProductID": product,
        "UnderlyingInstrID": item.symbol,
        "StrikePrice": DBL_MAX if not step % 40 else float(strike),
        "OptionsType": "1" if kind == "C" else "2",
        "LongMarginRatio": 0.0,
        "MaxMarketOrderVolume": 0,
    }


def _combination(item: Instrument, step: int) -> Row:
    far = item.delivery_month % 100 + step
    month = f"{far % MONTHS + 1:02d}"
    word = "SPD" if item.exchange == "CZCE" else "SP"
    other = f"{item.symbol[:-2]}{month}"
    symbol = f"{word} {item.symbol}&{other}" + (f"#{step}" if step > MONTHS else "")
    return row(item) | {
        "InstrumentName": clip(f"{item.name}&{other}", 20),
        "ProductClass": COMBINATION,
        "InstrumentID": symbol,
        "ExchangeInstID": symbol,
        "ProductID": word,
        "CombinationType": "1",
        "MaxMarketOrderVolume": 0,
    }
