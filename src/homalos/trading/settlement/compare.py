"""A statement against the books' own closing of the day: by trade, fee, position and equity. Pure.

The equity of both is taken at the statement's settlement prices, so that a mark of ours that stood
for a settlement which was not known yet is no difference. Margin is shown and not compared: ours is
an upper bound before a trade.
"""

from collections.abc import Iterable
from typing import NamedTuple

from homalos.model.enums import Direction
from homalos.model.ids import UNATTRIBUTED, InstrumentId, TradeId
from homalos.model.settlement import (
    AGREED,
    BY_TRADE,
    DIFFERS,
    MTM,
    PARTLY,
    Correction,
    DayClosed,
    Difference,
    Statement,
    StatementPosition,
)
from homalos.model.trading import Position, Trade
from homalos.trading.settlement.matching import Contracts, Matched, Pair, match
from homalos.trading.settlement.words import is_future

CENT = 0.005
"""Half a cent: what rounding to cents may be off."""
Lots = dict[tuple[InstrumentId, Direction], int]
Figures = tuple[tuple[str, float | None, float | None], ...]
_NONE = InstrumentId("")

_NAMES = {
    "opening": "opening balance / 期初结存", "deposit": "deposits less withdrawals / 出入金",
    "closed_profit": "realised profit / 平仓盈亏",
    "position_profit": "position profit at the settlement / 持仓盯市盈亏",
    "fees": "fees / 手续费", "equity": "equity / 期末权益", "margin": "margin / 保证金占用",
}  # fmt: skip


class Comparison(NamedTuple):
    result: str
    figures: Figures
    differences: tuple[Difference, ...]
    corrections: tuple[Correction, ...]
    notes: tuple[str, ...]


def compare(day: DayClosed, statement: Statement) -> Comparison:
    """What differs, and what of it is money."""
    return _Comparing(day, statement).all()


