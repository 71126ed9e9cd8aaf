"""A place for one strategy: its row, its code, its state and its figures; and who hears what."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from homalos.config.sections.strategy import StrategyEntry
from homalos.kernel.timers import Timer
from homalos.market.delivery import is_over
from homalos.model.enums import AuctionPolicy, CrossingPolicy, Phase, StrategyState
from homalos.model.event import Record
from homalos.model.ids import InstrumentId, StrategyId
from homalos.model.market import Instrument
from homalos.strategy.base import Strategy, hooks, overrides
from homalos.strategy.desk import Desk
from homalos.strategy.isolation import ErrorBudget
from homalos.strategy.loader import Loaded
from homalos.strategy.params import ParameterInfo, Value

Product = tuple[str, str]
"""(exchange, product)."""


_S = StrategyState
TRANSITIONS: dict[tuple[StrategyState, str], StrategyState] = {
    (_S.LOADED, "load"): _S.LOADED,
    (_S.LOADED, "wait"): _S.LOADED,  # a contract is not listed yet
    (_S.LOADED, "start"): _S.RUNNING,
    (_S.LOADED, "stop"): _S.STOPPED,  # it waits no more
    (_S.LOADED, "fail"): _S.FAILED,
    (_S.RUNNING, "stop"): _S.STOPPED,
    (_S.RUNNING, "quarantine"): _S.QUARANTINED,
    (_S.STOPPED, "wait"): _S.LOADED,
    (_S.STOPPED, "start"): _S.RUNNING,
    (_S.STOPPED, "fail"): _S.FAILED,  # on_start raised
    (_S.QUARANTINED, "wait"): _S.LOADED,
    (_S.QUARANTINED, "start"): _S.RUNNING,  # a person answers for it, or its back-off is over
    (_S.QUARANTINED, "stop"): _S.STOPPED,  # no restart any more
    (_S.QUARANTINED, "fail"): _S.FAILED,
    (_S.FAILED, "load"): _S.LOADED,  # an edit mended the file
    (_S.FAILED, "wait"): _S.LOADED,
    (_S.FAILED, "start"): _S.RUNNING,
    (_S.FAILED, "fail"): _S.FAILED,
}
"""The whole life of a strategy. A command that is not in it for a state is refused."""


class StrategyInfo(Record, frozen=True):
    """A strategy as a page shows it. Figures count since it was loaded; no money here (its book
    has it)."""

    id: StrategyId
    file: str
    class_name: str
    sha256: str
    """Of the file's text as loaded; "" where nothing could be loaded."""
    state: StrategyState
    why: str
    enabled: bool
    restart: str
    wanted: tuple[str, ...]
    """As strategies.yaml says it."""
    instruments: tuple[InstrumentId, ...]
    """As resolved; empty while one of them is not listed."""
    parameters: tuple[ParameterInfo, ...]
    ticks: int
    bars: int
    orders: int
    """That left for the venue: of one wish that closes today's and older lots, two."""
    trades: int
    errors: int
    slow: int
    slowest_us: float
    restarts: int

    def as_dict(self) -> dict[str, Any]:
        """By name, for JSON, its parameters too: on the bus a record is an array."""
        parameters = [parameter.as_dict() for parameter in self.parameters]
        return msgspec.structs.asdict(self) | {"parameters": parameters}


class Slot:
    """One strategy. Only the manager and its lifecycle write here."""

    def __init__(self, entry: StrategyEntry, desk: Desk, errors: ErrorBudget) -> None:
        self.entry = entry
        self.id = StrategyId(entry.id)
        self.auction = AuctionPolicy(entry.auction)
        self.crossing = CrossingPolicy(entry.crossing)
        self.actor = f"strategy:{entry.id}"
        """Owner of its timers, source of its alerts, actor of its failures."""
        self.desk = desk
        self.error_budget = errors
        self.state = StrategyState.LOADED
        self.why = ""
        self.loaded: Loaded | None = None
        self.strategy: Strategy | None = None
        self.values: dict[str, Value] = {}
        """Parameters as they hold now."""
        self.fields: dict[str, Any] = {}
        """State fields as last taken from the strategy."""
        self.instruments: tuple[InstrumentId, ...] = ()
        self.waiting = False
        """It starts as soon as all its contracts are listed."""
        self.acting = False
        """Whether its orders are taken: while it runs, ``on_start`` and ``on_stop`` included."""
        self.wants: dict[InstrumentId, set[str]] = {}
        self.timers: dict[str, tuple[Timer, int]] = {}
        """By name: the timer, and the period in ns (0: once)."""
        self.restart_timer: Timer | None = None
        self.restarts_in_row = 0
        self.started_at = 0
        self.log_minute = 0
        self.log_lines = 0
        self.ticks = self.bars = self.orders = self.trades = 0
        self.errors = self.slow = self.restarts = self.slowest_ns = 0
        self.on_tick: Callable[..., Any] = _nothing
        self.hooks: dict[str, Callable[..., Any]] = dict.fromkeys(hooks(), _nothing)
        self.hears: frozenset[str] = frozenset()

    def install(self, strategy: Strategy) -> None:
        """Make ``strategy`` the code that runs; hooks that it does not write are never called.
        Under the guard: to look a hook up may be strategy code."""
        self.hooks = {name: getattr(strategy, name) for name in hooks()}
        self.on_tick = self.hooks["on_tick"]
        self.strategy = strategy
        names = ("on_tick", "on_bar", "on_order", "on_trade", "on_phase", "on_trading_day",
                 "on_conditional")  # fmt: skip
        self.hears = frozenset(name for name in names if overrides(type(strategy), name))

    def info(self) -> StrategyInfo:
        cls = self.loaded.cls if self.loaded is not None else None
        declared = cls.parameters if cls is not None else {}
        return StrategyInfo(
            self.id,
            self.entry.file,
            cls.__name__ if cls is not None else "",
            self.loaded.sha256 if self.loaded is not None else "",
            self.state,
            self.why,
            self.entry.enabled,
            self.entry.restart,
            self.entry.instruments,
            self.instruments,
            tuple(p.info(self.values.get(p.name, p.default)) for p in declared.values()),
            self.ticks,
            self.bars,
            self.orders,
            self.trades,
            self.errors,
            self.slow,
            self.slowest_ns / 1_000,
            self.restarts,
        )


