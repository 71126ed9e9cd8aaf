"""The class that a trader derives from. One file of it runs live, simulated and in a backtest.

    class Breakout(Strategy):
        lots: int = param(1, ge=1, unit="lots", en="size", zh="手数")

        def on_bar(self, bar: Bar) -> None:
            self.target(bar.instrument, self.lots)

Hooks run on the one thread that owns all state: return soon, never sleep, never wait.
"""

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from homalos.model.conditional import Conditional, ConditionalKind
from homalos.model.enums import OrderKind, Side, TimeInForce
from homalos.model.events import PhaseChanged, TradingDayChanged
from homalos.model.ids import InstrumentId, OrderId, StrategyId
from homalos.model.market import Bar, Instrument, Tick
from homalos.model.trading import Account, Order, StrategyBook, Trade
from homalos.strategy.params import Parameter
from homalos.strategy.terms import Terms
from homalos.strategy.when import Bracket, Oco, When

if TYPE_CHECKING:
    from homalos.strategy.context import Context
    from homalos.strategy.intent_view import IntentView


class StrategyError(RuntimeError):
    """A strategy asked for what cannot be done; the message says what and why."""


class Strategy:
    """See the module. Write hooks (``on_...``); call actions; read what is below."""

    parameters: ClassVar[Mapping[str, Parameter]] = {}
    """Declared with ``param``; filled in by the class itself."""
    state_fields: ClassVar[tuple[str, ...]] = ()
    """Attributes that survive a restart and a reload: numbers, texts, lists, dicts of those.
    They are set before ``on_start``; give each a default at class level."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        declared = dict(cls.parameters)
        for name, value in list(vars(cls).items()):
            if isinstance(value, Parameter):
                if hasattr(Strategy, name):
                    raise TypeError(f"{cls.__name__}.{name}: the name belongs to Strategy")
                value.bind(name, vars(cls).get("__annotations__", {}).get(name))
                declared[name] = value
                setattr(cls, name, value.default)
        cls.parameters = declared
        _check_hooks(cls)
        _check_state_fields(cls)

    def __init__(self, context: "Context", values: Mapping[str, Any]) -> None:
        """Made by the manager; a strategy begins in ``on_start``, not here."""
        self._context = context
        for name, value in values.items():
            setattr(self, name, value)

    # ------------------------------------------------------------ hooks

    def on_start(self) -> None:
        """Running begins: subscribe to bars, warm up, set timers. Orders are allowed."""

    def on_stop(self) -> None:
        """Running ends: cancels all that works. Override to do otherwise."""
        self.cancel_all()

    def on_tick(self, tick: Tick) -> None:
        """A snapshot of a contract that this strategy is subscribed to."""

    def on_bar(self, bar: Bar) -> None:
        """A bar closed, of a period that this strategy is subscribed to."""

    def on_order(self, order: Order) -> None:
        """An own order changed. Find the intent with ``order.intent_id``."""

    def on_trade(self, trade: Trade) -> None:
        """A fill of an own order; ``position`` holds it already."""

    def on_conditional(self, order: Conditional) -> None:
        """An own conditional order changed: ``order.status`` says to what."""

    def on_timer(self, name: str) -> None:
        """A timer set with ``schedule`` is due."""

    def on_parameters(self, changed: dict[str, Any]) -> None:
        """Parameters were changed while running: ``changed`` maps names to the OLD values."""

    def on_phase(self, event: PhaseChanged) -> None:
        """The product of a subscribed contract entered a phase of its session."""

    def on_trading_day(self, event: TradingDayChanged) -> None:
        """The venue reports a new trading day."""

    @classmethod
    def check_parameters(cls, values: Mapping[str, Any]) -> None:
        """Raise ``ValueError`` where values that are right one by one do not fit together."""

    # ------------------------------------------------------------ orders

    def buy(
        self,
        instrument: InstrumentId,
        lots: int,
        price: float | None = None,
        *,
        kind: OrderKind | None = None,
        tif: TimeInForce | None = None,
        tag: str = "",
        terms: Terms | None = None,
    ) -> OrderId:
        """Buy ``lots``; the core picks open or close. Returns the intent's id.

        ``price`` None: a market order (fill what can be filled now, kill the rest). A price off
        the grid is moved onto it, away from the market. ``tif`` of a limit order is GFD unless
        given. ``terms``: time-outs, chase, tries. ``StrategyError``: not running, contract not
        listed, lots below 1.
        """
        return self._context.order(Side.BUY, instrument, lots, price, kind, tif, tag, terms)

    def sell(
        self,
        instrument: InstrumentId,
        lots: int,
        price: float | None = None,
        *,
        kind: OrderKind | None = None,
        tif: TimeInForce | None = None,
        tag: str = "",
        terms: Terms | None = None,
    ) -> OrderId:
        """Sell ``lots``; see ``buy``."""
        return self._context.order(Side.SELL, instrument, lots, price, kind, tif, tag, terms)

    def target(
        self,
        instrument: InstrumentId,
        lots: int,
        price: float | None = None,
        *,
        terms: Terms | None = None,
    ) -> OrderId | None:
        """Move the own net position to ``lots`` (negative: short).

        Working orders count: ``None`` when nothing is missing, or when others must be cancelled
        first; the order then follows by itself once their fate is known, never before. An order
        that is denied, rejected or killed is not repeated: call again.
        """
        return self._context.target(instrument, lots, price, terms)

    def close(
        self, instrument: InstrumentId, price: float | None = None, *, terms: Terms | None = None
    ) -> OrderId | None:
        """``target(instrument, 0)``."""
        return self._context.target(instrument, 0, price, terms)

    def replace(
        self, order_id: OrderId, price: float | None = None, lots: int | None = None
    ) -> bool:
        """Give an own working limit order another price, or other lots (of the whole intent, what
        it has traded included): it is cancelled, and what is left of it is sent when its end is
        known, so that both never work at a time. It keeps its id. False: it works no more. Where no
        cancel is to spare it rests as it is, with an alert. ``StrategyError``: not an order of this
        strategy."""
        return self._context.replace(order_id, price, lots)

    def cancel(self, order_id: OrderId) -> bool:
        """Ask to cancel an own intent, named by its id or by one of its orders', or an own
        conditional order. False: it works no more. ``StrategyError``: not an order of this
        strategy."""
        return self._context.cancel(order_id)

    def cancel_all(self, instrument: InstrumentId | None = None) -> int:
        """Ask to cancel all own working intents, or those on one contract; how many."""
        return self._context.cancel_all(instrument)

    # ------------------------------------------------------------ conditional orders
    # Held by the daemon: they do not exist while this machine is off. They outlive the strategy's
    # quarantine and a restart, and act when books and venue agree.

    def stop(
        self, instrument: InstrumentId, side: Side, lots: int, trigger: float, *,
        when: When | None = None, tag: str = "",
    ) -> OrderId:  # fmt: skip
        """A market order of ``side`` once the price has reached ``trigger``: a sale from above, a
        purchase from below. An exit unless ``when`` says otherwise: it closes at most what the own
        book holds when it fires, and ends when the position is closed. ``StrategyError`` as for
        ``buy``."""
        kind = ConditionalKind.STOP
        rest = (trigger, None, (0, 0.0), when, tag)
        return self._context.holding.one(kind, instrument, side, lots, *rest)

    def stop_limit(
        self, instrument: InstrumentId, side: Side, lots: int, trigger: float, limit: float, *,
        when: When | None = None, tag: str = "",
    ) -> OrderId:  # fmt: skip
        """``stop`` with a limit order of the day at ``limit``; it may stay unfilled."""
        kind = ConditionalKind.STOP_LIMIT
        rest = (trigger, limit, (0, 0.0), when, tag)
        return self._context.holding.one(kind, instrument, side, lots, *rest)

    def take_profit(
        self, instrument: InstrumentId, side: Side, lots: int, trigger: float,
        limit: float | None = None, *, when: When | None = None, tag: str = "",
    ) -> OrderId:  # fmt: skip
        """An order of ``side`` once the price has reached ``trigger`` in favour: a sale from below,
        a purchase from above; at the market, or a limit order at ``limit``."""
        kind = ConditionalKind.TAKE_PROFIT
        rest = (trigger, limit, (0, 0.0), when, tag)
        return self._context.holding.one(kind, instrument, side, lots, *rest)

    def trail(
        self, instrument: InstrumentId, side: Side, lots: int, *, ticks: int = 0,
        percent: float = 0.0, when: When | None = None, tag: str = "",
    ) -> OrderId:  # fmt: skip
        """A stop whose trigger follows the best price since now, at ``ticks`` or ``percent``."""
        kind = ConditionalKind.TRAILING
        rest = (None, None, (ticks, percent), when, tag)
        return self._context.holding.one(kind, instrument, side, lots, *rest)

    def oco(
        self, instrument: InstrumentId, side: Side, lots: int, *, stop: float, target: float,
        when: When | None = None, tag: str = "",
    ) -> Oco:  # fmt: skip
        """A stop and a target (a limit order at ``target``) for the same lots. The other one ends
        when all are closed; should the stop come while the target works, that is cancelled first.
        """
        return self._context.holding.oco(instrument, side, lots, stop, target, when, tag)

    def bracket(
        self, instrument: InstrumentId, side: Side, lots: int, price: float | None = None, *,
        stop: float | None = None, target: float | None = None, trail_ticks: int = 0,
        trail_percent: float = 0.0, when: When | None = None, tag: str = "",
    ) -> Bracket:  # fmt: skip
        """An entry of ``side``, and its exits, armed by the entry's fills and sized by them: a stop
        or a trailing stop, a target, or both. ``StrategyError``: the other side is held."""
        trail = (trail_ticks, trail_percent)
        return self._context.holding.bracket(
            instrument, side, lots, price, stop, target, trail, when, tag
        )

    def conditionals(self, instrument: InstrumentId | None = None) -> tuple[Conditional, ...]:
        """Own conditional orders that wait, or whose order still works, oldest first."""
        return self._context.holding.live(instrument)

    def cancel_conditionals(self, instrument: InstrumentId | None = None) -> int:
        """Cancel those that have not fired; how many. ``cancel_all`` leaves them alone."""
        return self._context.holding.cancel_all(instrument)

    # ------------------------------------------------------------ market

    def subscribe(self, instrument: InstrumentId, *periods: str) -> None:
        """Receive ticks of a contract, and its bars of ``periods`` (``1m``, ``5m`` .. ``1d``)."""
        self._context.subscribe(instrument, periods)

    def unsubscribe(self, instrument: InstrumentId, *periods: str) -> None:
        """Receive no more bars of ``periods``; without any, nothing of the contract."""
        self._context.unsubscribe(instrument, periods)

    def history(self, instrument: InstrumentId, period: str, count: int) -> list[Bar]:
        """The last ``count`` closed bars that the daemon has, oldest first; maybe fewer."""
        return self._context.history(instrument, period, count)

    def last_tick(self, instrument: InstrumentId) -> Tick | None:
        """The newest snapshot of a subscribed contract."""
        return self._context.last_tick(instrument)

    # ------------------------------------------------------------ reading

    @property
    def id(self) -> StrategyId:
        return self._context.strategy

    @property
    def instruments(self) -> tuple[InstrumentId, ...]:
        """The contracts of strategies.yaml, resolved, in its order."""
        return self._context.instruments

    @property
    def instrument(self) -> InstrumentId:
        """The first of them. ``StrategyError`` where there is none."""
        if not self._context.instruments:
            raise StrategyError(f"{self.id}: no instruments in strategies.yaml / 未配置合约")
        return self._context.instruments[0]

    @property
    def now(self) -> int:
        """Event time, nanoseconds since the epoch, UTC."""
        return self._context.now()

    def position(self, instrument: InstrumentId) -> int:
        """Own net lots, negative when short; fills of other strategies are not in it."""
        return self._context.position(instrument)

    def expected(self, instrument: InstrumentId) -> int:
        """``position`` once all that works has filled."""
        return self._context.expected(instrument)

    def orders(self, instrument: InstrumentId | None = None) -> "tuple[IntentView, ...]":
        """Own intents that may still change the position, oldest first."""
        return self._context.orders(instrument)

    def book(self, instrument: InstrumentId) -> StrategyBook:
        """Own lots, average price and results in a contract."""
        return self._context.book(instrument)

    def account(self) -> Account:
        return self._context.account()

    def contract(self, instrument: InstrumentId) -> Instrument:
        """Multiplier, tick size, limits of a contract. ``StrategyError``: not listed."""
        return self._context.contract(instrument)

    def is_open(self, instrument: InstrumentId) -> bool:
        """Whether it trades continuously now; True too where the venue has said nothing yet."""
        return self._context.is_open(instrument)

    # ------------------------------------------------------------ time, words

    def schedule(self, name: str, seconds: float, *, repeat: bool = False) -> None:
        """Call ``on_timer(name)`` in so many seconds of event time; the name again replaces."""
        self._context.schedule(name, seconds, repeat)

    def unschedule(self, name: str) -> None:
        """Drop a timer; harmless where there is none."""
        self._context.unschedule(name)

    def log(self, text: str) -> None:
        """A line for the page, the store and the log file. Not for every tick."""
        self._context.log(text)


_ACTIONS = frozenset(
    name for name in vars(Strategy) if not name.startswith(("_", "on_", "check_"))
) - {"parameters", "state_fields"}
_HOOKS: dict[str, Callable[..., Any]] = {
    name: hook for name, hook in vars(Strategy).items() if name.startswith("on_")
}


def hooks() -> frozenset[str]:
    """Names of all hooks."""
    return frozenset(_HOOKS)


def overrides(cls: type[Strategy], hook: str) -> bool:
    """Whether ``cls`` writes this hook itself: the others are never called."""
    return getattr(cls, hook) is not getattr(Strategy, hook)


def _check_hooks(cls: type[Strategy]) -> None:
    """A misspelt hook would never be called, an async one never awaited: say so at once."""
    for name, value in vars(cls).items():
        if name in _ACTIONS:
            raise TypeError(f"{cls.__name__}.{name}: the name belongs to Strategy; choose another")
        if not name.startswith("on_") or not callable(value):
            continue
        if name not in _HOOKS:
            near = difflib.get_close_matches(name, _HOOKS, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(_HOOKS)}"
            raise TypeError(f"{cls.__name__}.{name}: no such hook{hint}")
        if inspect.iscoroutinefunction(value):
            raise TypeError(f"{cls.__name__}.{name}: hooks are plain functions, not async")
        wanted = len(inspect.signature(_HOOKS[name]).parameters)
        try:
            inspect.signature(value).bind(*range(wanted))
        except TypeError:
            raise TypeError(
                f"{cls.__name__}.{name}: takes {inspect.signature(_HOOKS[name])}"
            ) from None


def _check_state_fields(cls: type[Strategy]) -> None:
    for name in cls.state_fields:
        if not hasattr(cls, name) or name in cls.parameters or hasattr(Strategy, name):
            raise TypeError(
                f"{cls.__name__}.state_fields: {name!r} needs a default of its own at class level"
            )
