"""Enumerations of the trade. Values are the words that files, the API and the database show."""

from enum import StrEnum


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class Direction(StrEnum):
    """The side of a position."""

    LONG = "long"
    SHORT = "short"


class Offset(StrEnum):
    """What an order does to lots: on SHFE and INE ``CLOSE`` means yesterday's lots."""

    OPEN = "open"
    CLOSE = "close"
    CLOSE_TODAY = "close_today"
    CLOSE_YESTERDAY = "close_yesterday"


class OrderKind(StrEnum):
    LIMIT = "limit"
    MARKET = "market"


class TimeInForce(StrEnum):
    GFD = "gfd"
    """Good for the trading day."""
    FAK = "fak"
    """Fill what can be filled at once, kill the rest."""
    FOK = "fok"
    """Fill all at once or nothing."""


class OnTimeout(StrEnum):
    """What becomes of an order that has worked for its ``timeout_ms``."""

    CANCEL = "cancel"
    CHASE = "chase"
    """Cancel, wait for the end, send what is left at the opposite price; capped tries."""


class AuctionPolicy(StrEnum):
    """What becomes of an intent that comes in a call auction."""

    HOLD = "hold"
    """It waits in the daemon for continuous trading."""
    LIMIT = "limit"
    """It joins the auction as a limit order of the day."""
    DENY = "deny"


class CrossingPolicy(StrEnum):
    """What becomes of an intent that would meet an order of another strategy of this account."""

    HOLD = "hold"
    """It waits in the daemon until that order has ended."""
    DENY = "deny"


class IntentStage(StrEnum):
    """Where an intent stands that the order manager still works on."""

    HELD = "held"
    """Nothing of it works: it waits for a condition."""
    WORKING = "working"
    """Its orders work; more may follow."""
    ENDING = "ending"
    """Its orders are being cancelled; what is left of it is sent when they have ended."""
    RETRY = "retry"
    """Its orders have ended with lots left; the next try is due in a moment."""
    ENDED = "ended"
    """Nothing more will be sent for it."""


class OrderStatus(StrEnum):
    SUBMITTED = "submitted"
    """Left for the venue; nothing heard yet."""
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    """Refused by the venue."""
    DENIED = "denied"
    """Refused by our own risk checks; never left."""
    UNRESOLVED = "unresolved"
    """Sent, and its fate is unknown: to be queried, never guessed, never sent again."""


class TradingState(StrEnum):
    HALTED = "halted"
    """No new order; cancels pass."""
    REDUCING = "reducing"
    """Only what reduces the account's position."""
    ACTIVE = "active"


class KillScope(StrEnum):
    """What a kill reaches; chosen each time."""

    CANCEL = "cancel"
    """Halt and cancel every working order; positions stay."""
    STRATEGY = "strategy"
    """One strategy: it is stopped and blocked, its orders are cancelled, its book is closed."""
    DAEMON = "daemon"
    """Halt; what strategies and the trader hold here is closed, lots of nobody's stay."""
    ACCOUNT = "account"
    """Halt; every order and every lot of the account, whoever's."""


class FlattenStage(StrEnum):
    """How far a flatten has come."""

    CANCELLING = "cancelling"
    """Orders of its scope still work; contracts without any are closed already."""
    CLOSING = "closing"
    WAITING = "waiting"
    """Nothing can leave now: line down, not reconciled, closed session."""
    CHECKING = "checking"
    """Flat by the books; the venue is asked."""
    FLAT = "flat"
    """Nothing is left. What it blocked stays blocked."""
    ENDED = "ended"
    """A person ended it, or its session is over; it blocks nothing any more."""


class Phase(StrEnum):
    """Phase of a product's session."""

    CLOSED = "closed"
    AUCTION = "auction"
    """Call auction, orders are taken."""
    AUCTION_MATCH = "auction_match"
    """The match minute: neither entry nor cancel."""
    CONTINUOUS = "continuous"
    BREAK = "break"


class Channel(StrEnum):
    """A venue has two lines; one being up says nothing about the other."""

    MARKET_DATA = "md"
    TRADING = "td"


class StrategyState(StrEnum):
    LOADED = "loaded"
    RUNNING = "running"
    STOPPED = "stopped"
    QUARANTINED = "quarantined"
    FAILED = "failed"


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"
