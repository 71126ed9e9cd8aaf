"""The clearing desk: books what the match decides, writes the ledger, then tells.

One operation (an order's arrival with all its fills, a snapshot's fills, a cancel) gathers ledger
entries and reports; ``commit`` writes the entries as one record and only then speaks.
"""

from collections.abc import Sequence

import msgspec

from homalos.exchange import reports
from homalos.exchange.clearing import Clearing
from homalos.exchange.contract import Contract
from homalos.exchange.ledger import Ledger
from homalos.exchange.positions import bucket, echoed
from homalos.exchange.records import (
    CancelRefused,
    Entry,
    Fill,
    Filled,
    Listener,
    OrderReport,
    VenueOrder,
)
from homalos.exchange.state import VenueState
from homalos.model.enums import Offset
from homalos.model.ids import TradeId

Word = OrderReport | Fill | CancelRefused


class Desk:
    """See the module."""

    def __init__(self, state: VenueState, clearing: Clearing, ledger: Ledger | None) -> None:
        self.state = state
        self.listener: Listener | None = None
        self._clearing = clearing
        self._ledger = ledger
        self._encode = msgspec.msgpack.Encoder().encode
        self._entries: list[msgspec.Raw] = []
        self._words: list[Word] = []
        self._makers: list[Word] = []

    def write(self, entry: Entry) -> None:
        """Change the state; the ledger has it at the next ``commit``. Encoded before it is applied:
        an order that an entry brings in goes on changing."""
        if self._ledger is not None:
            self._entries.append(msgspec.Raw(self._encode(entry)))
        self.state.apply(entry)

    def say(self, *words: Word) -> None:
        self._words += words

    def commit(self, now: int) -> None:
        """Write what was gathered, then tell. ``LedgerError``: nothing is told."""
        entries, words = self._entries, self._words + self._makers
        self._entries, self._words, self._makers = [], [], []
        if entries and self._ledger is not None:
            self._ledger.append(entries)
        if self.listener is not None:
            for word in words:
                self._tell(self.listener, word)

    def _tell(self, listener: Listener, word: Word) -> None:
        if isinstance(word, OrderReport):
            listener.on_order(word)
        elif isinstance(word, Fill):
            listener.on_trade(word)
        else:
            listener.on_cancel_refused(word)

    # ------------------------------------------------------------ fills

    def trade_id(self) -> int:
        """Number of the next trade; both sides of one bear the same."""
        return self.state.trade_count + 1

    def book(
        self, contract: Contract, order: VenueOrder, price: float, lots: int, trade_id: int, ts: int
    ) -> Fill:
        """Book one side of a trade."""
        item = contract.instrument
        owner = self.state.accounts[order.account]
        fee = self._clearing.charged(owner, item, order.side, order.offset, price, lots)
        profit = by_trade = 0.0
        if order.offset is not Offset.OPEN:
            held = owner.holding(item.id, order.side, order.offset)
            which = bucket(order.offset, item.splits_today)
            profit, by_trade = self._clearing.closed_profit(
                held, item, order.side, which, price, lots
            )
        fill = Fill(
            order.account, order.id, order.venue_order_id, TradeId(f"{trade_id:>12}"), item.id,
            order.side, echoed(order.offset, item.splits_today), price, lots, fee, profit,
            self.state.trading_day, ts, by_trade,
        )  # fmt: skip
        self.write(Filled(fill))
        return fill

    def rested(
        self, contract: Contract, order: VenueOrder, price: float, lots: int, trade_id: int, ts: int
    ) -> None:
        """Book a fill of a resting order, and tell it after the one who came to it."""
        before, traded = order.status, order.traded
        fill = self.book(contract, order, price, lots, trade_id, ts)
        if not order.remaining:
            contract.remove(order)
        self._makers += reports.filled(order, before, traded, fill)

    def arrived(self, order: VenueOrder, fills: Sequence[Fill], now: int) -> None:
        self.say(*reports.arrived(order, fills, now))

    # ------------------------------------------------------------ files

    def compact(self) -> None:
        """Begin a new ledger file with a snapshot of what is."""
        if self._ledger is not None:
            self._ledger.rewrite(self.state)

    def close(self) -> None:
        if self._ledger is not None:
            self._ledger.close()
