"""What each strategy has made, looked up cheaply: books that are flat are summed once."""

from collections.abc import Iterable, Iterator
from itertools import islice

from homalos.model.ids import UNATTRIBUTED, InstrumentId, StrategyId
from homalos.trading.books import Books
from homalos.trading.strategy_book import NetBook
from homalos.trading.watch.marks import Marks


class _Made:
    """Of one strategy."""

    __slots__ = ("books", "flat", "held", "traded")

    def __init__(self) -> None:
        self.books: list[NetBook] = []
        self.held: list[NetBook] = []
        self.flat = 0.0
        """Of the books that hold nothing, yuan."""
        self.traded = False

    def sum_up(self) -> None:
        self.held = [book for book in self.books if book.net]
        flat = [book for book in self.books if not book.net and book.traded]
        self.flat = sum(book.result(None) for book in flat)
        self.traded = bool(self.held or flat)


class Results:
    """Of every strategy (``manual`` too; not of nobody's lots). Whoever changes a book's lots,
    cash or fees says so by ``changed``."""

    def __init__(self, books: Books, marks: Marks) -> None:
        self._books = books
        self._marks = marks
        self._of: dict[StrategyId, _Made] = {}
        self._seen = 0
        """Books that are in ``_of``: they only ever become more."""
        self._stale: set[StrategyId] = set()

    def changed(self, strategy: StrategyId | None = None) -> None:
        """The books of this strategy, or of any."""
        if strategy is None:
            self._stale.update(self._of)
        else:
            self._stale.add(strategy)

    def refresh(self) -> None:
        """Sum up what has changed."""
        books = self._books.strategies.books
        for book in islice(books.values(), self._seen, None):
            if book.strategy != UNATTRIBUTED:
                self._of.setdefault(book.strategy, _Made()).books.append(book)
                self._stale.add(book.strategy)
        self._seen = len(books)
        for strategy in self._stale & self._of.keys():
            self._of[strategy].sum_up()
        self._stale.clear()

    def held(self) -> Iterable[InstrumentId]:
        """Contracts of books that hold something."""
        return {book.instrument for made in self._of.values() for book in made.held}

    def rows(self) -> Iterator[tuple[StrategyId, float, list[NetBook]]]:
        """(strategy, what it has made at the last marks, its books that hold something); without a
        mark at the price from which profit by date runs."""
        for strategy, made in self._of.items():
            if made.traded:
                yield strategy, made.flat + sum(map(self._worth, made.held)), made.held

    def _worth(self, book: NetBook) -> float:
        price = self._marks.price(book.instrument, book.net)
        if price is None:
            return book.result(book.record(None).cost_price)
        return book.result(price) - self._marks.unshown(book.instrument, book.strategy)
