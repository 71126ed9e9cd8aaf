"""The books of all strategies, of the trader and of nobody: who holds what, who may close whose."""

from collections.abc import Iterable, Mapping

from homalos.market import lot_rules
from homalos.market.lot_rules import CloseOrder
from homalos.model.enums import Offset, Side
from homalos.model.events import SubmitOrder
from homalos.model.ids import UNATTRIBUTED, InstrumentId, StrategyId
from homalos.model.trading import StrategyBook
from homalos.trading.contract import Contract
from homalos.trading.offsets import BookMode, Parts, reach, resolve
from homalos.trading.strategy_book import NetBook

_OPEN = Offset.OPEN


class StrategyBooks:
    """Part of ``Books``, the only one that books into them."""

    def __init__(self) -> None:
        self.books: dict[tuple[StrategyId, InstrumentId], NetBook] = {}
        self._in: dict[InstrumentId, list[NetBook]] = {}
        self._modes: dict[StrategyId, BookMode] = {}

    def set_mode(self, strategy: StrategyId, mode: BookMode) -> None:
        """``own`` for every book that nobody said anything of."""
        self._modes[strategy] = mode
        for book in self.books.values():
            if book.strategy == strategy:
                book.mode = mode

    def get(self, strategy: StrategyId, instrument: InstrumentId, multiplier: float) -> NetBook:
        """The live book of a strategy in a contract; made when first asked for."""
        book = self.books.get((strategy, instrument))
        if book is None:
            book = NetBook(strategy, instrument, multiplier, self._modes.get(strategy, "own"))
            self.books[strategy, instrument] = book
            self._in.setdefault(instrument, []).append(book)
        return book

    def all(self) -> list[NetBook]:
        """In order of name and contract."""
        return [book for _, book in sorted(self.books.items(), key=lambda row: row[0])]

    # ------------------------------------------------------------ offsets

    def offsets(self, intent: SubmitOrder, contract: Contract, order: CloseOrder,
                price: float | None) -> Parts:  # fmt: skip
        """How an intent leaves: (offset, lots), closes first. ``price``: its own, or the last."""
        side, offset = intent.side, intent.offset
        book = self.get(intent.strategy, intent.instrument, contract.multiplier)
        if intent.lots <= 0:  # to be denied
            return ((offset or _OPEN, intent.lots),)
        if book.mode == "own" and offset is None and book.closable(side) <= 0:
            return ((_OPEN, intent.lots),)
        instrument = contract.instrument
        return resolve(
            intent.lots,
            offset,
            splits_today=instrument.splits_today,
            mode=book.mode,
            reach=self.reach(book, contract, side),
            closing=contract.closing(side),
            today_first=lot_rules.today_goes_first(order, instrument, price or 0.0),
        )

    def reach(self, book: NetBook, contract: Contract, side: Side) -> int:
        """Lots that orders of ``side`` of this book may close now; of its own, or of the account's
        that nobody else claims (``trading.offsets``)."""
        if book.mode == "own":
            return book.closable(side)
        claimed = sum(
            other.claim(side)
            for other in self._in[book.instrument]
            if other is not book and other.mode != "net"
        )
        splits = contract.instrument.splits_today
        return reach(book.mode, 0, claimed, contract.closing(side), splits)

    # ------------------------------------------------------------ the day's roll

    def roll(self, settlements: Mapping[InstrumentId, float | None]) -> None:
        """A new trading day: profits by date begin at these prices."""
        for book in self.books.values():
            book.roll(settlements.get(book.instrument))

    def settle(self, instrument: InstrumentId, price: float) -> None:
        """The settlement is known, for which ``roll`` had a provisional mark or nothing."""
        for book in self._in.get(instrument, ()):
            book.settle(price)

    # ------------------------------------------------------------ against the account

    def attribute_rest(self, contract: Contract) -> None:
        """Lots of the account that no book has, or that books have and it has not, go to nobody's,
        at what they cost."""
        id_ = contract.instrument.id
        books = self._in.get(id_, [])
        known = sum(book.net for book in books)
        rest = contract.net - known
        if rest:
            side = contract.long if rest > 0 else contract.short
            # Where the venue has fewer lots than the books, these cost what theirs cost.
            ours = sum(book.cost for book in books) / known if known else 0.0
            price = side.basis_sum / side.lots if side.lots else ours
            self.get(UNATTRIBUTED, id_, contract.multiplier).carry(rest, price)

    # ------------------------------------------------------------ questions

    def records(self, marks: Mapping[InstrumentId, float]) -> tuple[StrategyBook, ...]:
        """Every book that has ever traded."""
        return tuple(book.record(marks.get(book.instrument)) for book in self.all() if book.traded)

    def results(self, marks: Mapping[InstrumentId, float]) -> dict[StrategyId, float]:
        """What each strategy has made since its books began, fees paid, in yuan."""
        made: dict[StrategyId, float] = {}
        for book in self.books.values():
            if book.traded:
                result = book.result(marks.get(book.instrument))
                made[book.strategy] = made.get(book.strategy, 0.0) + result
        return made

    def state(self) -> Iterable[tuple[object, ...]]:
        """Nobody's books without anything in them are no part of it: a fold that begins before a
        checkpoint makes some, and the run that it folds had none."""
        return tuple(
            (b.strategy, b.instrument, b.state())
            for b in self.all()
            if b.strategy != UNATTRIBUTED or not b.empty
        )
