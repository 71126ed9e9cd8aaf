"""A settlement statement's text, read line by line. Pure; nothing is guessed, and nothing raises.

Columns are found by the words of their header, items by their names; what cannot be read is told
with its line and stays unknown. The writer of our simulated front shares no line with this.
"""

import re
from collections.abc import Callable

from homalos.model.enums import Direction, Side
from homalos.model.settlement import (
    BY_TRADE,
    MTM,
    UNKNOWN,
    Statement,
    StatementFunds,
    StatementPosition,
    StatementTrade,
    Unread,
)
from homalos.model.times import to_date
from homalos.trading.settlement import words
from homalos.trading.settlement.words import DETAIL, FUNDS, OTHER, POSITIONS, TRADES

UNREAD_MAX = 50
HEADER_WORDS = 2
"""So many cells that are names of columns make a header."""
ZERO = 0.005
_TITLE = re.compile(r"^(?:交易)?(?:结算单|核算单)|(?:结算单|核算单)\(|settlementstatement")
TITLE_MAX = 80
"""Characters: notes at the foot speak of the statement, too."""
_CLIENT = re.compile(r"(?:客户号|Client ID)[^:]{0,20}:\s*([0-9A-Za-z]+)")
_DATE = r"[0-9]{4}[-/.]?[0-9]{2}[-/.]?[0-9]{2}"
_DAY = re.compile(
    rf"(?:(?<!制表)日期(?:\s*Date)?|^\s*Date)\s*:\s*({_DATE})(?:\s*(?:-|至|to)\s*({_DATE}))?"
)
_RULE = re.compile(r"[-=_+*|\s]+")
_TOTAL = re.compile(r"共([0-9]{1,9})条")
_TOTALS = ("合计", "小计", "本页", "total")
_CURRENCY = re.compile(r"(?:Currency|币种)\s*:\s*([A-Za-z]{3})")


class CellError(ValueError):
    """A cell that cannot be read; the text names its column."""


def parse(text: str) -> Statement:
    """The whole of it; never raises."""
    parser = Parser()
    for line in text.split("\n"):
        parser.feed(line)
    return parser.finish()


