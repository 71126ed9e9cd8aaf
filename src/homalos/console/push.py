"""What the pages see live: topics that changed, encoded once, sent to each page at its own pace.

A topic is state, so only its newest value counts: a slow page skips values and never holds up
anybody, and memory is bounded by topics times pages.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from loguru import logger
from starlette.websockets import WebSocket, WebSocketDisconnect

from homalos.console.problems import Problem
from homalos.console.protocols import Queries
from homalos.console.rows import intent_row, order_row
from homalos.kernel.bus import Bus
from homalos.model.breaking import BreakerChanged
from homalos.model.event import Event
from homalos.model.events import (
    ORDER_FACTS,
    AccountSnapshot,
    ActorQuarantined,
    AlertRaised,
    ConditionalChanged,
    ConfigChanged,
    ConfigRefused,
    ConnectionChanged,
    FlattenChanged,
    HandlerFailed,
    IntentChanged,
    PhaseChanged,
    Reconciled,
    StrategyParametersChanged,
    StrategyStateChanged,
    TradeFilled,
    TradingDayChanged,
    TradingStateChanged,
)
from homalos.model.reconciling import LossAssigned

ROWS = 50

TOPICS: dict[str, tuple[type[Event], ...]] = {
    "status": (
        TradingStateChanged,
        ConnectionChanged,
        TradingDayChanged,
        PhaseChanged,
        Reconciled,
        ConfigChanged,
        FlattenChanged,
    ),
    "account": (AccountSnapshot,),
    "positions": (AccountSnapshot,),
    "orders": ORDER_FACTS,
    "intents": (IntentChanged,),
    "conditionals": (ConditionalChanged, Reconciled, ConnectionChanged, TradingStateChanged),
    "reconciliation": (Reconciled, TradeFilled, LossAssigned),
    "limits": (AccountSnapshot, BreakerChanged, TradingDayChanged, ConfigChanged),
    "trades": (TradeFilled,),
    "strategies": (StrategyStateChanged, StrategyParametersChanged, AccountSnapshot),
    "alerts": (AlertRaised, HandlerFailed, ActorQuarantined, ConfigRefused),
}


class Page:
    """One connected socket: the topics that it has not got yet."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.waiting: dict[str, bytes] = {}
        self.ready = asyncio.Event()


class Pusher:
    """Marks topics from the bus (in the background), flushes them ``push_hz`` times a second."""

    def __init__(self, bus: Bus, queries: Queries, push_hz: float, sockets_max: int) -> None:
        self._bus = bus
        self._queries = queries
        self._dirty: set[str] = set(TOPICS)
        self._latest: dict[str, bytes] = {}
        self._broken: dict[str, str] = {}
        """Topics that cannot be read, with the error: told once, tried again each time."""
        self._pages: set[Page] = set()
        self._task: asyncio.Task[None] | None = None
        self.configure(push_hz, sockets_max)
        self._reads: dict[str, Callable[[], Any]] = {
            "status": queries.status,
            "account": queries.account,
            "positions": queries.positions,
            "orders": lambda: [order_row(order) for order in queries.orders(ROWS)],
            "intents": lambda: [intent_row(event) for event in queries.intents()],
            "conditionals": queries.conditionals,
            "reconciliation": queries.reconciliation,
            "limits": lambda: {
                "losses": queries.losses(),
                "programme": queries.programme(),
                "breakers": queries.breakers(),
            },
            "trades": lambda: queries.trades(ROWS),
            "strategies": queries.strategies,
            "alerts": lambda: queries.alerts(ROWS),
        }

    def configure(self, push_hz: float, sockets_max: int) -> None:
        self._period_s = 1 / push_hz
        self._sockets_max = sockets_max

    def attach(self) -> None:
        """Subscribe in the background; the page may be skipped when that lane is overfull."""
        by_event: dict[type[Event], list[str]] = {}
        for topic, events in TOPICS.items():
            for event in events:
                by_event.setdefault(event, []).append(topic)
        for event, topics in by_event.items():
            self._bus.subscribe(
                event,
                self._marker(topics),
                actor="console",
                role="console",
                background=True,
                conflates=True,
            )

    def _marker(self, topics: list[str]) -> Callable[[Event], None]:
        def mark(_: Event) -> None:
            self._dirty.update(topics)

        return mark

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(
            self._flush_for_ever(), name="console push"
        )

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        for page in list(self._pages):
            await page.socket.close(1001)

    def health(self) -> str | None:
        """``None`` when the pages get their updates, else what they miss."""
        if self._task is not None and self._task.done():
            return "the pages' updates have ended"
        if self._broken:
            faults = "; ".join(f"{topic}: {error}" for topic, error in sorted(self._broken.items()))
            return f"pages miss updates of {faults}"
        return None

    @property
    def pages(self) -> int:
        return len(self._pages)

    async def _flush_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._period_s)
            if self._pages:
                dirty, self._dirty = self._dirty | {"status", *self._broken}, set()
                for topic in sorted(dirty):
                    self._flush(topic)
                    await asyncio.sleep(0)

    def _flush(self, topic: str) -> None:
        """Encode a topic for all pages where it changed. A fault stays with its topic."""
        try:
            message = self._encode(topic)
        except Exception as error:  # noqa: BLE001  isolation: the other topics go on
            if topic not in self._broken:
                logger.opt(exception=error).error("the pages' topic {} cannot be read", topic)
            self._broken[topic] = f"{type(error).__name__}: {error}"
            return
        self._broken.pop(topic, None)
        if message == self._latest.get(topic):
            return
        self._latest[topic] = message
        for page in self._pages:
            page.waiting[topic] = message
            page.ready.set()

    def _encode(self, topic: str) -> bytes:
        value = self._reads[topic]()
        if isinstance(value, (list, tuple)):
            value = [_named(item) for item in value]
        return msgspec.json.encode({"t": topic, "d": _named(value)})

    async def serve(self, socket: WebSocket) -> None:
        """One page, until it goes away: everything at once, then what changes.

        One page too many is refused before its handshake, with 429.
        """
        if len(self._pages) >= self._sockets_max:
            text = f"{self._sockets_max} pages are open: close one, or raise console.sockets_max"
            await socket.send_denial_response(Problem(429, "too_many_pages", text).response())
            return
        page = Page(socket)
        self._pages.add(page)
        listener: asyncio.Task[None] | None = None
        try:
            await socket.accept()
            for topic in TOPICS:
                self._flush(topic)
            page.waiting = dict(self._latest)
            page.ready.set()
            listener = asyncio.create_task(_listen(page))
            await self._send(page, listener)
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            self._pages.discard(page)
            if listener is not None:
                listener.cancel()

    async def _send(self, page: Page, listener: asyncio.Task[None]) -> None:
        while not listener.done():
            await page.ready.wait()
            page.ready.clear()
            waiting, page.waiting = page.waiting, {}
            for message in waiting.values():
                await page.socket.send_text(message.decode())


async def _listen(page: Page) -> None:
    """Pages send nothing that matters; this notices that they left."""
    try:
        while True:
            await page.socket.receive_text()
    except (WebSocketDisconnect, KeyError, RuntimeError):
        page.ready.set()


def _named(value: Any) -> Any:
    return msgspec.structs.asdict(value) if isinstance(value, msgspec.Struct) else value
