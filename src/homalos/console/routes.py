"""The HTTP face: thin async handlers over ``Queries`` and ``Commands``; bodies are msgspec's."""

from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from homalos.console.guard import Guard
from homalos.console.problems import Problem
from homalos.console.protocols import Commands, Queries
from homalos.console.rows import order_row
from homalos.console.sessions import Sessions
from homalos.console.static import Assets
from homalos.model.enums import KillScope, TradingState
from homalos.model.ids import OrderId, StrategyId

T = TypeVar("T")
LIST_MAX = 200
ORDER_ID_MAX = 64
STRATEGY_ACTIONS = ("start", "stop", "reload", "unload", "set")

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Exchange(msgspec.Struct, forbid_unknown_fields=True):
    token: Annotated[str, msgspec.Meta(max_length=200)]


class Kill(msgspec.Struct, forbid_unknown_fields=True):
    """``scope`` cancel: halt and cancel; strategy, daemon, account: and close what they hold."""

    reason: Reason
    scope: KillScope = KillScope.CANCEL
    strategy: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """Of scope ``strategy``."""


class EndOfFlatten(msgspec.Struct, forbid_unknown_fields=True):
    reason: Reason
    strategy: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """Empty: every flatten."""


class CloseBreaker(msgspec.Struct, forbid_unknown_fields=True):
    reason: Reason
    strategy: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """Empty: the account's."""


class SetState(msgspec.Struct, forbid_unknown_fields=True):
    state: TradingState
    reason: Reason


class LoadStrategy(msgspec.Struct, forbid_unknown_fields=True):
    """Load the strategy of this name from strategies.yaml, or as ``entry`` describes it."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.\-]{1,64}$")]
    entry: dict[str, Any] | None = None


class Parameters(msgspec.Struct, forbid_unknown_fields=True):
    parameters: dict[str, Any]


def build(
    queries: Queries, commands: Commands, sessions: Sessions, guard_of: "GuardBox", assets: Assets
) -> FastAPI:
    """The routes, without the guard (``Guard`` wraps the result)."""
    app = FastAPI(
        title="Homalos",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    _errors(app)
    _pages(app, assets)
    _login(app, sessions, guard_of)
    _reads(app, queries)
    _strategies(app, queries, commands)
    _orders(app, queries, commands)
    return app


class GuardBox:
    """The guard wraps the app that needs it for the cookie's name: known after both are made."""

    guard: Guard


def answer(value: object, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(value),
        status,
        {"cache-control": "no-store"},
        media_type="application/json",
    )


async def body(request: Request, kind: type[T]) -> T:
    """The request's body as ``kind``; a ``Problem`` that names the fault otherwise."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except ClientDisconnect:
        raise Problem(408, "too_slow", "the body did not arrive in time") from None
    except msgspec.ValidationError as error:
        raise Problem(422, "invalid", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "malformed", str(error)) from None


def limit(request: Request) -> int:
    """``?limit=`` between 1 and 200, 100 by default."""
    text = request.query_params.get("limit", "100")
    number = text.isascii() and text.isdecimal() and len(text) <= len(str(LIST_MAX))
    if not number or not 1 <= int(text) <= LIST_MAX:
        raise Problem(422, "invalid", f"limit is a number from 1 to {LIST_MAX}")
    return int(text)


def who(request: Request) -> str:
    principal = request.scope["principal"]
    return str(principal.name)


def _errors(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def problem(_: Request, error: Problem) -> Response:
        return error.response()

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> Response:
        code = {404: "not_found", 405: "wrong_method"}.get(error.status_code, "http_error")
        return Problem(error.status_code, code, str(error.detail)).response()


def _pages(app: FastAPI, assets: Assets) -> None:
    @app.get("/", include_in_schema=False)
    async def page(request: Request) -> Response:
        name = "index.html" if request.scope["principal"] is not None else "login.html"
        return assets.response(name, request.headers.get("if-none-match"))

    @app.get("/assets/{name}", include_in_schema=False)
    async def asset(request: Request, name: str) -> Response:
        return assets.response(name, request.headers.get("if-none-match"))


def _login(app: FastAPI, sessions: Sessions, box: GuardBox) -> None:
    @app.post("/api/v1/auth/exchange")
    async def exchange(request: Request) -> Response:
        """A one-time token for a session's cookie."""
        wanted = await body(request, Exchange)
        secret = sessions.exchange(wanted.token)
        if secret is None:
            raise Problem(
                403,
                "link_spent",
                "this link was used or is older than two minutes: run `homalos login` / "
                "链接已失效，请运行 homalos login",
            )
        response = answer({"ok": True})
        response.set_cookie(box.guard.cookie, secret, httponly=True, samesite="strict", path="/")
        return response

    @app.post("/api/v1/auth/link")
    async def link(request: Request) -> Response:
        """A new one-time token, for the command line."""
        if request.scope["principal"].browser:
            raise Problem(403, "programs_only", "only a bearer token may ask for a link")
        return answer({"token": sessions.new_link()})

    @app.post("/api/v1/auth/logout")
    async def logout(request: Request) -> Response:
        secret = request.cookies.get(box.guard.cookie)
        if secret:
            sessions.revoke(secret)
        response = answer({"ok": True})
        response.delete_cookie(box.guard.cookie, path="/")
        return response


