"""The guard in front of everything: pure ASGI, before routing, from the request's scope alone.

The attacker is a web page in the trader's own browser (cross-site requests, WebSocket hijacking,
DNS rebinding), then other programs of this machine. So: exactly one ``Host``, which is ours; unsafe
methods and every WebSocket need our own ``Origin``; no CORS headers; and whatever carries data
needs a session's cookie or a bearer token.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from homalos.console.problems import Problem
from homalos.console.sessions import Principal, Sessions

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN_PATHS = frozenset({"/healthz"})
LOGIN_PATHS = frozenset(
    {"/", "/assets/login.js", "/assets/app.css", "/assets/icon.svg", "/api/v1/auth/exchange"}
)
"""Reachable without a session: they hold no data, and serve to make a session."""

SAFE = frozenset({"GET", "HEAD"})
BODY_MAX = 64 * 1024
_CSP = (
    b"default-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", _CSP),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Guard:
    """Wraps the console's application. Puts the ``Principal`` into ``scope["principal"]``."""

    def __init__(self, app: App, sessions: Sessions, port: int) -> None:
        self._app = app
        self._sessions = sessions
        self.hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))
        if port == 80:
            self.hosts |= {"127.0.0.1", "localhost", "[::1]"}
        self.cookie = f"console_sid_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            scope["principal"] = self._admit(scope)
        except Problem as problem:
            await _refuse(problem, scope, receive, send)
            return
        await self._app(scope, receive, _with_headers(send))

    def _admit(self, scope: Scope) -> Principal | None:
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        host = self._host(headers)
        path = scope["path"]
        if path in OPEN_PATHS and scope["type"] == "http" and scope["method"] in SAFE:
            return None
        principal = self._principal(headers)
        self._origin(scope, headers, host, principal)
        if principal is None and not (scope["type"] == "http" and path in LOGIN_PATHS):
            raise Problem(
                401,
                "login_needed",
                "open the link that the daemon printed, or run `homalos login` / "
                "请打开守护进程打印的链接，或运行 homalos login",
            )
        self._body(scope, headers)
        return principal

    def _host(self, headers: dict[bytes, list[bytes]]) -> str:
        hosts = headers.get(b"host", [])
        if len(hosts) != 1 or (host := hosts[0].decode("latin-1").lower()) not in self.hosts:
            raise Problem(421, "wrong_host", "the console answers to this machine's own names only")
        return host

    def _origin(
        self,
        scope: Scope,
        headers: dict[bytes, list[bytes]],
        host: str,
        principal: Principal | None,
    ) -> None:
        """Unsafe requests and sockets must come from our own page, or from a program's token."""
        socket = scope["type"] == "websocket"
        if not socket and scope["method"] in SAFE:
            return
        origins = headers.get(b"origin", [])
        if origins:
            if len(origins) == 1 and origins[0].decode("latin-1").lower() == f"http://{host}":
                return
            raise Problem(403, "wrong_origin", "the request comes from another site's page")
        if principal is not None and not principal.browser:
            return
        site = headers.get(b"sec-fetch-site", [])
        if not socket and site and site[0] in (b"same-origin", b"none"):
            return
        raise Problem(403, "wrong_origin", "no Origin, and no bearer token that would excuse it")

    def _principal(self, headers: dict[bytes, list[bytes]]) -> Principal | None:
        authorization = headers.get(b"authorization", [])
        if authorization:
            scheme, _, token = authorization[0].decode("latin-1").partition(" ")
            found = self._sessions.bearer(token.strip()) if scheme.lower() == "bearer" else None
            if found is None or len(authorization) > 1:
                raise Problem(401, "bad_token", "this bearer token is not known")
            return found
        secret = self.session_secret(headers.get(b"cookie", []))
        return self._sessions.browser(secret) if secret else None

    def session_secret(self, cookies: list[bytes]) -> str | None:
        """The session's secret out of the Cookie headers."""
        for raw in cookies:
            try:
                morsel = SimpleCookie(raw.decode("latin-1")).get(self.cookie)
            except CookieError:
                continue
            if morsel is not None:
                return morsel.value
        return None

    def _body(self, scope: Scope, headers: dict[bytes, list[bytes]]) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE:
            return
        kind = headers.get(b"content-type", [b""])[0].split(b";")[0].strip().lower()
        if kind != b"application/json":
            raise Problem(415, "json_only", "the body must be application/json")
        lengths = headers.get(b"content-length", [])
        if len(lengths) != 1 or not lengths[0].isdigit():
            raise Problem(411, "length_needed", "Content-Length is needed")
        if int(lengths[0]) > BODY_MAX:
            raise Problem(413, "too_large", f"at most {BODY_MAX} bytes")


def _with_headers(send: Send) -> Send:
    async def wrapped(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *HEADERS]
        await send(message)

    return wrapped


async def _refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send(
            {"type": "websocket.close", "code": 4000 + problem.status, "reason": problem.code}
        )
        return
    await problem.response()(scope, receive, _with_headers(send))
