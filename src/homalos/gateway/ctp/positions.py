"""Rows of positions and of the account into the core's values (FACTS A10, A12).

Futures held as speculation become ``Position``. Everything else is opaque: options, combinations
(their legs are rows and trades of their own, so the combination's is never taken apart), hedge and
arbitrage lots, contracts that the venue does not list. Opaque rows are shown, their margin stays in
the account's, and what their trades did to the money counts as money that came or went: the books,
which do not book those trades, then still add up.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from homalos.gateway.ctp import convert
from homalos.gateway.ctp.convert import Contracts, amount
from homalos.gateway.protocol import OpaquePosition
from homalos.market.normalise import price
from homalos.model.enums import Direction
from homalos.model.ids import AccountId, InstrumentId
from homalos.model.market import Instrument
from homalos.model.trading import Account, Position

DIRECTIONS = {"2": Direction.LONG, "3": Direction.SHORT}
NET, HISTORY = "1", "2"
_OPTION = re.compile(r"[A-Za-z]+\d{3,4}-?[CP]-?\d+")
_MONEY = ("CloseProfit", "PositionProfit", "Commission")
_HALF_CENT = 0.005

Row = Mapping[str, Any]


class Holdings(NamedTuple):
    """A whole answer of ``ReqQryInvestorPosition``."""

    positions: tuple[Position, ...]
    opaque: tuple[OpaquePosition, ...]
    effects: "Effects"
    realised: "Realised | None" = None
    """In futures that the books know, rows without lots among them; ``None``: not told."""


class Realised(NamedTuple):
    """What closes have earned today, before fees, yuan."""

    by_date: float
    by_trade: float


class Effects(NamedTuple):
    """What opaque rows did to the account today, in yuan, premiums (CashIn) apart."""

    closed_profit: float = 0.0
    position_profit: float = 0.0
    fees: float = 0.0


def holdings(rows: Iterable[Row], contracts: Contracts, account: AccountId) -> Holdings:
    """All rows of one answer: one ``Position`` for each contract and direction that has lots."""
    known: dict[tuple[InstrumentId, Direction], tuple[Instrument, list[Row]]] = {}
    opaque: list[Row] = []
    for row in rows:
        item = contracts.wire(str(row["ExchangeID"]), str(row["InstrumentID"]))
        direction = DIRECTIONS.get(row["PosiDirection"])
        hedge = row["HedgeFlag"]
        if item is None or direction is None or hedge != convert.SPECULATION:
            opaque.append(row)
        else:
            known.setdefault((item.id, direction), (item, []))[1].append(row)
    return Holdings(
        tuple(
            _position(account, item, direction, group)
            for (_, direction), (item, group) in sorted(known.items())
            if any(row["Position"] for row in group)
        ),
        tuple(_opaque(row, contracts, account) for row in opaque if row["Position"]),
        _effects(row for row in opaque if _kind_of(row, contracts) != "combination"),
        _realised([row for _, group in known.values() for row in group]),
    )


def _position(
    account: AccountId, item: Instrument, direction: Direction, rows: list[Row]
) -> Position:
    """SHFE and INE: a row of today's lots and one of older ones; elsewhere one row of both."""
    lots = sum(row["Position"] for row in rows)
    today = min(lots, sum(row["TodayPosition"] for row in rows))
    frozen_name = "ShortFrozen" if direction is Direction.LONG else "LongFrozen"
    frozen = sum(row[frozen_name] for row in rows)
    if item.splits_today:
        frozen_old = sum(row[frozen_name] for row in rows if row["PositionDate"] == HISTORY)
    else:
        frozen_old = min(frozen, lots - today)  # the oldest go first
    units = lots * item.multiplier
    realised, floating = _realised(rows), _sum(rows, "PositionProfit")
    opened, cost = _sum(rows, "OpenCost"), _sum(rows, "PositionCost")
    earlier = cost - opened if direction is Direction.LONG else opened - cost
    return Position(
        account=account,
        instrument=item.id,
        direction=direction,
        today_lots=today,
        yesterday_lots=lots - today,
        frozen_today=frozen - frozen_old,
        frozen_yesterday=frozen_old,
        average_price=round(opened / units, 8),
        cost_price=round(cost / units, 8),
        margin=_sum(rows, "UseMargin"),
        position_profit=floating,
        last_price=price(rows[0]["SettlementPrice"]),  # follows the last price through the day
        position_profit_by_trade=round(floating + earlier, 6),
        closed_profit=None if realised is None else realised.by_date,
        closed_profit_by_trade=None if realised is None else realised.by_trade,
    )