class Parser:
    """Fed line by line, so that a long statement need not be read at one go."""

    def __init__(self) -> None:
        self._number = 0
        self._account = ""
        self._day = 0
        self._layout = UNKNOWN
        self._section = ""
        self._before = ""
        """The table that a line of text has ended: on the next page it may go on."""
        self._tables: dict[str, _Table] = {}
        self._funds: dict[str, float] = {}
        self._others: dict[str, float] = {}
        self._trades: list[StatementTrade] = []
        self._positions: list[StatementPosition] = []
        self._detail: list[StatementPosition] = []
        self._unread: list[Unread] = []
        self._left = 0
        self._several_days = False
        self._orphan = False
        """Rows of a table that nobody knows were told."""

    def feed(self, raw: str) -> None:
        """One line, without its end."""
        self._number += 1
        line = words.plain(raw)
        if not line.strip() or _RULE.fullmatch(line):
            return
        if "|" in line:
            self._row(line)
        elif "---" in line or self._title(line):
            return  # legends
        elif self._section == FUNDS:
            self._items(line)
        else:
            self._leave()
            self._head(line)

    def finish(self) -> Statement:
        """What was read."""
        if self._left:
            self._unread.append(Unread(0, f"and {self._left} more"))
        funds = StatementFunds(**self._funds, others=tuple(sorted(self._others.items())))
        positions = self._positions if self._is_there(POSITIONS) else _summed(self._detail)
        return Statement(
            self._account, 0 if self._several_days else self._day, self._layout, funds,
            tuple(self._trades), tuple(positions), self._trades_whole(funds),
            self._positions_whole(funds), tuple(self._unread),
        )  # fmt: skip

    # ------------------------------------------------------------ what is told

    def _tell(self, text: str) -> None:
        if len(self._unread) < UNREAD_MAX:
            self._unread.append(Unread(self._number, text))
        else:
            self._left += 1

    # ------------------------------------------------------------ head, titles

    def _title(self, line: str) -> bool:
        """Whether the line names the statement or begins a section."""
        word = words.squeezed(line)
        if len(word) <= TITLE_MAX and _TITLE.search(word):
            self._leave()
            self._named(word)
            self._head(line)
            return True
        for title, section in words.SECTIONS:
            if word.startswith(title) and (section == FUNDS or ":" not in word):
                self._enter(section, line)
                return True
        return False

    def _enter(self, section: str, line: str) -> None:
        currency = _CURRENCY.search(line)
        if section == FUNDS and currency is not None and currency[1].upper() not in ("CNY", "RMB"):
            self._tell(f"funds in {currency[1]} are not read / 外币资金未读取")
            section = OTHER
        self._section = section
        if section != FUNDS:
            self._tables.setdefault(section, _Table()).begin()

    def _leave(self) -> None:
        """Text that is no row: whatever table follows, it is another one, unless its header says
        that it is the same."""
        if self._section in self._tables:
            self._before = self._section
        self._section = ""

    def _named(self, word: str) -> None:
        layout = UNKNOWN
        if "逐笔" in word or "tradebytrade" in word:
            layout = BY_TRADE
        elif "盯市" in word or "mtm" in word:
            layout = MTM
        if self._layout == UNKNOWN:
            self._layout = layout
        elif layout not in (UNKNOWN, self._layout):
            self._tell(f"a second layout, {layout}, in one statement / 同一结算单含两种格式")

    def _head(self, line: str) -> None:
        """Client and day, on every page."""
        client, day = _CLIENT.search(line), _DAY.search(line)
        if client is not None:
            self._account = self._account or client[1]
        if day is not None:
            first, last = _date(day[1]), _date(day[2] or day[1])
            if first != last:
                self._several_days = True
                self._tell("it covers several days: not a daily statement / 非单日结算单")
            elif not first or self._day not in (0, first):
                self._tell(f"{day[1]} is no day, or another one than before / 日期无效或不一致")
            else:
                self._day = first

    # ------------------------------------------------------------ items of the account

    def _items(self, line: str) -> None:
        """``name: amount  name: amount``."""
        parts = re.split(r":+", line)
        name = parts[0]
        for part in parts[1:]:
            value, _, rest = part.strip().partition(" ")
            amount = words.number(value.removesuffix("%"))
            self._item(words.label(name), amount, value)
            name = rest if amount is not None or "%" in value else part

    def _item(self, name: str, amount: float | None, value: str) -> None:
        field, other = words.ITEMS.get(name), words.OTHERS.get(name)
        if field is None and other is None:
            if amount and name not in words.IDLE:
                self._tell(f"{name} {value}: an item that is not known / 未知项目")
        elif amount is None:
            self._tell(f"{name}: no amount in {value[:40]!r} / 金额无法读取")
        elif other is not None:
            if abs(amount) >= ZERO:
                self._put(self._others, other[0], other[1] * amount)
        elif field is not None:
            self._put(self._funds, field, round(amount / 100, 6) if "%" in value else amount)

    def _put(self, table: dict[str, float], name: str, amount: float) -> None:
        if table.setdefault(name, amount) != amount:
            self._tell(f"{name} stands there twice, {table[name]} and {amount} / 项目重复且不一致")

    # ------------------------------------------------------------ tables

    def _row(self, line: str) -> None:
        cells = [cell.strip() for cell in line.strip().split("|")]
        cells = cells[1:] if not cells[0] else cells
        cells = cells[:-1] if cells and not cells[-1] and line.endswith("|") else cells
        if not self._section and self._goes_on(cells):
            self._section = self._before
        table = self._tables.get(self._section)
        if table is None:
            if not self._orphan:
                self._orphan = True
                self._tell("rows of a table that is not known are not read / 未知表格")
            return
        if self._section == OTHER or not cells:
            return
        if table.is_header(self._section, cells):
            return
        total = _total(cells)
        if total is None:
            self._data(table, cells)
        elif total >= 0 and total != table.rows:
            self._tell(f"the total says {total} rows, {table.rows} were there / 条数与合计不符")
            table.whole = False

    def _goes_on(self, cells: list[str]) -> bool:
        before = self._tables.get(self._before)
        return before is not None and cells == before.header

    def _data(self, table: "_Table", cells: list[str]) -> None:
        table.rows += 1
        try:
            _READ[self._section](self, table.values(self._section, cells))
        except CellError as error:
            table.whole = False
            self._tell(str(error))

    def _trade(self, row: dict[str, str]) -> None:
        self._trades.append(
            StatementTrade(
                number=row.get("number", ""),
                exchange=words.EXCHANGES.get(words.squeezed(row.get("exchange", "")), ""),
                symbol=_symbol(row),
                side=_side(row),
                opens=words.opens(row.get("offset", "")),
                price=_number(row, "price"),
                lots=_lots(row, "lots"),
                fee=_maybe(row, "fee"),
                closed_profit=_maybe(row, "closed_profit"),
                line=self._number,
            )
        )

    def _summary(self, row: dict[str, str]) -> None:
        """Both directions in one row, or a direction a row."""
        if "long" not in row and "short" not in row:
            direction = Direction.LONG if _side(row) is Side.BUY else Direction.SHORT
            self._add(self._positions, row, direction, "lots", "price")
            return
        for direction in Direction:
            if direction.value in row:
                name = direction.value
                self._add(self._positions, row, direction, name, f"{name}_price")

    def _detailed(self, row: dict[str, str]) -> None:
        direction = Direction.LONG if _side(row) is Side.BUY else Direction.SHORT
        self._add(self._detail, row, direction, "lots", "price")

    def _add(
        self, rows: list[StatementPosition], row: dict[str, str], direction: Direction,
        lots: str, price: str,
    ) -> None:  # fmt: skip
        count = _lots(row, lots) if row[lots].strip("- ") else 0
        if not count:
            return
        exchange = words.EXCHANGES.get(words.squeezed(row.get("exchange", "")), "")
        rows.append(
            StatementPosition(
                exchange, _symbol(row), direction, count, _maybe(row, price),
                _maybe(row, "settlement"), words.speculative(row.get("hedge", "")), self._number,
            )
        )  # fmt: skip

    # ------------------------------------------------------------ is it all?

    def _is_there(self, section: str) -> bool:
        return section in self._tables and self._tables[section].is_known(section)

    def _trades_whole(self, funds: StatementFunds) -> bool:
        """A section without rows is left out: then nothing was paid and nothing realised."""
        if TRADES in self._tables:
            return self._is_there(TRADES) and self._tables[TRADES].whole
        return funds.fees is not None and abs(funds.fees) < ZERO and not funds.closed_profit

    def _positions_whole(self, funds: StatementFunds) -> bool:
        for section in (POSITIONS, DETAIL):
            if self._is_there(section):
                return self._tables[section].whole
        known = POSITIONS in self._tables or DETAIL in self._tables
        return not known and funds.margin is not None and abs(funds.margin) < ZERO


