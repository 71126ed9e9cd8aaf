"""Events of the reconciliation: a person's word on it, and what was made of it."""

from homalos.model.enums import Direction
from homalos.model.event import Event
from homalos.model.ids import AccountId, InstrumentId, StrategyId
from homalos.model.trading import Account, Position, Trade


class Reconcile(Event, frozen=True):
    """Command: compare books and venue now."""

    who: str
    ts_init: int


class AcceptVenue(Event, frozen=True):
    """Command: take the venue's word for exactly these differences, in which two of its answers
    agreed. Others than these are not touched by it."""

    differences: tuple[str, ...]
    who: str
    ts_init: int


class PositionAdjusted(Event, frozen=True):
    """The books took the venue's lots of one contract and direction for which nothing else
    accounts. No trade, no profit, no fee; priced as the venue prices them. ``cause``: ``venue``, or
    ``expired``: the contract is no more, its lots went at the last settlement."""

    account: AccountId
    instrument: InstrumentId
    direction: Direction
    books_today: int
    books_yesterday: int
    today_lots: int
    yesterday_lots: int
    average_price: float
    cost_price: float
    cause: str
    who: str
    ts_init: int


class AssignLoss(Event, frozen=True):
    """Command: of lots that strategies claim and the account has no more, so many were this
    strategy's."""

    instrument: InstrumentId
    direction: Direction
    strategy: StrategyId
    lots: int
    who: str
    ts_init: int


class LossAssigned(Event, frozen=True):
    """Done: the lots left the strategy's book, at ``price``."""

    instrument: InstrumentId
    direction: Direction
    strategy: StrategyId
    lots: int
    price: float
    who: str
    ts_init: int


class VenueTaken(Event, frozen=True):
    """Outcome: the books took the venue's account and positions for the truth; ``trades`` are those
    of the day."""

    trading_day: int
    account: Account
    positions: tuple[Position, ...]
    trades: tuple[Trade, ...]


class DayMarks(Event, frozen=True):
    """Outcome: the prices at which the books roll to ``trading_day``, by contract."""

    trading_day: int
    marks: tuple[tuple[InstrumentId, float], ...]