def _realised(rows: list[Row]) -> Realised | None:
    """``None``: a front that fills ``CloseProfit`` alone says nothing of profit by trade."""
    by_date = _sum(rows, "CloseProfitByDate")
    if abs(by_date - _sum(rows, "CloseProfit")) >= _HALF_CENT:
        return None
    return Realised(by_date, _sum(rows, "CloseProfitByTrade"))


def _opaque(row: Row, contracts: Contracts, account: AccountId) -> OpaquePosition:
    code = row["PosiDirection"]
    direction = DIRECTIONS.get(code)
    symbol, exchange = str(row["InstrumentID"]), str(row["ExchangeID"])
    return OpaquePosition(
        account=account,
        exchange=exchange,
        symbol=symbol,
        direction="net" if code == NET else str(code) if direction is None else direction.value,
        hedge=str(row["HedgeFlag"]),
        kind=_kind_of(row, contracts),
        lots=row["Position"],
        today_lots=row["TodayPosition"],
        margin=amount(row, "UseMargin"),
    )


def _kind_of(row: Row, contracts: Contracts) -> str:
    """By the venue's class of product, or, where it does not list the symbol, by how it is
    spelled."""
    symbol = str(row["InstrumentID"])
    product_class = contracts.product_class(str(row["ExchangeID"]), symbol)
    if product_class in convert.OPTIONS or _OPTION.fullmatch(symbol):
        return "option"
    if product_class == convert.COMBINATION or "&" in symbol:
        return "combination"
    if product_class == convert.FUTURES and row["HedgeFlag"] != convert.SPECULATION:
        return "hedge"
    return "unknown"


def _effects(rows: Iterable[Row]) -> Effects:
    kept = list(rows)
    return Effects(*(_sum(kept, name) for name in _MONEY))


def _sum(rows: Iterable[Row], name: str) -> float:
    return round(sum(amount(row, name) for row in rows), 6)


def money(
    row: Row, id_: AccountId, trading_day: int, effects: Effects, now: int,
    held: Holdings | None = None,
) -> Account:  # fmt: skip
    """``OnRspQryTradingAccount``. ``balance``, ``available``, margin and what is frozen are the
    venue's own. Equity at the day's beginning is static equity without today's deposits; what
    opaque positions earned, paid and were charged is among deposits and withdrawals, so that
    ``balance`` is the sum that ``Account`` says it is. Profits by trade are those of the rows of
    positions (``held``), where they make up the account's profits by date: a row of a position that
    is flat again may be missing."""
    closed = amount(row, "CloseProfit") - effects.closed_profit
    floating = amount(row, "PositionProfit") - effects.position_profit
    fees = amount(row, "Commission") - effects.fees
    balance = amount(row, "Balance")
    before = (
        amount(row, "PreBalance") - amount(row, "PreCredit") - amount(row, "PreMortgage")
        + amount(row, "Mortgage")
    )  # fmt: skip
    deposit, withdraw = amount(row, "Deposit"), amount(row, "Withdraw")
    beside = balance - (before + deposit - withdraw + closed + floating - fees)
    if abs(beside) >= _HALF_CENT:
        deposit, withdraw = deposit + max(0.0, beside), withdraw + max(0.0, -beside)
    return Account(
        id=id_,
        trading_day=trading_day,
        pre_balance=round(before, 4),
        deposit=round(deposit, 4),
        withdraw=round(withdraw, 4),
        closed_profit=round(closed, 4),
        position_profit=floating,
        fees=round(fees, 4),
        margin=amount(row, "CurrMargin"),
        frozen_margin=amount(row, "FrozenMargin"),
        frozen_fees=amount(row, "FrozenCommission") + amount(row, "FrozenCash"),
        balance=balance,
        available=amount(row, "Available"),
        ts_event=now,
        closed_profit_by_trade=_closed_by_trade(closed, held),
        position_profit_by_trade=_floating_by_trade(floating, held),
    )


def _closed_by_trade(closed: float, held: Holdings | None) -> float | None:
    found = None if held is None else held.realised
    if found is None or abs(found.by_date - closed) >= _HALF_CENT:
        return None
    return round(found.by_trade, 4)


def _floating_by_trade(floating: float, held: Holdings | None) -> float | None:
    rows = () if held is None else held.positions
    if held is None or abs(sum(row.position_profit for row in rows) - floating) >= _HALF_CENT:
        return None
    return round(sum(row.position_profit_by_trade for row in rows), 6)
