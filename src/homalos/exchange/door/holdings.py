"""Rows of the position queries (FACTS A10), from the exchange's own holdings."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from homalos.exchange.clearing import Clearing
from homalos.exchange.engine import Exchange
from homalos.exchange.positions import Holding, Part
from homalos.exchange.records import Fill
from homalos.model.enums import Direction, Offset, Side
from homalos.model.ids import AccountId, InstrumentId
from homalos.model.market import Instrument

Row = dict[str, Any]
TODAY, HISTORY = "1", "2"
_SIDES = {Direction.LONG: "2", Direction.SHORT: "3"}


class Day:
    """What one direction of a contract did today."""

    def __init__(self, fills: Iterable[Fill], instrument: InstrumentId, long: bool) -> None:
        mine = [f for f in fills if f.instrument == instrument and _long(f) is long]
        self.opens = [f for f in mine if f.offset is Offset.OPEN]
        self.closes = [f for f in mine if f.offset is not Offset.OPEN]

    def of(self, *, today: bool) -> tuple[list[Fill], list[Fill]]:
        """Opens and closes of SHFE's and INE's today or history row."""
        closes = [f for f in self.closes if (f.offset is Offset.CLOSE_TODAY) is today]
        return (self.opens if today else []), closes


def _long(fill: Fill) -> bool:
    return (fill.side is Side.BUY) is (fill.offset is Offset.OPEN)


class PositionRows:
    """See the module."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._clearing: Clearing = exchange.clearing

    def positions(self, account: AccountId, broker: str) -> Iterator[Row]:
        """``InvestorPositionField``: a row each for today's and older lots on SHFE and INE, else
        one for both. What is flat has no row."""
        fills = self._exchange.fills(account)
        for item, direction, held in self._held(account):
            day = Day(fills, item.id, direction is Direction.LONG)
            head = {"BrokerID": broker, "InvestorID": account, "PosiDirection": _SIDES[direction]}
            if not item.splits_today:
                whole = self._row(item, direction, held, day.opens, day.closes)
                yield head | whole | {"PositionDate": TODAY}
                continue
            for today, date in ((True, TODAY), (False, HISTORY)):
                opens, closes = day.of(today=today)
                part = held.of_day(today=today)
                if part.lots or opens or closes:
                    row = self._row(item, direction, part, opens, closes)
                    yield head | row | {"PositionDate": date}

    def _held(self, account: AccountId) -> Iterator[tuple[Instrument, Direction, Holding]]:
        for id_, pair in sorted(self._exchange.holdings(account).items()):
            contract = self._exchange.contract(id_)
            if contract is None:
                continue
            for direction, held in ((Direction.LONG, pair.long), (Direction.SHORT, pair.short)):
                if held.lots:
                    yield contract.instrument, direction, held

    def _row(
        self, item: Instrument, direction: Direction, held: Holding, opens: Sequence[Fill],
        closes: Sequence[Fill],
    ) -> Row:  # fmt: skip
        mult, long = item.multiplier, direction is Direction.LONG
        price = self._exchange.last_price(item.id)
        moved = 0.0 if price is None else price * held.lots - held.basis_sum
        opened, closed = sum(f.lots for f in opens), sum(f.lots for f in closes)
        profit = sum(f.closed_profit for f in closes)
        margin = self._clearing.margin_of(item, direction, held)
        rate = item.long_margin if long else item.short_margin
        pre = self._exchange.pre_settlement(item.id)
        return {
            "HedgeFlag": "1",
            "YdPosition": held.lots - opened + closed,
            "Position": held.lots,
            "TodayPosition": held.today,
            "LongFrozen": 0 if long else held.frozen,
            "ShortFrozen": held.frozen if long else 0,
            "OpenVolume": opened,
            "CloseVolume": closed,
            "OpenAmount": sum(f.price * f.lots for f in opens) * mult,
            "CloseAmount": sum(f.price * f.lots for f in closes) * mult,
            "PositionCost": held.basis_sum * mult,
            "OpenCost": held.open_sum * mult,
            "UseMargin": margin,
            "ExchangeMargin": margin,
            "Commission": sum(f.fee for f in (*opens, *closes)),
            "CloseProfit": profit,
            "CloseProfitByDate": profit,
            "CloseProfitByTrade": sum(f.closed_by_trade for f in closes),
            "PositionProfit": moved * mult * (1 if long else -1),
            "PreSettlementPrice": pre or 0.0,
            "SettlementPrice": price or pre or 0.0,
            "TradingDay": str(self._exchange.trading_day),
            "SettlementID": 1,
            "MarginRateByMoney": rate.by_money,
            "MarginRateByVolume": rate.by_lot,
            "ExchangeID": item.exchange,
            "InstrumentID": item.symbol,
        }

    def details(self, account: AccountId, broker: str) -> Iterator[Row]:
        """``InvestorPositionDetailField``: a row for lots of one day and price."""
        fills = self._exchange.fills(account)
        for item, direction, held in self._held(account):
            for part in held.parts:
                trade = _trade(fills, item, direction, part)
                yield {"BrokerID": broker, "InvestorID": account, "TradeID": trade} | self._detail(
                    item, direction, part
                )

    def _detail(self, item: Instrument, direction: Direction, part: Part) -> Row:
        sign = 1 if direction is Direction.LONG else -1
        price = self._exchange.last_price(item.id)
        price = part.basis if price is None else price
        alone = Holding([part])
        alone = alone.of_day(today=part.today)
        margin = self._clearing.margin_of(item, direction, alone)
        rate = item.long_margin if direction is Direction.LONG else item.short_margin
        scale = sign * item.multiplier * part.lots
        return {
            "HedgeFlag": "1",
            "Direction": "0" if direction is Direction.LONG else "1",
            "OpenDate": str(part.day) if part.day else "",
            "Volume": part.lots,
            "OpenPrice": part.open_price,
            "TradingDay": str(self._exchange.trading_day),
            "SettlementID": 1,
            "TradeType": "0",
            "ExchangeID": item.exchange,
            "PositionProfitByDate": (price - part.basis) * scale,
            "PositionProfitByTrade": (price - part.open_price) * scale,
            "Margin": margin,
            "ExchMargin": margin,
            "MarginRateByMoney": rate.by_money,
            "MarginRateByVolume": rate.by_lot,
            "LastSettlementPrice": self._exchange.pre_settlement(item.id) or 0.0,
            "SettlementPrice": price,
            "TimeFirstVolume": part.lots,
            "SpecPosiType": "#",
            "InstrumentID": item.symbol,
        }


