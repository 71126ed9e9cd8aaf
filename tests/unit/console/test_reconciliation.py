"""The routes about differences: what is shown, what is taken, what is refused."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from homalos.console import reconciliation
from homalos.console.problems import Problem
from homalos.model.enums import Direction


class Books:
    def __init__(self) -> None:
        self.state: dict[str, Any] = {"differences": ["a", "b"], "confirmed": True, "missing": []}
        self.commands: list[tuple[Any, ...]] = []

    def reconciliation(self) -> dict[str, Any]:
        return self.state

    def reconcile(self, who: str) -> None:
        self.commands.append(("ask", who))

    def accept_venue(self, differences: tuple[str, ...], who: str) -> None:
        self.commands.append(("accept", differences, who))

    def assign_loss(self, *loss: Any) -> None:
        self.commands.append(("assign", *loss))


class Principal:
    name = "me"


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def page(books: Books) -> Any:
    app = FastAPI()

    @app.exception_handler(Problem)
    async def problem(_: Any, error: Problem) -> Any:
        return error.response()

    @app.middleware("http")
    async def known(request: Any, call_next: Any) -> Any:
        request.scope["principal"] = Principal
        return await call_next(request)

    reconciliation.add(app, books, books)  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app=app)

    async def say(path: str, body: Any = None) -> tuple[int, Any]:
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            path = f"/api/v1/reconciliation{path}"
            reply = await (client.get(path) if body is None else client.post(path, json=body))
            return reply.status_code, reply.json()

    return lambda *words: asyncio.run(say(*words))


def test_the_state_is_shown_and_asked_for(page: Any, books: Books) -> None:
    assert page("") == (200, books.state)
    assert page("/ask", {})[0] == 202
    assert books.commands == [("ask", "me")]


def test_exactly_what_was_shown_is_accepted(page: Any, books: Books) -> None:
    assert page("/accept", {"differences": ["a"]})[0] == 409
    assert page("/accept", {"differences": []})[0] == 422
    assert page("/accept", {"differences": ["a", "b"]})[0] == 202
    books.state["confirmed"] = False
    status, told = page("/accept", {"differences": ["a", "b"]})
    assert (status, told["code"]) == (409, "other_differences")
    assert books.commands == [("accept", ("a", "b"), "me")]


def test_missing_lots_are_assigned(page: Any, books: Books) -> None:
    loss = {"instrument": "SHFE.rb2605", "direction": "long", "strategy": "alpha", "lots": 2}
    assert page("/assign", loss)[0] == 404
    books.state["missing"] = [{"instrument": "SHFE.rb2605", "direction": "long"}]
    assert page("/assign", loss | {"lots": 0})[0] == 422
    assert page("/assign", loss)[0] == 202
    assert books.commands == [("assign", "SHFE.rb2605", Direction.LONG, "alpha", 2, "me")]
