"""What a rule may look at: one order, and the account as it would find it."""

from collections.abc import Iterable
from typing import Protocol

from homalos.model.enums import Phase, TradingState
from homalos.model.events import Denial
from homalos.model.market import Instrument
from homalos.model.trading import Order
from homalos.trading.contract import Contract, Working
from homalos.trading.lots import LotSide


class RiskView:
    """Filled by the gate for each order; rules read it and keep nothing.

    ``None`` is unknown. Lots are those before the order; working lots exclude it.
    """

    __slots__ = (
        "available",
        "balance",
        "book_closable",
        "closing",
        "complete",
        "connected",
        "contract",
        "fee",
        "instrument",
        "last_price",
        "lower_limit",
        "margin",
        "margin_used",
        "open_orders",
        "opening",
        "opens",
        "orders_last_minute",
        "orders_last_second",
        "phase",
        "reducing",
        "same_side_working",
        "sign",
        "state",
        "total_lots",
        "upper_limit",
        "working",
        "working_opens",
        "working_orders",
    )

    state: TradingState
    connected: bool
    phase: Phase | None
    instrument: Instrument
    contract: Contract
    last_price: float | None
    upper_limit: float | None
    lower_limit: float | None
    complete: bool
    """Phase, last price and limits are all known."""
    sign: int
    """+1 for a buy, -1 for a sell."""
    reducing: bool
    """The account's net position falls and the book's does not rise, working orders counted."""
    opens: bool
    opening: LotSide
    """The direction that the order would add to."""
    closing: LotSide
    """The direction that the order would take from."""
    working: Working
    """Of this contract."""
    same_side_working: int
    """Lots of working orders of this contract on the order's side."""
    working_opens: int
    """Those of them that open."""
    book_closable: int
    """Lots of the strategy's own book that this side can still close; below zero: none."""
    total_lots: int
    """All contracts, both directions, working opens included."""
    balance: float
    """Money is filled in for orders that open, total lots, rate and open orders for those that do
    not reduce: no other rule asks for them."""
    available: float
    margin_used: float
    """Frozen margin included."""
    margin: float
    """That the order would freeze."""
    fee: float
    """That the order would freeze."""
    orders_last_second: int
    orders_last_minute: int
    open_orders: int
    working_orders: Iterable[Order]
    """Of this contract."""


class Rule(Protocol):
    """One rule: pure, asked for every order.

    ``needs``: fields of the view without which it cannot judge. ``for_reducing``: whether it also
    holds an order that reduces; exposure, loss and rate rules do not.
    """

    name: str
    needs: tuple[str, ...]
    for_reducing: bool

    def check(self, order: Order, view: RiskView) -> Denial | None:
        """A denial with the value seen and the limit, or ``None``."""