def _nothing(*_: object) -> None:
    """Before any code is installed."""


class Router:
    """Who hears which contract: tables that are rebuilt when a subscription changes, so that a
    tick costs one look-up. Tells the venue and the bars what is wanted, once it is listed."""

    def __init__(
        self,
        slots: dict[StrategyId, Slot],
        subscribe: Callable[[Iterable[InstrumentId]], None],
        require: Callable[[InstrumentId, str], None],
    ) -> None:
        self.listed: dict[InstrumentId, Instrument] = {}
        """Contracts in the order in which the venue listed them last."""
        self.trading_day = 0
        self.ticks: dict[InstrumentId, tuple[Slot, ...]] = {}
        self.bars: dict[tuple[InstrumentId, str], tuple[Slot, ...]] = {}
        self.phases: dict[Product, tuple[Slot, ...]] = {}
        self.phase: dict[Product, Phase] = {}
        """As the venue said it last."""
        self._slots = slots
        self._subscribe = subscribe
        self._require = require

    def list(self, instrument: Instrument) -> None:
        """The venue has this contract: ask for what was wanted of it before."""
        self.listed.pop(instrument.id, None)
        self.listed[instrument.id] = instrument
        for slot in self._slots.values():
            if instrument.id in slot.wants:
                self._ask(instrument.id, slot.wants[instrument.id])
                self._rebuild(instrument.id)

    def resolve(self, pattern: str) -> InstrumentId | None:
        """The contract ``SHFE.rb2601``, or of a product ``SHFE.rb`` the one listed first; one
        whose last trading day is over is no more."""
        exact = self.listed.get(InstrumentId(pattern))
        if exact is not None:
            return None if is_over(exact, self.trading_day) else exact.id
        for instrument in self.listed.values():
            if pattern == f"{instrument.exchange}.{instrument.product}" and not is_over(
                instrument, self.trading_day
            ):
                return instrument.id
        return None

    def add(self, slot: Slot, instrument: InstrumentId, periods: Iterable[str]) -> None:
        wants = slot.wants.setdefault(instrument, set())
        wants.update(periods)
        if instrument in self.listed:
            self._ask(instrument, periods)
        self._rebuild(instrument)

    def remove(self, slot: Slot, instrument: InstrumentId, periods: Iterable[str]) -> None:
        """Of these periods no more; without periods, nothing of the contract."""
        wants = slot.wants.get(instrument)
        if wants is None:
            return
        dropped = set(periods)
        wants -= dropped
        if not dropped:
            del slot.wants[instrument]
        self._rebuild(instrument)

    def clear(self, slot: Slot) -> None:
        """The slot hears nothing any more."""
        instruments = list(slot.wants)
        slot.wants = {}
        for instrument in instruments:
            self._rebuild(instrument)

    def refresh(self, slot: Slot) -> None:
        """The slot's code changed: it may hear other hooks."""
        for instrument in list(slot.wants):
            self._rebuild(instrument)

    def _ask(self, instrument: InstrumentId, periods: Iterable[str]) -> None:
        self._subscribe((instrument,))
        for period in sorted(periods):
            self._require(instrument, period)

    def _listeners(self, instrument: InstrumentId, hook: str) -> Iterator[Slot]:
        for slot in self._slots.values():
            if instrument in slot.wants and hook in slot.hears:
                yield slot

    def _rebuild(self, instrument: InstrumentId) -> None:
        self.ticks[instrument] = tuple(self._listeners(instrument, "on_tick"))
        bars = list(self._listeners(instrument, "on_bar"))
        periods = {p for slot in bars for p in slot.wants[instrument]}
        for key in [k for k in self.bars if k[0] == instrument and k[1] not in periods]:
            del self.bars[key]
        for period in periods:
            heard = tuple(slot for slot in bars if period in slot.wants[instrument])
            self.bars[instrument, period] = heard
        contract = self.listed.get(instrument)
        if contract is not None:
            self._rebuild_phase((contract.exchange, contract.product))

    def _rebuild_phase(self, product: Product) -> None:
        of_product = {i.id for i in self.listed.values() if (i.exchange, i.product) == product}
        self.phases[product] = tuple(
            slot
            for slot in self._slots.values()
            if "on_phase" in slot.hears and not of_product.isdisjoint(slot.wants)
        )
