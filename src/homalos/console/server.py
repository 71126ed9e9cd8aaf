"""The console as one service: uvicorn inside the daemon's loop, without threads or signals."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.websockets import WebSocket

from homalos.config.sections.console import ConsoleSection
from homalos.console import placing, programme, reconciliation, settlements, working
from homalos.console.connections import Connection
from homalos.console.guard import Guard
from homalos.console.protocols import Commands, Queries, Statements
from homalos.console.push import Pusher
from homalos.console.routes import GuardBox, build
from homalos.console.sessions import Sessions
from homalos.console.static import Assets
from homalos.kernel.bus import Bus


class PortTakenError(OSError):
    """The console's port belongs to somebody else; the message names the cure."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The daemon handles its signals itself."""
        yield


class Console:
    """Start after the core; stop before it."""

    def __init__(
        self,
        bus: Bus,
        section: ConsoleSection,
        queries: Queries,
        commands: Commands,
        data_dir: Path,
        statements: Statements | None = None,
    ) -> None:
        self._section = section
        self._sessions = Sessions(
            data_dir / "console", idle_h=section.session_idle_h, max_h=section.session_max_h
        )
        self.pusher = Pusher(bus, queries, section.push_hz, section.sockets_max)
        box = GuardBox()
        app = build(queries, commands, self._sessions, box, Assets())
        programme.add(app, queries)
        reconciliation.add(app, queries, commands)
        working.add(app, queries, commands)
        if statements is not None:
            settlements.add(app, statements)
        placing.add(app, queries, commands)

        @app.websocket("/api/v1/ws")
        async def live(websocket: WebSocket) -> None:
            await self.pusher.serve(websocket)

        box.guard = Guard(app, self._sessions, section.port)
        self._config = uvicorn.Config(
            box.guard,
            http=Connection,
            log_config=None,
            access_log=False,
            log_level="warning",
            server_header=False,
            lifespan="off",
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            ws_max_size=65_536,
            timeout_graceful_shutdown=2,
        )
        self._server = _Server(self._config)
        self._task: asyncio.Task[None] | None = None

    def configure(self, section: ConsoleSection) -> None:
        """Apply the keys that hold at once."""
        self._sessions.set_limits(section.session_idle_h, section.session_max_h)
        self.pusher.configure(section.push_hz, section.sockets_max)

    def attach(self) -> None:
        self.pusher.attach()

    async def start(self) -> None:
        """Listen. ``PortTakenError`` when the port is not free."""
        listener = self._listen()
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]), name="console")
        while not self._server.started:
            if self._task.done():
                await self._task
                raise RuntimeError("the console's server ended at its start")
            await asyncio.sleep(0.005)
        self.pusher.start()

    async def stop(self) -> None:
        await self.pusher.stop()
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._sessions.close()

    def health(self) -> str | None:
        if self._task is not None and self._task.done():
            return "the console's server has ended"
        return self.pusher.health()

    def login_url(self) -> str:
        """A link for one login within two minutes; its secret is in the fragment."""
        return f"http://{self._name()}:{self._section.port}/#t={self._sessions.new_link()}"

    def url(self) -> str:
        return f"http://{self._name()}:{self._section.port}/"

    def _name(self) -> str:
        return "[::1]" if self._section.host == "::1" else self._section.host

    def _listen(self) -> socket.socket:
        host, port = self._section.host, self._section.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            listener.close()
            raise PortTakenError(
                error.errno,
                f"port {port} of {host} is taken: choose another with --port N / "
                f"端口 {port} 已被占用，请用 --port 指定其他端口",
            ) from None
        listener.setblocking(False)
        return listener
