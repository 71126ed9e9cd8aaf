"""How many lots were opened today: by contract and by product, whoever's orders they were.

Exchanges limit them per client (交易限额), so the fills of other terminals count like ours. The
order manager tells each fill once, as it books it or finds it in the venue's account: live, when a
start folds the journal, and from the venue's own trades of the day. Sums do not ask for an order.
"""

from homalos.model.enums import Offset
from homalos.model.events import TradeReported
from homalos.trading.books import Books

_OPEN = Offset.OPEN


class Openings:
    """Only the order manager writes here."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._days: dict[int, dict[str, int]] = {}
        """By trading day: lots by name of contract and of product."""

    def note(self, fill: TradeReported) -> None:
        """A fill, told for the first time."""
        books = self._books
        if fill.offset is not _OPEN:
            return
        for day in [day for day in self._days if day < books.trading_day]:
            del self._days[day]
        lots = self._days.setdefault(fill.trading_day, {})
        lots[fill.instrument] = lots.get(fill.instrument, 0) + fill.lots
        contract = books.contract(fill.instrument)
        if contract is not None:
            product = contract.place.product.name
            lots[product] = lots.get(product, 0) + fill.lots

    def lots(self, name: str) -> int:
        """Opened on this trading day in a contract (``CFFEX.IF2606``) or a product
        (``CFFEX.IF``)."""
        today = self._days.get(self._books.trading_day)
        return 0 if today is None else today.get(name, 0)

    def state(self) -> tuple[object, ...]:
        return tuple(sorted(self._days.get(self._books.trading_day, {}).items()))
