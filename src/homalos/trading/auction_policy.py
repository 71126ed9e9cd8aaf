"""A stage: what becomes of an intent that comes in a call auction, as its strategy wishes.

The auction takes limit orders of the day alone (FACTS A8, A15). ``hold``: the intent waits in the
daemon for continuous trading and is priced then; ``limit``: it joins as a limit order of the day,
whatever it was, and in the match minute, which takes nothing, it is denied; ``deny``.
"""

from msgspec.structs import replace

from homalos.model.enums import AuctionPolicy, OrderKind, Phase, TimeInForce
from homalos.model.events import Denial, SubmitOrder
from homalos.trading.books import Books
from homalos.trading.registry import VenueStatus
from homalos.trading.stages import Hold, Verdict

_AUCTION = frozenset({Phase.AUCTION, Phase.AUCTION_MATCH})
_HOLD, _LIMIT = AuctionPolicy.HOLD, AuctionPolicy.LIMIT
_HELD = Hold("auction", "call auction, until continuous trading / 集合竞价,待连续交易")


class AuctionStage:
    """``running``: kept by the order manager, so that nobody asks outside of auctions."""

    def __init__(self, books: Books, venue: VenueStatus) -> None:
        self._books = books
        self._venue = venue
        self.running = False
        """Some product is in a call auction."""

    def on_phase(self) -> None:
        self.running = not _AUCTION.isdisjoint(self._venue.phases.values())

    def __call__(self, intent: SubmitOrder, price: float | None) -> Verdict:
        if not self.running:
            return None
        contract = self._books.contract(intent.instrument)
        if contract is None:
            return None
        row = contract.instrument
        phase = self._venue.phases.get((row.exchange, row.product))
        if phase not in _AUCTION:
            return None
        if intent.auction is _HOLD:
            return _HELD
        if intent.auction is _LIMIT:
            if intent.kind is OrderKind.LIMIT and intent.tif is TimeInForce.GFD:
                return None
            return replace(intent, kind=OrderKind.LIMIT, tif=TimeInForce.GFD, price=price)
        return Denial("auction", 0.0, 0.0, f"{intent.instrument} is in its call auction")