def _reads(app: FastAPI, queries: Queries) -> None:
    @app.get("/healthz")
    async def health() -> Response:
        """Open to all: whether every service is well, and nothing else."""
        try:
            well = all(row["healthy"] for row in queries.services())
        except Exception:  # noqa: BLE001  whoever watches needs an answer, above all now
            well = False
        return answer({"status": "ok" if well else "degraded"}, 200 if well else 503)

    @app.get("/api/v1/system/status")
    async def status() -> Response:
        return answer(queries.status())

    @app.get("/api/v1/system/services")
    async def services() -> Response:
        return answer(queries.services())

    @app.get("/api/v1/system/statistics")
    async def statistics() -> Response:
        """Subscribers, lanes, gate verdicts, store, latency: what was counted."""
        return answer(queries.statistics())

    @app.get("/api/v1/account")
    async def account() -> Response:
        return answer(_named(queries.account()))

    @app.get("/api/v1/positions")
    async def positions() -> Response:
        return answer([_named(p) for p in queries.positions()])

    @app.get("/api/v1/risk/losses")
    async def losses() -> Response:
        """``account`` and each of ``strategies``: loss of the day and drawdown with limits, and the
        sentence of one that stands; margin use; the levels, and which have acted."""
        return answer(queries.losses())

    @app.get("/api/v1/orders")
    async def orders(request: Request) -> Response:
        return answer([order_row(o) for o in queries.orders(limit(request))])

    @app.get("/api/v1/conditionals")
    async def conditionals() -> Response:
        """Conditional orders: held by this daemon, unknown to every exchange."""
        return answer(queries.conditionals())

    @app.get("/api/v1/trades")
    async def trades(request: Request) -> Response:
        return answer([_named(t) for t in queries.trades(limit(request))])

    @app.get("/api/v1/alerts")
    async def alerts(request: Request) -> Response:
        return answer(queries.alerts(limit(request)))


def _strategies(app: FastAPI, queries: Queries, commands: Commands) -> None:
    def known(name: str) -> StrategyId:
        if not any(row["id"] == name for row in queries.strategies()):
            raise Problem(404, "no_strategy", f"there is no strategy {name}")
        return StrategyId(name)

    @app.get("/api/v1/strategies")
    async def listing() -> Response:
        return answer(queries.strategies())

    @app.post("/api/v1/strategies")
    async def load(request: Request) -> Response:
        """Load a strategy: 202, its state arrives on the socket."""
        wanted = await body(request, LoadStrategy)
        if any(row["id"] == wanted.id for row in queries.strategies()):
            raise Problem(409, "strategy_exists", f"{wanted.id} is loaded already")
        payload = msgspec.json.encode(wanted.entry).decode() if wanted.entry is not None else ""
        commands.strategy(StrategyId(wanted.id), "load", who(request), payload)
        return answer({"accepted": True, "id": wanted.id}, 202)

    @app.post("/api/v1/strategies/{name}/{action}")
    async def act(request: Request, name: str, action: str) -> Response:
        """``start`` ``stop`` ``reload`` ``unload``; ``set`` with ``{"parameters": {...}}``."""
        if action not in STRATEGY_ACTIONS:
            raise Problem(404, "no_action", f"{action}: one of {', '.join(STRATEGY_ACTIONS)}")
        strategy = known(name)
        payload = ""
        if action == "set":
            payload = msgspec.json.encode((await body(request, Parameters)).parameters).decode()
        commands.strategy(strategy, action, who(request), payload)
        return answer({"accepted": True, "id": name}, 202)