def odd(items: Iterable[Instrument], account: AccountId, broker: str) -> Iterator[Row]:
    """An option, a combination and a hedged position: what a program that knows futures alone must
    get past. ``items``: around the first of them."""
    for item in items:
        known = {
            "BrokerID": broker, "InvestorID": account, "HedgeFlag": "1", "PositionDate": TODAY,
            "Position": 2, "YdPosition": 2, "ExchangeID": item.exchange, "UseMargin": 1000.0,
            "SettlementID": 1,
        }  # fmt: skip
        yield known | {"InstrumentID": f"{item.symbol}C9000", "PosiDirection": "2"}
        yield known | {
            "InstrumentID": f"SP {item.symbol}&{item.symbol}", "PosiDirection": "2",
            "CombPosition": 2,
        }  # fmt: skip
        yield known | {"InstrumentID": item.symbol, "PosiDirection": "3", "HedgeFlag": "3"}
        return


def _trade(fills: Iterable[Fill], item: Instrument, direction: Direction, part: Part) -> str:
    """The trade that opened a part, where it was today."""
    if not part.today:
        return ""
    side = Side.BUY if direction is Direction.LONG else Side.SELL
    for fill in fills:
        same = fill.instrument == item.id and fill.side is side and fill.offset is Offset.OPEN
        if same and fill.price == part.open_price:
            return fill.trade_id
    return ""
