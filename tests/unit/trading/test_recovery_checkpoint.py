"""A start that reads the journal from its last checkpoint on, where the venue's word of that
morning stands before it: strategies' books are those of the checkpoint."""

from tests.unit.trading.desk import RB, START, Desk, M, instrument

from homalos.model.enums import Side
from homalos.model.event import Event
from homalos.model.events import InstrumentListed, TradingDayChanged
from homalos.model.ids import UNATTRIBUTED, StrategyId
from homalos.model.reconciling import VenueTaken
from homalos.trading import recovery

NEXT = 20260106
ALPHA, BETA = StrategyId("alpha"), StrategyId("beta")


def morning(desk: Desk) -> list[Event]:
    """What the journal's last segment has of the day: the roll, the venue's word, a checkpoint."""
    snapshot = desk.books.snapshot()
    return [
        *(InstrumentListed(instrument(id_), START) for id_ in (RB, M)),
        TradingDayChanged("test", NEXT, START),
        VenueTaken(NEXT, snapshot.account, snapshot.positions, ()),
        TradingDayChanged("test", NEXT, START),
        snapshot,
    ]


def traded() -> Desk:
    desk = Desk()
    desk.trade(Side.BUY, 3)
    desk.trade(Side.SELL, 1, 3505.0)
    desk.trade(Side.BUY, 2, 3500.0, M, strategy="beta")
    desk.books.roll(NEXT)
    return desk


def test_books_of_days_before_the_checkpoint_are_not_lost() -> None:
    desk, other = traded(), Desk(ready=False)
    recovery.fold(morning(desk), other.books, other.manager)
    for strategy, id_ in ((ALPHA, RB), (BETA, M)):
        ours, theirs = other.books.book(strategy, id_), desk.books.book(strategy, id_)
        assert ours.net_lots == theirs.net_lots != 0
        assert (ours.fees, ours.average_price) == (theirs.fees, theirs.average_price)
    assert other.books.book(UNATTRIBUTED, RB).net_lots == 0
    assert {p.instrument: p.lots for p in other.books.positions()} == {RB: 2, M: 2}
    assert [p.strategy for p in other.books.performances.records()] == [ALPHA, BETA]


def test_books_that_were_folded_whole_stay_as_exact_as_they_are() -> None:
    """A record rounds; the trades do not."""
    desk, other = traded(), Desk()
    other.trade(Side.BUY, 3)
    other.trade(Side.SELL, 1, 3505.0)
    other.trade(Side.BUY, 2, 3500.0, M, strategy="beta")
    before = other.books.strategies.state()
    recovery.fold(morning(desk), other.books, other.manager)
    assert other.books.strategies.state() == before
