"""What a risk rule of the trader's own is written against: ``risk_rules/*.py`` (docs/operation.md).

from homalos.trading.risk.user import Facts, UserRule

class NoRebarAtNight(UserRule):
    def check(self, order, facts):
        if facts.product == "SHFE.rb" and facts.minute_of_day >= 21 * 60:
            return "no rebar at night"
        return None
"""

from abc import ABC, abstractmethod
from typing import ClassVar

from homalos.model.event import Record
from homalos.model.trading import Order


class Facts(Record, frozen=True):
    """One order's surroundings, before it is booked. Lots and money of the account unless it says
    otherwise; working orders exclude this one; ``None`` is unknown. Nothing here can be changed."""

    now: int
    """Event time, ns UTC."""
    minute_of_day: int
    """China's time: 21:05 is 1265."""
    trading_state: str
    """``halted``, ``reducing`` or ``active``."""
    phase: str | None
    """Of the product's session: ``continuous``, ``auction`` ..."""
    product: str
    """With its exchange: ``SHFE.rb``."""
    sector: str | None
    multiplier: float
    tick_size: float
    last_price: float | None
    opposite: float | None
    """Ask for a buy, bid for a sell."""
    upper_limit: float | None
    lower_limit: float | None
    quote_time: int | None
    """When the last tick of the contract came."""
    reducing: bool
    """It lowers the net position of contract, product and book, working orders counted."""
    long_lots: int
    """Of the contract."""
    short_lots: int
    working_buy: int
    """Lots of all working buys of the contract."""
    working_sell: int
    book_net: int
    """Net lots of the strategy's own book in the contract."""
    product_net: int
    product_lots: int
    """Both directions added."""
    account_net: int
    account_lots: int
    value: float
    """Of the order: price x multiplier x lots, yuan."""
    gross_value: float
    """Of all lots held, both directions added, yuan."""
    net_value: float
    equity: float
    margin_used: float
    """Frozen margin included."""
    available: float
    open_orders: int
    orders_today: int
    cancels_today: int
    strategy_orders_today: int
    """Of the order's strategy."""
    strategy_cancels_today: int


class UserRule(ABC):
    """Derive once a file. One object is made at loading, without arguments; it may keep state, but
    a restart begins with none. ``for_reducing``: whether it also holds orders that reduce."""

    for_reducing: ClassVar[bool] = False

    @abstractmethod
    def check(self, order: Order, facts: Facts) -> str | None:
        """Why the order must not leave; ``None``: it may. Called for every order, on the thread
        that trades: microseconds, no files, no network."""