_READ: dict[str, Callable[[Parser, dict[str, str]], None]] = {
    TRADES: Parser._trade,
    POSITIONS: Parser._summary,
    DETAIL: Parser._detailed,
}


class _Table:
    """The header of a section, and how many rows came under it; it may go over several pages."""

    def __init__(self) -> None:
        self.columns: dict[str, int] = {}
        self.header: list[str] = []
        """Its first line."""
        self.rows = 0
        self.whole = True
        self._open = True

    def begin(self) -> None:
        """The section's title: a header comes."""
        self._open = True

    def is_header(self, section: str, cells: list[str]) -> bool:
        """Whether the row is one (they come in two lines, Chinese and English)."""
        fields = [words.FIELD[section].get(words.squeezed(cell)) for cell in cells]
        if sum(field is not None for field in fields) < HEADER_WORDS:
            return False
        if self._open or len(self.header) != len(cells):
            self.columns, self.header, self._open = {}, cells, False
        for place, field in enumerate(fields):
            if field is not None:
                self.columns.setdefault(field, place)
        return True

    def is_known(self, section: str) -> bool:
        """Whether every column that must be there is."""
        wanted = set(words.NEEDED[section])
        if section == POSITIONS and not self.columns.keys() & {"long", "short"}:
            wanted |= {"side", "lots"}
        return wanted <= self.columns.keys()

    def values(self, section: str, cells: list[str]) -> dict[str, str]:
        """By field. ``CellError``."""
        if not self.is_known(section):
            missing = ", ".join(sorted(set(words.NEEDED[section]) - self.columns.keys()))
            raise CellError(f"no header names its columns ({missing or 'lots'}) / 表头缺列")
        self._open = True  # what is a header after a row begins anew
        if len(cells) != len(self.header):
            text = f"{len(cells)} columns, the header has {len(self.header)} / 列数与表头不符"
            raise CellError(text)
        return {field: cells[place] for field, place in self.columns.items()}