class _Comparing:
    def __init__(self, day: DayClosed, statement: Statement) -> None:
        self._day = day
        self._statement = statement
        traded = (trade.instrument for trade in (*day.trades, *day.seen))
        held = (position.instrument for position in day.positions)
        self._contracts = Contracts((*traded, *held))
        self._differences: list[Difference] = []
        self._corrections: list[Correction] = []
        self._notes = [f"line / 行 {row.line}: {row.text}" for row in statement.unread]
        self._rounding = 0.0
        """What fees of trades that agree are off by their rounding."""

    def all(self) -> Comparison:
        theirs = self._statement
        self._skipped()
        if theirs.trades_whole:
            self._trades()
        else:
            self._notes.append("trades not compared: not all could be read / 成交未比较")
        if theirs.positions_whole:
            self._positions()
        else:
            self._notes.append("positions not compared: not all could be read / 持仓未比较")
        figures = self._money()
        result = PARTLY if self._notes else AGREED
        return Comparison(
            DIFFERS if self._differences else result, figures, tuple(self._differences),
            tuple(self._corrections), tuple(self._notes),
        )  # fmt: skip

    def _differs(
        self, what: str, where: str, ours: float | None, theirs: float | None, text: str
    ) -> None:
        self._differences.append(Difference(what, where, ours, theirs, text))

    def _skipped(self) -> None:
        theirs = self._statement
        options = {row.symbol for row in theirs.trades if not is_future(row.symbol)}
        options |= {row.symbol for row in theirs.positions if not is_future(row.symbol)}
        hedge = {row.symbol for row in theirs.positions if not row.speculative}
        for names, what in ((options, "options and combinations / 期权与组合"),
                            (hedge, "hedge and arbitrage lots / 套保与套利")):  # fmt: skip
            if names:
                self._notes.append(f"not in the books, not compared: {what}: {_list(names)}")

    # ------------------------------------------------------------ trades

    def _trades(self) -> None:
        theirs = [row for row in self._statement.trades if is_future(row.symbol)]
        matched = match((*self._day.trades, *self._day.seen), theirs, self._contracts)
        self._missing(matched)
        seen = {id(trade) for trade in self._day.seen}
        for pair in matched.pairs:
            if not any(id(trade) in seen for trade in pair.ours):
                self._fee(pair)

    def _missing(self, matched: Matched) -> None:
        for trade in matched.only_ours:
            self._differs(
                "trade", _place(trade), trade.lots, None,
                f"{_told(trade)}: in the books, not on the statement / 账本有而结算单无",
            )  # fmt: skip
        for row in matched.only_theirs:
            id_ = self._contracts.identify(row.exchange, row.symbol)
            self._differs(
                "trade", f"{id_} {row.number}".strip(), None, row.lots,
                f"trade {row.number} {id_} {row.side.value} {row.lots} @ {row.price:g}: on the "
                "statement, not in the books / 结算单有而账本无",
            )  # fmt: skip

    def _fee(self, pair: Pair) -> None:
        fees = [row.fee for row in pair.theirs]
        theirs = sum(fee for fee in fees if fee is not None)
        if None in fees:
            self._notes.append(f"fee of {_told(pair.ours[0])}: not told / 手续费未列示")
            return
        ours = sum(trade.fee for trade in pair.ours)
        if abs(ours - theirs) <= CENT * len(pair.ours) + 1e-9:
            self._rounding += abs(ours - theirs)
            return
        first = pair.ours[0]
        self._differs(
            "fee", _place(first), round(ours, 4), round(theirs, 4),
            f"fee of {_told(first)}{_more(pair)}: books {ours:.2f}, statement {theirs:.2f} / "
            "手续费不一致",
        )  # fmt: skip
        for trade in pair.ours:  # put together on the statement: each its share of the lots
            share = theirs * trade.lots / sum(t.lots for t in pair.ours)
            self._corrections.append(
                Correction(
                    "fee", trade.strategy, trade.instrument, trade.id, trade.side.value,
                    round(trade.fee, 4), round(share, 4), round(trade.fee - share, 4),
                )
            )  # fmt: skip

    # ------------------------------------------------------------ positions

    def _positions(self) -> None:
        ours = {(p.instrument, p.direction): p.lots for p in self._day.positions}
        theirs = self._lots()
        for key in sorted(ours.keys() | theirs.keys()):
            here, there = ours.get(key, 0), theirs.get(key, 0)
            if here != there:
                name = f"{key[0]} {key[1].value}"
                self._differs(
                    "position", name, here, there,
                    f"{name}: books {here} lots, statement {there} / 持仓手数不一致",
                )  # fmt: skip
        known = dict(self._day.settlements)
        for id_, price in sorted(self._prices().items()):
            told = known.get(id_)
            if told is not None and abs(told - price) > 1e-6:
                self._differs(
                    "settlement", id_, told, price,
                    f"settlement of {id_}: market data {told:g}, statement {price:g} / "
                    "结算价不一致",
                )  # fmt: skip

    def _rows(self) -> Iterable[tuple[InstrumentId, StatementPosition]]:
        for row in self._statement.positions:
            if row.speculative and is_future(row.symbol):
                yield self._contracts.identify(row.exchange, row.symbol), row

    def _lots(self) -> Lots:
        found: Lots = {}
        for id_, row in self._rows():
            found[id_, row.direction] = found.get((id_, row.direction), 0) + row.lots
        return found

    def _prices(self) -> dict[InstrumentId, float]:
        """Settlement prices that the statement tells."""
        rows = self._rows()
        return {id_: row.settlement for id_, row in rows if row.settlement is not None}

    # ------------------------------------------------------------ money

    def _money(self) -> Figures:
        account, funds = self._day.account, self._statement.funds
        layout = self._statement.layout
        by_date, known = layout == MTM, layout in (MTM, BY_TRADE)
        realised = account.closed_profit if by_date else account.closed_profit_by_trade
        if not known:
            self._notes.append("neither 盯市 nor 逐笔: profits not compared / 格式未知，盈亏未比较")
        profit = self._profit()
        static = account.pre_balance + account.deposit - account.withdraw
        equity = None
        if profit is not None:
            equity = round(static + account.closed_profit + profit - account.fees, 4)
        there = funds.balance if by_date else funds.equity
        wanted = (
            ("opening", account.pre_balance, funds.opening if by_date else None),
            ("deposit", account.deposit - account.withdraw, funds.deposit),
            ("closed_profit", realised, funds.closed_profit if known else None),
            ("position_profit", profit if by_date else None, funds.position_profit),
            ("fees", account.fees, funds.fees),
            ("equity", equity, there if known else None),
        )  # fmt: skip
        for what, ours, theirs in wanted:
            if ours is not None and theirs is not None:
                self._amount(what, ours, theirs)
            elif by_date or what in ("fees", "equity"):
                self._notes.append(f"not compared: {_NAMES[what]}")
        self._others()
        if by_date and equity is not None and there is not None:
            self._correct({row[0]: row[1:] for row in wanted}, there - equity)
        return (*wanted, ("margin", account.margin, funds.margin))

    def _profit(self) -> float | None:
        """Of what the books hold, at the statement's settlement prices; ``None``: it lacks one."""
        prices, total = self._prices(), 0.0
        known = dict(self._day.settlements)
        for position, multiplier in zip(self._day.positions, self._day.multipliers, strict=True):
            price = prices.get(position.instrument, known.get(position.instrument))
            if price is None:
                return None
            total += _profit(position, price, multiplier)
        return round(total, 4)

    def _amount(self, what: str, ours: float, theirs: float) -> None:
        apart = CENT + self._rounding if what in ("fees", "equity") else CENT
        if abs(ours - theirs) > apart + 1e-9:
            name = _NAMES[what]
            text = f"{name}: books {ours:.2f}, statement {theirs:.2f} / 账本与结算单不一致"
            self._differs(what, "", round(ours, 4), round(theirs, 4), text)

    def _others(self) -> None:
        for name, amount in self._statement.funds.others:
            text = f"{name}: {amount:.2f} on the statement, nothing in the books / 账本无此项"
            self._differs("other", name, None, amount, text)

    # ------------------------------------------------------------ corrections

    def _correct(self, money: dict[str, tuple[float | None, float | None]], equity: float) -> None:
        """The rest of what the equity differs by, item by item: nobody's."""
        by_trade = sum(row.amount for row in self._corrections)
        for what, sign in (("opening", 1), ("deposit", 1), ("closed_profit", 1),
                           ("position_profit", 1), ("fees", -1)):  # fmt: skip
            ours, theirs = money[what]
            if ours is None or theirs is None:
                continue
            amount = sign * (theirs - ours)
            equity -= amount
            if what == "fees":
                amount, by_trade = amount - by_trade, 0.0
            self._nobodys(what, ours, theirs, amount)
        for name, amount in self._statement.funds.others:
            equity -= amount
            self._nobodys(name, 0.0, amount, amount)
        equity -= by_trade
        self._nobodys("rest", 0.0, equity, equity)
        if abs(equity) > CENT + self._rounding:
            text = "the statement's own items do not make its balance / 各项之和与期末结存不符"
            self._differs("rest", "", None, round(equity, 2), f"{equity:.2f}: {text}")

    def _nobodys(self, what: str, ours: float, theirs: float, amount: float) -> None:
        apart = CENT + self._rounding if what in ("fees", "rest") else CENT
        if abs(amount) > apart + 1e-9:
            self._corrections.append(
                Correction(
                    what, UNATTRIBUTED, _NONE, TradeId(""), "", round(ours, 4), round(theirs, 4),
                    round(amount, 4),
                )
            )  # fmt: skip


def _profit(position: Position, price: float, multiplier: float) -> float:
    sign = 1 if position.direction is Direction.LONG else -1
    return sign * (price - position.cost_price) * position.lots * multiplier


def _place(trade: Trade) -> str:
    return f"{trade.instrument} {trade.id.strip()}"


def _told(trade: Trade) -> str:
    side = f"{trade.side.value} {trade.lots} @ {trade.price:g}"
    return f"trade {trade.id.strip()} {trade.instrument} {side} ({trade.strategy})"


def _more(pair: Pair) -> str:
    return f" and {len(pair.ours) - 1} more" if len(pair.ours) > 1 else ""


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names)[:10]) + (" …" if len(names) > 10 else "")
