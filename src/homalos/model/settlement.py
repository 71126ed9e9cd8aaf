"""The broker's settlement statement, the books' own closing of a day, and what came of comparing
them. Money in yuan; ``None``: the statement does not tell, or it could not be read."""

from homalos.model.enums import Direction, Side
from homalos.model.event import Event, Record
from homalos.model.ids import AccountId, InstrumentId, StrategyId, TradeId
from homalos.model.trading import Account, Position, Trade

MTM, BY_TRADE, UNKNOWN = "mtm", "by_trade", "unknown"
"""Layouts: 盯市, whose profits run from the last settlement; 逐笔, from the opening prices."""

AGREED, DIFFERS, PARTLY = "agreed", "differs", "partly"
"""Results: nothing differs; something does; nothing does, and not all could be compared."""
UNREAD, NO_BOOKS, NONE = "unread", "no_books", "none"
"""The statement cannot be read; the books know nothing of its day; none came."""


class Unread(Record, frozen=True):
    """What the parser could not read."""

    line: int
    """From 1; 0: of the whole."""
    text: str


class StatementTrade(Record, frozen=True):
    """A row of 成交记录."""

    number: str
    """成交序号; empty: the statement has none."""
    exchange: str
    """``SHFE`` …; empty: not told."""
    symbol: str
    """As the statement spells it."""
    side: Side
    opens: bool | None
    price: float
    lots: int
    fee: float | None
    closed_profit: float | None
    line: int


class StatementPosition(Record, frozen=True):
    """Lots of one contract and direction at the day's end."""

    exchange: str
    symbol: str
    direction: Direction
    lots: int
    average_price: float | None
    settlement: float | None
    speculative: bool
    """No hedge, no arbitrage lots: those are not in the books."""
    line: int


class StatementFunds(Record, frozen=True):
    """资金状况."""

    opening: float | None = None
    """期初结存."""
    deposit: float | None = None
    """出入金: paid in less taken out."""
    closed_profit: float | None = None
    """平仓盈亏."""
    position_profit: float | None = None
    """持仓盯市盈亏."""
    fees: float | None = None
    """手续费."""
    balance: float | None = None
    """期末结存."""
    equity: float | None = None
    """客户权益."""
    margin: float | None = None
    available: float | None = None
    risk_degree: float | None = None
    """A fraction."""
    margin_call: float | None = None
    """应追加资金."""
    others: tuple[tuple[str, float], ...] = ()
    """Further items that change the balance (options, delivery) and are not 0, with their sign."""


class Statement(Record, frozen=True):
    """A statement as far as it could be read."""

    account: str
    trading_day: int
    """0: not told."""
    layout: str
    funds: StatementFunds
    trades: tuple[StatementTrade, ...]
    positions: tuple[StatementPosition, ...]
    trades_whole: bool
    """Every trade of the day is in ``trades``."""
    positions_whole: bool
    unread: tuple[Unread, ...]


class StatementReceived(Event, frozen=True):
    """The gateway has fetched a statement; its text is in a file (UTF-8)."""

    account: AccountId
    trading_day: int
    """As the venue says; 0: it does not."""
    path: str
    digest: str
    """SHA-256 of the text, its first 16 digits."""
    ts_init: int


class StatementRead(Event, frozen=True):
    """The statement, parsed."""

    account: AccountId
    trading_day: int
    path: str
    digest: str
    statement: Statement
    ts_init: int


class DayClosed(Event, frozen=True):
    """Outcome: the books as they stood when their trading day was over, before they rolled."""

    account: Account
    positions: tuple[Position, ...]
    multipliers: tuple[float, ...]
    """Of the contract of each position."""
    settlements: tuple[tuple[InstrumentId, float], ...]
    """Settlement prices that the market data told."""
    trades: tuple[Trade, ...]
    """Of the day, as booked."""
    seen: tuple[Trade, ...]
    """Of the day, done before the books began: their fees are not known."""
    ts_init: int


class Difference(Record, frozen=True):
    """Where books and statement part. ``ours``, ``theirs``: lots, a price or yuan."""

    what: str
    """``trade`` ``fee`` ``position`` ``settlement`` ``opening`` ``deposit`` ``closed_profit``
    ``position_profit`` ``fees`` ``other`` ``rest`` ``equity``."""
    where: str
    """Contract, contract and trade, or the item's name; empty: the account."""
    ours: float | None
    theirs: float | None
    text: str
    """In words, English / 中文."""


class Correction(Record, frozen=True):
    """What a difference in money makes of the equity. All of one statement sum up to its balance
    less the books' equity at its settlement prices."""

    what: str
    strategy: StrategyId
    instrument: InstrumentId
    """Empty: the account's."""
    trade: TradeId
    side: str
    ours: float
    theirs: float
    amount: float
    """Added to the equity, yuan."""


class StatementCompared(Event, frozen=True):
    """Outcome: what came of a day's statement. ``figures``: (name, the books', the statement's)."""

    account: AccountId
    trading_day: int
    path: str
    digest: str
    """Empty: there is no statement."""
    result: str
    layout: str
    figures: tuple[tuple[str, float | None, float | None], ...]
    differences: tuple[Difference, ...]
    corrections: tuple[Correction, ...]
    notes: tuple[str, ...]
    """What could not be read or compared."""
    margin_call: float | None
    ts_init: int


class SettlementCorrected(Event, frozen=True):
    """A dated adjustment: the statement of ``trading_day`` says so. ``booked``: it changed the
    fees of the strategy's book; else the venue's opening figures of the next day carry it."""

    account: AccountId
    trading_day: int
    correction: Correction
    booked: bool
    ts_init: int
