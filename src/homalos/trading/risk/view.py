"""What a rule may look at: one order, and the account as it would find it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from homalos.config.sections.risk import RiskSection
from homalos.model.breaking import BreakerChanged
from homalos.model.enums import Phase, TradingState
from homalos.model.events import Denial
from homalos.model.ids import InstrumentId, StrategyId
from homalos.model.market import Instrument
from homalos.model.trading import Order
from homalos.trading.contract import Contract, Working
from homalos.trading.delivery.near import Near
from homalos.trading.exposure import Place
from homalos.trading.lots import LotSide
from homalos.trading.openings import Openings
from homalos.trading.programme.counts import Counts
from homalos.trading.registry import Resting
from homalos.trading.reservations import Reservations
from homalos.trading.risk.limits import ContractLimits
from homalos.trading.sending import Sender
from homalos.trading.watch.standing import Standing


class RiskView:
    """Filled by the gate for each order; rules read it and keep nothing.

    ``None`` is unknown. Lots are those before the order; working lots exclude it.
    """

    __slots__ = (
        "account_sent",
        "available",
        "balance",
        "blocked",
        "book_closable",
        "book_net",
        "breakers",
        "buys",
        "closes_at",
        "closing",
        "complete",
        "connected",
        "contract",
        "delivery",
        "fee",
        "gross_value",
        "instrument",
        "last_price",
        "limits",
        "losses",
        "lower_limit",
        "margin",
        "margin_used",
        "net_value",
        "now",
        "open_orders",
        "opening",
        "openings",
        "opens",
        "opposite",
        "phase",
        "place",
        "programme",
        "quote_time",
        "reducing",
        "reservations",
        "resting",
        "same_side_working",
        "sector",
        "sign",
        "state",
        "strategy_sent",
        "upper_limit",
        "value",
        "working",
        "working_opens",
    )

    now: int
    """Event time."""
    state: TradingState
    connected: bool
    phase: Phase | None
    closes_at: int | None
    """When the session closes; filled in where a rule asks for it."""
    instrument: Instrument
    contract: Contract
    limits: ContractLimits
    """What the config says of this contract, looked up once."""
    quote_time: int | None
    """When the last tick of the contract came."""
    last_price: float | None
    opposite: float | None
    """Ask for a buy, bid for a sell; ``None``: nobody is there, or nobody said."""
    upper_limit: float | None
    lower_limit: float | None
    sector: str | None
    complete: bool
    """Nothing that a rule in force needs is unknown."""
    buys: bool
    sign: int
    """+1 for a buy, -1 for a sell."""
    reducing: bool
    """See ``gate.RiskGate``."""
    opens: bool
    blocked: bool
    """Lots of the strategy are gone, and nobody has said yet whose."""
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
    book_net: int
    """Net lots of the strategy's own book."""
    book_closable: int
    """Lots of that book that this side can still close; below zero: none."""
    place: Place
    """Lots held and working of the product, the sector and the account."""
    reservations: Reservations
    gross_value: float
    """Of all lots held, both directions added, and of all working opens, yuan. For what does not
    reduce, like the next one."""
    net_value: float
    """Of all lots held, long less short, yuan."""
    value: float
    """Of the order: price x multiplier x lots, yuan."""
    balance: float
    """Equity. Money is filled in for orders that open, as are margin and fee."""
    available: float
    margin_used: float
    """Frozen margin included."""
    margin: float
    """That the order would freeze."""
    fee: float
    """That the order would freeze."""
    account_sent: Sender
    strategy_sent: Sender
    open_orders: int
    resting: Resting
    """Open orders of this contract."""
    openings: Openings
    """Lots opened today; bound by the order manager."""
    breakers: Mapping[StrategyId, BreakerChanged]
    """Those that are open, by strategy; bound once."""

    losses: Standing
    """Losses that stand above their limit; bound once."""

    programme: Counts
    """What the exchanges count of programme trading; bound once."""

    delivery: Mapping[InstrumentId, Near]
    """Contracts for which something holds today as delivery nears; bound once."""

    def __init__(self) -> None:
        self.delivery = {}
        self.programme = Counts()
        self.losses = Standing()
        self.breakers = {}

    @property
    def last_trading_day(self) -> int | None:
        """Of the contract."""
        return self.instrument.last_trading_day or None


class Rule(ABC):
    """One rule: pure, asked for every order.

    ``needs``: fields of the view without which it cannot judge. ``for_reducing``: whether it also
    holds an order that reduces; exposure, loss and rate rules do not. ``keys``: the config's keys
    that it reads. ``en``, ``zh``: what it denies, for the docs and the page. ``active``: False
    where its limits are off; then nobody asks it.
    """

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    for_reducing: ClassVar[bool]
    keys: ClassVar[tuple[str, ...]] = ()
    en: ClassVar[str]
    zh: ClassVar[str]
    active: bool = True

    def __init__(self, section: RiskSection) -> None:  # noqa: B027  most have nothing to keep
        """Read the limits; made anew when they change."""

    @abstractmethod
    def check(self, order: Order, view: RiskView) -> Denial | None:
        """A denial with the value seen and the limit, or ``None``."""
