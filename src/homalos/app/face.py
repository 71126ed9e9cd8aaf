"""What the console reads and commands: living state on the loop's thread, commands as events."""

import heapq
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from homalos.app.manual import ManualDesk
from homalos.console.placing import ManualConditional, ManualOrder
from homalos.engine import Engine
from homalos.kernel.lifecycle import Services
from homalos.model.breaking import CloseBreaker
from homalos.model.conditional import LOCAL
from homalos.model.enums import (
    Direction,
    KillScope,
    OrderStatus,
    Severity,
    Side,
    TradingState,
)
from homalos.model.event import Event, Record
from homalos.model.events import (
    ORDER_FACTS,
    ActorQuarantined,
    AlertRaised,
    BeginFlatten,
    CancelConditional,
    CancelOrder,
    ConnectionChanged,
    EndFlatten,
    HandlerFailed,
    IntentChanged,
    KillSwitch,
    OrderFact,
    ReplaceOrder,
    SetTradingState,
    StrategyCommand,
    TradeFilled,
    TradingDayChanged,
)
from homalos.model.ids import InstrumentId, OrderId, StrategyId
from homalos.model.reconciling import AcceptVenue, AssignLoss, Reconcile
from homalos.model.trading import Account, Order, Position, StrategyPerformance, Trade
from homalos.trading.states import LIVE
from homalos.trading.watch import telling

KEPT = 200
_DENIED = OrderStatus.DENIED