def _orders(app: FastAPI, queries: Queries, commands: Commands) -> None:
    @app.post("/api/v1/orders/{order_id}/cancel")
    async def cancel(request: Request, order_id: str) -> Response:
        """Cancel an order, or all orders of an intent."""
        if len(order_id) > ORDER_ID_MAX:
            raise Problem(422, "invalid", f"an order id has at most {ORDER_ID_MAX} characters")
        if not queries.has_order(OrderId(order_id)):
            raise Problem(404, "no_order", f"no order of this trading day has the id {order_id}")
        commands.cancel(OrderId(order_id), who(request))
        return answer({"accepted": True, "id": order_id}, 202)

    @app.post("/api/v1/conditionals/{order_id}/cancel")
    async def cancel_conditional(request: Request, order_id: str) -> Response:
        """End a conditional order that has not fired; of a bracket's id, all its legs."""
        rows = queries.conditionals()
        if not any(order_id in (row["id"], row["group"]) for row in rows):
            raise Problem(404, "no_order", f"no conditional order has the id {order_id}")
        commands.cancel_conditional(OrderId(order_id), who(request))
        return answer({"accepted": True, "id": order_id}, 202)

    @app.post("/api/v1/risk/kill")
    async def kill(request: Request) -> Response:
        """Halt and cancel every working order; with a ``scope`` close positions too.

        202: what came of it is in the status, ``trading_state`` with ``_who``, ``_why`` and
        ``_when``, ``live_orders``, and ``flatten``: how far each has come, until flat.
        """
        wanted = await body(request, Kill)
        one = wanted.scope is KillScope.STRATEGY
        if one != bool(wanted.strategy):
            text = "scope strategy, and it alone, names a strategy / 仅 strategy 范围需指定策略"
            raise Problem(422, "invalid", text)
        if one and not queries.books_of(wanted.strategy):
            raise Problem(404, "no_strategy", f"there is no strategy or book {wanted.strategy}")
        commands.kill(who(request), wanted.reason, wanted.scope, wanted.strategy)
        return answer({"accepted": True}, 202)

    @app.post("/api/v1/risk/flatten/end")
    async def end_flatten(request: Request) -> Response:
        """Stop closing positions. A halt stays."""
        wanted = await body(request, EndOfFlatten)
        commands.end_flatten(wanted.strategy, who(request), wanted.reason)
        return answer({"accepted": True}, 202)

    @app.get("/api/v1/risk/breakers")
    async def breakers() -> Response:
        """``open``: circuit breakers that are, each with its ``strategy`` (empty: the account's),
        ``why``, and ``until`` when nothing may be opened."""
        return answer({"open": queries.breakers()})

    @app.post("/api/v1/risk/breakers/close")
    async def close_breaker(request: Request) -> Response:
        """Let it open positions again before the cool-down is over. 404: it is not open."""
        wanted = await body(request, CloseBreaker)
        if not any(row["strategy"] == wanted.strategy for row in queries.breakers()):
            name = wanted.strategy or "the account"
            raise Problem(404, "no_breaker", f"the breaker of {name} is not open / 未熔断")
        commands.close_breaker(wanted.strategy, who(request), wanted.reason)
        return answer({"accepted": True}, 202)

    @app.post("/api/v1/risk/state")
    async def state(request: Request) -> Response:
        wanted = await body(request, SetState)
        commands.set_trading_state(wanted.state, who(request), wanted.reason)
        return answer({"accepted": True}, 202)


def _named(record: Any) -> Any:
    """Records travel as arrays on the bus; the API names their fields."""
    return None if record is None else msgspec.structs.asdict(record)
