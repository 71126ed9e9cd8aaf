"""What a client may ask: rows for each ``ReqQry…`` that the front knows (FACTS A5, A10 to A12).

A query that is not here is answered as by a broker that does not offer it: one null record.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from homalos.exchange.door import instruments, rules
from homalos.exchange.door.core import Core
from homalos.exchange.door.holdings import PositionRows, odd
from homalos.exchange.door.line import Line
from homalos.exchange.door.market import MarketFront
from homalos.exchange.door.orders import OrderDesk
from homalos.exchange.door.settlements import Settlements
from homalos.market import money
from homalos.model.enums import Direction, Offset, Side
from homalos.model.ids import AccountId
from homalos.model.market import Instrument

Fields = dict[str, Any]
Row = dict[str, Any] | bytes

NAMES = {
    "SHFE": "上海期货交易所", "INE": "上海国际能源交易中心", "DCE": "大连商品交易所",
    "CZCE": "郑州商品交易所", "CFFEX": "中国金融期货交易所", "GFEX": "广州期货交易所",
}  # fmt: skip
MARGIN_PRICE = {"pre_settlement": "1", "last": "2", "open": "4"}
ALGORITHM = {"both": "1", "loss_only": "2", "profit_only": "3", "neither": "4"}


class Queries:
    """See the module."""

    def __init__(
        self, core: Core, desk: OrderDesk, settlements: Settlements, market: MarketFront
    ) -> None:
        self._core = core
        self._exchange = core.exchange
        self._desk = desk
        self._settlements = settlements
        self._market = market
        self._rows = PositionRows(core.exchange)
        self._crowd: list[Fields] = []

    def gather(self) -> None:
        """Make the crowd around the contracts that are listed now."""
        count = self._core.section.crowd_rows
        self._crowd = instruments.crowd(self._core.items.values(), count)
        self._core.crowd = frozenset(str(row["InstrumentID"]) for row in self._crowd)

    def rows(self, line: Line, name: str, fields: Fields) -> Iterable[Row]:
        """The answer's rows; none: a null record. Who asks for another investor gets none."""
        if fields.get("InvestorID", "") not in ("", line.account):
            return ()
        query = _QUERIES.get(name)
        return () if query is None else query(self, line, fields)

    # ------------------------------------------------------------ contracts

    def _instruments(self, line: Line, fields: Fields) -> Iterator[Row]:
        listed = (instruments.row(item) for item in self._core.items.values())
        for row in (*listed, *self._crowd):
            if _fits(row, fields, "ExchangeID", "InstrumentID", "ProductID"):
                yield row

    def _products(self, line: Line, fields: Fields) -> Iterator[Row]:
        seen: set[tuple[str, str]] = set()
        for item in tuple(self._core.items.values()):
            if (item.exchange, item.product) in seen:
                continue
            seen.add((item.exchange, item.product))
            of = instruments.row(item)
            row = {name: of[name] for name in _PRODUCT_FIELDS} | {
                "ProductName": of["InstrumentName"].rstrip("0123456789"),
                "TradeCurrencyID": "CNY",
                "ExchangeProductID": item.product,
                "CloseDealType": "0",
            }
            if _fits(row, fields, "ExchangeID", "ProductID"):
                yield row

    def _exchanges(self, line: Line, fields: Fields) -> Iterator[Row]:
        for id_, name in NAMES.items():
            row = {"ExchangeID": id_, "ExchangeName": name, "ExchangeProperty": "0"}
            if _fits(row, fields, "ExchangeID"):
                yield row

    def _depth(self, line: Line, fields: Fields) -> Iterator[Row]:
        for item in self._asked(fields):
            body = self._market.body(item.id)
            if body is not None:
                yield body

    def _asked(self, fields: Fields) -> list[Instrument]:
        """The contract asked for, or all of them."""
        symbol = fields["InstrumentID"]
        items = self._core.items
        found = [items[symbol]] if symbol in items else [] if symbol else list(items.values())
        exchange = fields.get("ExchangeID", "")
        return [item for item in found if exchange in ("", item.exchange)]

    # ------------------------------------------------------------ the account

    def _investor(self, line: Line, fields: Fields) -> Iterator[Row]:
        assert line.client is not None
        yield _owner(line) | {
            "InvestorName": line.client.name or line.client.user,
            "IdentifiedCardType": "1",
            "IsActive": 1,
            "OpenDate": "",
        }

    def _codes(self, line: Line, fields: Fields) -> Iterator[Row]:
        owner = _owner(line)
        client = f"{owner['BrokerID']}{line.account}"[:10]
        for exchange in NAMES:
            row = {"ExchangeID": exchange, "ClientID": client, "IsActive": 1, "ClientIDType": "1"}
            if _fits(row, fields, "ExchangeID"):
                yield owner | row

    def _account(self, line: Line, fields: Fields) -> Iterator[Row]:
        account = self._exchange.account(line.account)
        owner = _owner(line)
        yield {
            "BrokerID": owner["BrokerID"],
            "AccountID": line.account,
            "PreBalance": account.pre_balance,
            "PreDeposit": account.pre_balance,
            "Deposit": account.deposit,
            "Withdraw": account.withdraw,
            "FrozenMargin": account.frozen_margin,
            "FrozenCommission": account.frozen_fees,
            "CurrMargin": account.margin,
            "ExchangeMargin": account.margin,
            "Commission": account.fees,
            "CloseProfit": account.closed_profit,
            "PositionProfit": account.position_profit,
            "Balance": account.balance,
            "Available": account.available,
            "WithdrawQuota": max(0.0, account.available - max(0.0, account.position_profit)),
            "TradingDay": self._core.day,
            "SettlementID": 1,
            "CurrencyID": "CNY",
        }

    def _positions(self, line: Line, fields: Fields) -> Iterator[Row]:
        broker = _owner(line)["BrokerID"]
        rows = [*self._rows.positions(line.account, broker)]
        if self._core.section.odd_positions:
            rows += odd(self._core.items.values(), line.account, broker)
        for row in rows:
            if _fits(row, fields, "ExchangeID", "InstrumentID"):
                yield row

    def _details(self, line: Line, fields: Fields) -> Iterator[Row]:
        for row in self._rows.details(line.account, _owner(line)["BrokerID"]):
            if _fits(row, fields, "ExchangeID", "InstrumentID"):
                yield row

    def _orders(self, line: Line, fields: Fields) -> Iterator[Row]:
        for place, order in enumerate(self._exchange.orders(line.account), 1):
            view = self._desk.view(line.account, order.id)
            assert view is not None
            row = view.current(place)
            asked = _fits(row, fields, "ExchangeID", "InstrumentID", "OrderSysID")
            if asked and _between(row["InsertTime"], fields, "InsertTime"):
                yield row

    def _trades(self, line: Line, fields: Fields) -> Iterator[Row]:
        for place, fill in enumerate(self._exchange.fills(line.account), 1):
            view = self._desk.view(line.account, fill.order_id)
            assert view is not None
            row = view.trade(fill, place)
            asked = _fits(row, fields, "ExchangeID", "InstrumentID", "TradeID")
            if asked and _between(row["TradeTime"], fields, "TradeTime"):
                yield row

    # ------------------------------------------------------------ rates

    def _rated(self, line: Line, fields: Fields) -> list[Instrument]:
        """The contract asked for; without one those that are held."""
        if fields["InstrumentID"]:
            return self._asked(fields)
        held = {row["InstrumentID"] for row in self._rows.positions(line.account, "")}
        return [item for symbol, item in self._core.items.items() if symbol in held]

    def _margins(self, line: Line, fields: Fields) -> Iterator[Row]:
        if fields["HedgeFlag"] not in ("1", "\0"):
            return
        for item in self._rated(line, fields):
            long, short = item.long_margin, item.short_margin
            yield _owner(line) | {
                "InvestorRange": "1",
                "HedgeFlag": "1",
                "LongMarginRatioByMoney": long.by_money,
                "LongMarginRatioByVolume": long.by_lot,
                "ShortMarginRatioByMoney": short.by_money,
                "ShortMarginRatioByVolume": short.by_lot,
                "IsRelative": 0,
                "ExchangeID": item.exchange,
                "InstrumentID": item.symbol,
            }

    def _fees(self, line: Line, fields: Fields) -> Iterator[Row]:
        """Fees are a product's, and its row says so in place of a contract."""
        for item in self._rated(line, fields):
            fees = item.fees
            yield _owner(line) | {
                "InvestorRange": "1",
                "OpenRatioByMoney": fees.open.by_money,
                "OpenRatioByVolume": fees.open.by_lot,
                "CloseRatioByMoney": fees.close.by_money,
                "CloseRatioByVolume": fees.close.by_lot,
                "CloseTodayRatioByMoney": fees.close_today.by_money,
                "CloseTodayRatioByVolume": fees.close_today.by_lot,
                "ExchangeID": item.exchange,
                "InstrumentID": item.product,
            }

    def _order_fees(self, line: Line, fields: Fields) -> Iterator[Row]:
        """Only CFFEX charges messages; here they cost nothing."""
        for item in self._rated(line, fields):
            if item.exchange == "CFFEX":
                row = {"InvestorRange": "1", "HedgeFlag": "1", "ExchangeID": item.exchange}
                yield _owner(line) | row | {"InstrumentID": item.product}

    def _params(self, line: Line, fields: Fields) -> Iterator[Row]:
        section = self._exchange.section
        yield _owner(line) | {
            "MarginPriceType": MARGIN_PRICE[section.margin_price],
            "Algorithm": ALGORITHM[section.available_counts],
            "AvailIncludeCloseProfit": "0" if section.available_includes_closed_profit else "2",
            "CurrencyID": "CNY",
            "OptionRoyaltyPriceType": "1",
            "AccountID": line.account,
        }

    def _most(self, line: Line, fields: Fields) -> Iterator[Row]:
        """``QryMaxOrderVolume``: what money or lots allow at the last price."""
        item = self._core.items.get(fields["InstrumentID"])
        side, offset = rules.SIDES.get(fields["Direction"]), rules.OFFSETS.get(fields["OffsetFlag"])
        if item is None or side is None or offset is None:
            return
        yield fields | {"MaxVolume": min(item.max_limit_lots, self._room(line, item, side, offset))}

    def _room(self, line: Line, item: Instrument, side: Side, offset: Offset) -> int:
        if offset is not Offset.OPEN:
            closes = Direction.SHORT if side is Side.BUY else Direction.LONG
            for position in self._exchange.positions(line.account):
                if position.instrument == item.id and position.direction is closes:
                    return position.lots - position.frozen_today - position.frozen_yesterday
            return 0
        price = self._exchange.last_price(item.id)
        if not price:
            return 0
        rate = item.long_margin if side is Side.BUY else item.short_margin
        lot = money.margin(price, 1, item.multiplier, rate)
        lot += money.fee(price, 1, item.multiplier, item.fees.open)
        available = self._exchange.account(line.account).available
        return max(0, int(available // lot)) if lot > 0 else item.max_limit_lots

    # ------------------------------------------------------------ settlement

    def _confirmation(self, line: Line, fields: Fields) -> Iterator[Row]:
        found = self._settlements.confirmed(line.account)
        if found is not None:
            yield _owner(line) | {
                "ConfirmDate": found.date,
                "ConfirmTime": found.time,
                "SettlementID": 1,
                "AccountID": line.account,
                "CurrencyID": "CNY",
            }

    def _statement(self, line: Line, fields: Fields) -> Iterator[Row]:
        asked = fields["TradingDay"]
        day = self._settlements.day_of(line.account, asked)
        for number, piece in enumerate(self._settlements.pieces(line.account, asked), 1):
            yield _owner(line) | {
                "TradingDay": day,
                "SettlementID": 1,
                "SequenceNo": number,
                "Content": piece,
                "AccountID": line.account,
                "CurrencyID": "CNY",
            }


_PRODUCT_FIELDS = (
    "ExchangeID", "ProductClass", "VolumeMultiple", "PriceTick", "MaxMarketOrderVolume",
    "MinMarketOrderVolume", "MaxLimitOrderVolume", "MinLimitOrderVolume", "PositionType",
    "PositionDateType", "UnderlyingMultiple", "ProductID",
)  # fmt: skip
Query = Callable[[Queries, Line, Fields], Iterator[Row]]
_QUERIES: dict[str, Query] = {
    "ReqQryInstrument": Queries._instruments,
    "ReqQryProduct": Queries._products,
    "ReqQryExchange": Queries._exchanges,
    "ReqQryDepthMarketData": Queries._depth,
    "ReqQryInvestor": Queries._investor,
    "ReqQryTradingCode": Queries._codes,
    "ReqQryTradingAccount": Queries._account,
    "ReqQryInvestorPosition": Queries._positions,
    "ReqQryInvestorPositionDetail": Queries._details,
    "ReqQryOrder": Queries._orders,
    "ReqQryTrade": Queries._trades,
    "ReqQryInstrumentMarginRate": Queries._margins,
    "ReqQryInstrumentCommissionRate": Queries._fees,
    "ReqQryInstrumentOrderCommRate": Queries._order_fees,
    "ReqQryBrokerTradingParams": Queries._params,
    "ReqQryMaxOrderVolume": Queries._most,
    "ReqQrySettlementInfoConfirm": Queries._confirmation,
    "ReqQrySettlementInfo": Queries._statement,
}


def _owner(line: Line) -> dict[str, Any]:
    assert line.client is not None
    return {"BrokerID": line.client.broker, "InvestorID": AccountId(line.account)}


def _fits(row: Fields, fields: Fields, *names: str) -> bool:
    """Whether a row is among those asked for; an empty field asks for all."""
    return all(not fields[name] or fields[name] == row[name] for name in names)


def _between(time: str, fields: Fields, name: str) -> bool:
    first, last = fields[f"{name}Start"], fields[f"{name}End"]
    return (not first or time >= first) and (not last or time <= last)