class Face:
    """``console.protocols.Queries`` and ``Commands`` over the engine."""

    def __init__(
        self,
        engine: Engine,
        services: Services,
        *,
        replay: str | None,
        run: int,
        extra: Callable[[], dict[str, Any]],
    ) -> None:
        self._engine = engine
        self._services = services
        self._replay = replay
        self._extra = extra
        self._manual = ManualDesk(engine, run)
        self._trades: deque[Trade] = deque(maxlen=KEPT)
        self._recent: OrderedDict[OrderId, Order] = OrderedDict()
        """Orders that changed last, the newest at the end."""
        self._recovered = False
        """Whether ``_recent`` holds what was known before the first fact (a restart's orders)."""
        self._alerts: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._lines: dict[str, bool] = {"md": False, "td": False}
        self._day = 0

    def attach(self) -> None:
        bus = self._engine.bus
        for event, handler in (
            (TradeFilled, self._on_trade),
            *((fact, self._on_order) for fact in ORDER_FACTS),
            (AlertRaised, self._on_alert),
            (HandlerFailed, self._on_failed),
            (ActorQuarantined, self._on_quarantined),
            (ConnectionChanged, self._on_line),
            (TradingDayChanged, self._on_day),
        ):
            bus.subscribe(event, handler, actor="face", role="console", background=True)  # type: ignore[arg-type]

    def _on_trade(self, event: TradeFilled) -> None:
        self._trades.appendleft(event.trade)

    def _on_order(self, event: OrderFact) -> None:
        self._keep(event.order)

    def _keep(self, order: Order) -> None:
        self._recent[order.id] = order
        self._recent.move_to_end(order.id)
        if len(self._recent) > KEPT:
            self._recent.popitem(last=False)

    def _on_line(self, event: ConnectionChanged) -> None:
        self._lines[event.channel.value] = event.connected

    def _on_day(self, event: TradingDayChanged) -> None:
        self._day = event.trading_day

    def _on_alert(self, event: AlertRaised) -> None:
        self._note(event.ts_init, event.severity, event.source, event.text)

    def _on_failed(self, event: HandlerFailed) -> None:
        self._note(event.ts_init, Severity.ERROR, event.actor, f"{event.event}: {event.error}")

    def _on_quarantined(self, event: ActorQuarantined) -> None:
        self._note(event.ts_init, Severity.CRITICAL, event.actor, event.why)

    def _note(self, ts: int, severity: Severity, source: str, text: str) -> None:
        self._alerts.appendleft(
            {"ts": ts, "severity": severity.value, "source": source, "text": text}
        )

    # ------------------------------------------------------------ queries

    def status(self) -> dict[str, Any]:
        engine = self._engine
        control = engine.control
        open_orders = engine.orders.live()
        return {
            "gateway": engine.gateway.name,
            "simulated": engine.gateway.simulated,
            "replay": self._replay,
            "account": engine.books.account_id,
            "trading_day": self._day or None,
            "now": engine.clock.now(),
            "md_connected": self._lines["md"],
            "td_connected": self._lines["td"],
            "lines": [_plain(line) for line in engine.gateway.health()],
            "opaque_positions": [_plain(p) for p in engine.gateway.opaque_positions()],
            "trading_state": control.state.value,
            "trading_state_who": control.who,
            "trading_state_why": control.why,
            "trading_state_when": control.when,
            "trading_ceiling": control.ceiling.value,
            "broker_phone": engine.config.trading.broker_phone,
            "flatten": [_plain(job) for job in engine.flatten.jobs()],
            "live_orders": sum(order.status in LIVE for order in open_orders),
            "open_orders": len(open_orders),
            "ticks": engine.gate.verdicts["accepted"],
            **self._extra(),
        }

    def services(self) -> list[dict[str, Any]]:
        return self._services.table()

    def statistics(self) -> dict[str, Any]:
        engine = self._engine
        return {
            "lanes": engine.bus.depths(),
            "counters": engine.bus.counters(),
            "subscribers": engine.bus.statistics(),
            "gate": engine.gate.verdicts,
            "risk_denied": engine.risk.denied,
            "risk_skipped": engine.risk.skipped,
            "margin": _margins(engine.books.margins),
            "provisional": engine.books.provisional(),
        }

    def account(self) -> Account | None:
        return self._engine.books.account()

    def positions(self) -> Sequence[Position]:
        return self._engine.books.positions()

    def orders(self, limit: int) -> Sequence[Order]:
        """Live ones first, then those that changed last; at most ``KEPT`` that are over."""
        if not self._recovered:
            self._recover()
        manager = self._engine.orders
        rows = heapq.nlargest(limit, (o for o in manager.live() if o.status in LIVE), key=_changed)
        for id_, told in reversed(self._recent.items()):
            if len(rows) >= limit:
                break
            order = told if told.status is _DENIED else manager.order(id_)
            if order is not None and order.status not in LIVE:
                rows.append(order)
        return rows

    def _recover(self) -> None:
        """Once, before the first answer: what the journal or the venue knew needs no fact."""
        self._recovered = True
        told = [*self._recent.values()]
        self._recent.clear()
        known = (*self._engine.orders.orders(), *(o for o in told if o.status is _DENIED))
        for order in reversed(heapq.nlargest(KEPT, known, key=_changed)):
            self._keep(order)

    def intents(self) -> Sequence[IntentChanged]:
        return self._engine.orders.working.pending()

    def conditionals(self) -> list[dict[str, Any]]:
        """What this daemon alone holds; each row says so."""
        held = self._engine.conditionals
        local_en, local_zh = LOCAL.split(" / ")
        notes = {"local": True, "note_en": local_en, "note_zh": local_zh}
        return [_plain(order) | notes | {"suspended": held.suspended} for order in held.live()]

    def reconciliation(self) -> dict[str, Any]:
        now = self._engine.orders.sync.adjusting
        return {
            "differences": list(now.differences),
            "confirmed": now.confirmed,
            "missing": [
                {
                    "instrument": row.instrument,
                    "direction": row.direction.value,
                    "lots": row.lots,
                    "owners": [{"strategy": name, "lots": lots} for name, lots in row.owners],
                }
                for row in now.missing
            ],
        }

    def breakers(self) -> list[dict[str, Any]]:
        """Circuit breakers that are open."""
        return [_plain(found) for found in self._engine.breaker.open.values()]

    def losses(self) -> dict[str, Any]:
        """Losses, drawdowns and margin use against their limits and levels."""
        return telling.told(self._engine.losses)

    def programme(self) -> dict[str, Any]:
        """What the exchanges count of programme trading, today."""
        return self._engine.programme.rows()

    def has_order(self, order_id: OrderId) -> bool:
        """By its own id, or by its intent's, as a cancel finds it."""
        manager = self._engine.orders
        return order_id in manager.working.plans or bool(manager.registry.of_intent(order_id))

    def has_contract(self, instrument: InstrumentId) -> bool:
        return self._engine.books.contract(instrument) is not None

    def last_price(self, instrument: InstrumentId) -> float | None:
        return self._engine.books.marks.get(instrument)

    def opens(self, instrument: InstrumentId, side: Side) -> bool:
        return self._manual.opens(instrument, side)

    def trades(self, limit: int) -> Sequence[Trade]:
        return list(self._trades)[:limit]

    def alerts(self, limit: int) -> list[dict[str, Any]]:
        return list(self._alerts)[:limit]

    def strategies(self) -> list[dict[str, Any]]:
        books = self._engine.books.books()
        performances = {p.strategy: p for p in self._engine.books.performances.records()}
        rows = []
        for info in self._engine.strategies.strategies():
            mine = [b for b in books if b.strategy == info.id]
            rows.append(
                {
                    "id": info.id,
                    "state": info.state.value,
                    "why": info.why,
                    "file": info.file,
                    "instruments": list(info.instruments),
                    "parameters": [msgspec.structs.asdict(p) for p in info.parameters],
                    "net_lots": sum(b.net_lots for b in mine),
                    "closed_profit": sum(b.closed_profit for b in mine),
                    "position_profit": sum(b.position_profit for b in mine),
                    "fees": sum(b.fees for b in mine),
                    "closed_profit_by_date": sum(b.closed_profit_by_date for b in mine),
                    "position_profit_by_date": sum(b.position_profit_by_date for b in mine),
                    **_performance(performances.get(info.id)),
                    "orders": info.orders,
                    "trades": info.trades,
                    "ticks": info.ticks,
                    "errors": info.errors,
                }
            )
        return rows

    # ------------------------------------------------------------ commands

    def kill(
        self, who: str, why: str, scope: KillScope = KillScope.CANCEL, strategy: str = ""
    ) -> None:
        now = self._engine.clock.now()
        if scope is KillScope.CANCEL:
            self._engine.bus.post(KillSwitch(who, why, now))
        else:
            self._engine.bus.post(BeginFlatten(scope, StrategyId(strategy), who, why, now))

    def end_flatten(self, strategy: str, who: str, why: str) -> None:
        now = self._engine.clock.now()
        self._engine.bus.post(EndFlatten(StrategyId(strategy), who, why, now))

    def close_breaker(self, strategy: str, who: str, why: str) -> None:
        now = self._engine.clock.now()
        self._engine.bus.post(CloseBreaker(StrategyId(strategy), who, why, now))

    def books_of(self, strategy: str) -> bool:
        """Whether anything is known under this name: a strategy, or a book."""
        known = {info.id for info in self._engine.strategies.strategies()}
        return strategy in known or any(b.strategy == strategy for b in self._engine.books.books())

    def set_trading_state(self, state: TradingState, who: str, why: str) -> None:
        self._engine.bus.post(SetTradingState(state, who, why, self._engine.clock.now()))

    def place(self, wanted: ManualOrder, who: str) -> tuple[OrderId, ...] | None:
        return self._manual.place(wanted, who)

    def hold(self, wanted: ManualConditional, who: str) -> tuple[OrderId, ...] | None:
        return self._manual.hold(wanted, who)

    def cancel(self, order_id: OrderId, who: str) -> None:
        self._engine.bus.post(CancelOrder(order_id, who, self._engine.clock.now()))

    def replace(self, order_id: OrderId, price: float | None, lots: int | None, who: str) -> None:
        now = self._engine.clock.now()
        self._engine.bus.post(ReplaceOrder(order_id, price, lots, who, now))

    def cancel_conditional(self, order_id: OrderId, who: str) -> None:
        self._engine.bus.post(CancelConditional(order_id, who, self._engine.clock.now()))

    def reconcile(self, who: str) -> None:
        self._engine.bus.post(Reconcile(who, self._engine.clock.now()))

    def accept_venue(self, differences: tuple[str, ...], who: str) -> None:
        self._engine.bus.post(AcceptVenue(differences, who, self._engine.clock.now()))

    def assign_loss(
        self, instrument: InstrumentId, direction: Direction, strategy: StrategyId, lots: int,
        who: str,
    ) -> None:  # fmt: skip
        now = self._engine.clock.now()
        self._engine.bus.post(AssignLoss(instrument, direction, strategy, lots, who, now))

    def strategy(self, strategy: StrategyId, action: str, who: str, payload: str) -> None:
        now = self._engine.clock.now()
        self._engine.bus.post(StrategyCommand(strategy, action, who, now, payload))


def _margins(known: tuple[float, float] | None) -> dict[str, float | None]:
    """Our margin and the venue's at its last answer, and how far ours is above it."""
    ours, venues = known or (None, None)
    apart = None if ours is None or venues is None else round(ours - venues, 2)
    return {"ours": ours, "venue": venues, "deviation": apart}


def _performance(known: StrategyPerformance | None) -> dict[str, float | None]:
    """Columns of a strategy's row; empty before its first trade."""
    if known is None:
        return dict.fromkeys(("equity", "drawdown", "max_drawdown", "sharpe"))
    return {
        "equity": known.equity,
        "drawdown": known.drawdown,
        "max_drawdown": known.max_drawdown,
        "sharpe": known.sharpe,
    }


def _plain(row: Record | Event) -> Any:
    return msgspec.to_builtins(msgspec.structs.asdict(row))


def _changed(order: Order) -> int:
    return order.ts_event or order.ts_init
