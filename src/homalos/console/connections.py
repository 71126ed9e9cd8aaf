"""Connections to the console: none may hold a place for longer than its use.

uvicorn waits for ever for a request that was begun, and once too many connections stand it answers
503 to everybody, the kill switch too. So a request must be here, head and body, in ``REQUEST_S``;
and when ``CONNECTIONS_MAX`` connections stand, the one that did nothing for longest makes room for
the newest. There is always room for one more command.
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from homalos.kernel.clock import monotonic_ns

REQUEST_S = 5.0
"""From a connection's (or a further request's) beginning to its last byte."""
CONNECTIONS_MAX = 256
"""Of HTTP; the pages' sockets have their own limit, ``console.sockets_max``."""
HEAD_MAX = 64 * 1024
"""Bytes of request line and headers, more or less a read."""


class Connection(HttpToolsProtocol):
    """uvicorn's HTTP connection with a deadline a request, a size of heads, and a place in line."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._deadline: asyncio.TimerHandle | None = None
        self._head_bytes: int | None = None
        """Of the head that is being read; ``None`` when none is."""
        self.active_ns = 0
        """When it began, or completed a request, or an answer; trickled bytes do not count."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.active_ns = monotonic_ns()
        self._expect()
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unexpect()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deadline is None and not self._answering():
            self._expect()
        if self._head_bytes is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes is not None and self._head_bytes > HEAD_MAX:
            self.transport.abort()

    def on_message_begin(self) -> None:
        if self._deadline is None:
            self._expect()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_bytes = None  # what follows is the body, which the guard measures
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._unexpect()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self.active_ns = monotonic_ns()
        super().on_response_complete()

    def handle_websocket_upgrade(self) -> None:
        self._unexpect()
        super().handle_websocket_upgrade()

    def _answering(self) -> bool:
        cycle: Any = self.cycle  # None before the first request, whatever uvicorn's types say
        return cycle is not None and not cycle.response_complete

    def _expect(self) -> None:
        self._head_bytes = 0
        self._deadline = self.loop.call_later(REQUEST_S, self._too_slow)

    def _unexpect(self) -> None:
        self.active_ns = monotonic_ns()
        self._head_bytes = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        self.transport.abort()

    def _make_room(self) -> None:
        """Abort, not close: a peer that reads nothing would never let go of a closed one."""
        if len(self.connections) <= CONNECTIONS_MAX:
            return
        standing = [
            other
            for other in self.connections
            if isinstance(other, Connection) and not other.transport.is_closing()
        ]
        if len(standing) > CONNECTIONS_MAX:
            min(standing, key=lambda other: other.active_ns).transport.abort()
