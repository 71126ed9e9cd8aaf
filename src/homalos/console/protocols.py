"""What the console needs from the daemon; ``app`` passes the objects in."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from homalos.model.enums import Direction, KillScope, Side, TradingState
from homalos.model.events import IntentChanged
from homalos.model.ids import InstrumentId, OrderId, StrategyId
from homalos.model.trading import Account, Order, Position, Trade

if TYPE_CHECKING:
    from homalos.console.placing import ManualConditional, ManualOrder


class Queries(Protocol):
    """Reads of the living state, on the loop's thread, each far below a millisecond."""

    def status(self) -> dict[str, Any]: ...
    def services(self) -> list[dict[str, Any]]: ...
    def statistics(self) -> dict[str, Any]: ...
    def account(self) -> Account | None: ...
    def positions(self) -> Sequence[Position]: ...
    def orders(self, limit: int) -> Sequence[Order]:
        """Newest first, live ones before all."""

    def has_order(self, order_id: OrderId) -> bool:
        """Whether a cancel of this order (or of this intent's orders) means anything."""

    def has_contract(self, instrument: InstrumentId) -> bool:
        """Whether it is listed today."""

    def last_price(self, instrument: InstrumentId) -> float | None:
        """``None``: nobody has told it."""

    def opens(self, instrument: InstrumentId, side: Side) -> bool:
        """Whether a person's order of this side would add to what ``manual`` holds."""

    def intents(self) -> Sequence[IntentChanged]:
        """Those that are worked on beyond their first orders, as they stand, oldest first."""

    def conditionals(self) -> list[dict[str, Any]]:
        """Orders that this daemon alone holds, oldest first; each row says that it is local, and
        why it could not fire now."""

    def breakers(self) -> list[dict[str, Any]]:
        """Circuit breakers that are open; ``strategy`` is empty for the account's."""

    def losses(self) -> dict[str, Any]:
        """Losses, drawdowns and margin use, against their limits and levels."""

    def books_of(self, strategy: str) -> bool:
        """Whether there is a strategy, or a book, of this name."""

    def reconciliation(self) -> dict[str, Any]:
        """What differs between books and venue, and which lots are gone."""

    def programme(self) -> dict[str, Any]:
        """Counters of programme trading with their limits."""

    def trades(self, limit: int) -> Sequence[Trade]: ...
    def strategies(self) -> list[dict[str, Any]]: ...
    def alerts(self, limit: int) -> list[dict[str, Any]]: ...


class Statements(Protocol):
    """Settlement statements in the store; called from a thread."""

    def statements(
        self, *, trading_day: int | None = None, before: int | None = None, limit: int = 200
    ) -> bytes:
        """JSON, ``{"items": [...], "next": ...}``, the newest first."""


class Commands(Protocol):
    """Commands become events on the bus: the answer is 202, the outcome arrives as a fact."""

    def kill(
        self, who: str, why: str, scope: KillScope = KillScope.CANCEL, strategy: str = ""
    ) -> None: ...
    def end_flatten(self, strategy: str, who: str, why: str) -> None: ...
    def close_breaker(self, strategy: str, who: str, why: str) -> None: ...
    def set_trading_state(self, state: TradingState, who: str, why: str) -> None: ...
    def place(self, wanted: "ManualOrder", who: str) -> tuple[OrderId, ...] | None:
        """Its id, and those of what protects it; ``None``: its key was there before."""

    def hold(self, wanted: "ManualConditional", who: str) -> tuple[OrderId, ...] | None:
        """As ``place``, of a conditional order and its pair."""

    def cancel(self, order_id: OrderId, who: str) -> None: ...
    def replace(
        self, order_id: OrderId, price: float | None, lots: int | None, who: str
    ) -> None: ...
    def cancel_conditional(self, order_id: OrderId, who: str) -> None: ...
    def reconcile(self, who: str) -> None: ...
    def accept_venue(self, differences: tuple[str, ...], who: str) -> None: ...
    def assign_loss(
        self, instrument: InstrumentId, direction: Direction, strategy: StrategyId, lots: int,
        who: str,
    ) -> None: ...  # fmt: skip
    def strategy(self, strategy: StrategyId, action: str, who: str, payload: str) -> None: ...