# ---------------------------------------------------------------- cells


def _date(text: str) -> int:
    """``yyyymmdd``; 0: no day."""
    digits = "".join(char for char in text if char.isdigit())
    try:
        to_date(int(digits))
    except ValueError:
        return 0
    return int(digits)


def _total(cells: list[str]) -> int | None:
    """Rows that a line of totals tells, -1 where it tells none; ``None``: no such line."""
    first = words.squeezed(next((cell for cell in cells if cell), ""))
    found = _TOTAL.match(first)
    if found is not None:
        return int(found[1])
    return -1 if first.startswith(_TOTALS) else None


def _symbol(row: dict[str, str]) -> str:
    found = words.symbol(row["symbol"], row.get("product", ""))
    if found is None:
        raise CellError(f"no contract in {row['symbol'][:40]!r} / 合约无法识别")
    return found


def _side(row: dict[str, str]) -> Side:
    found = words.side(row["side"])
    if found is None:
        raise CellError(f"neither buy nor sell: {row['side'][:40]!r} / 买卖方向无法识别")
    return found


def _number(row: dict[str, str], field: str) -> float:
    found = words.number(row[field])
    if found is None:
        raise CellError(f"{field}: no number in {row[field][:40]!r} / 数值无法读取")
    return found


def _maybe(row: dict[str, str], field: str) -> float | None:
    """``None`` where the column is not there or empty."""
    text = row.get(field, "")
    return _number(row, field) if text.strip("- ") else None


def _lots(row: dict[str, str], field: str) -> int:
    found = _number(row, field)
    if found != int(found) or found < 0:
        raise CellError(f"{field}: no lots: {row[field][:40]!r} / 手数无效")
    return int(found)


def _summed(rows: list[StatementPosition]) -> list[StatementPosition]:
    """The detail's lots by contract and direction."""
    found: dict[tuple[str, str, Direction, bool], StatementPosition] = {}
    for row in rows:
        key = row.exchange, row.symbol, row.direction, row.speculative
        first = found.get(key)
        if first is None:
            found[key] = row
            continue
        prices = first.average_price, row.average_price
        average = None
        if prices[0] is not None and prices[1] is not None:
            lots = first.lots + row.lots
            average = (prices[0] * first.lots + prices[1] * row.lots) / lots
        found[key] = StatementPosition(
            *key[:3], first.lots + row.lots, average, first.settlement or row.settlement,
            row.speculative, first.line,
        )  # fmt: skip
    return list(found.values())
