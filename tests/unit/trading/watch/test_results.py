"""Books that are flat are summed once, however many there have been."""

from tests.unit.trading.desk import RB, M
from tests.unit.trading.watch.floor import ALPHA, WatchFloor

from homalos.model.enums import Side
from homalos.trading.strategy_book import NetBook


def test_a_look_values_what_is_held_and_nothing_else() -> None:
    floor = WatchFloor()
    floor.trade(Side.BUY, 3, 3500.0, M)
    floor.trade(Side.SELL, 3, 3510.0, M)
    floor.holding(10)
    results = floor.watch.measures.results
    asked: list[NetBook] = []
    worth = results._worth
    results._worth = lambda book: asked.append(book) or worth(book)  # type: ignore[func-returns-value,method-assign]
    floor.pass_by(3480.0, ticks=4)
    assert {book.instrument for book in asked} == {RB}
    whole = sum(b.result(3480.0) for b in floor.books.strategies.books.values())
    assert floor.watch.measures.courses[ALPHA].last == round(whole, 4)
