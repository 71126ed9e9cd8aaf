"""Routes about differences between books and venue, and about lots that are gone."""

from typing import Annotated

import msgspec
from fastapi import FastAPI, Request
from starlette.responses import Response

from homalos.console.problems import Problem
from homalos.console.protocols import Commands, Queries
from homalos.console.routes import answer, body, who
from homalos.model.enums import Direction
from homalos.model.ids import InstrumentId, StrategyId

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Accepted(msgspec.Struct, forbid_unknown_fields=True):
    """The differences word for word, as they were shown."""

    differences: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=1_000)]


class Loss(msgspec.Struct, forbid_unknown_fields=True):
    instrument: Name
    direction: Direction
    strategy: Name
    lots: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


def add(app: FastAPI, queries: Queries, commands: Commands) -> None:
    """Add the routes to ``app``."""

    @app.get("/api/v1/reconciliation")
    async def state() -> Response:
        """``differences`` of the venue's last answer that nothing explained; ``confirmed``: two
        answers agreed in them; ``missing``: lots that strategies claim and the account has not."""
        return answer(queries.reconciliation())

    @app.post("/api/v1/reconciliation/ask")
    async def ask(request: Request) -> Response:
        """Compare books and venue now. 202: what came of it is in ``GET``."""
        commands.reconcile(who(request))
        return answer({"accepted": True}, 202)

    @app.post("/api/v1/reconciliation/accept")
    async def accept(request: Request) -> Response:
        """Take the venue's word for exactly these differences. 409: they are others by now, or
        have not been seen twice."""
        wanted = await body(request, Accepted)
        now = queries.reconciliation()
        if not now["confirmed"] or wanted.differences != tuple(now["differences"]):
            text = "two answers of the venue did not show exactly these / 差异已变化或尚未确认"
            raise Problem(409, "other_differences", text)
        commands.accept_venue(wanted.differences, who(request))
        return answer({"accepted": True}, 202)

    @app.post("/api/v1/reconciliation/assign")
    async def assign(request: Request) -> Response:
        """Say whose missing lots they were. 404: none are missing there."""
        loss = await body(request, Loss)
        place = (loss.instrument, loss.direction.value)
        rows = queries.reconciliation()["missing"]
        if not any((row["instrument"], row["direction"]) == place for row in rows):
            raise Problem(404, "none_missing", f"no lots of {' '.join(place)} are missing")
        commands.assign_loss(
            InstrumentId(loss.instrument), loss.direction, StrategyId(loss.strategy), loss.lots,
            who(request),
        )  # fmt: skip
        return answer({"accepted": True}, 202)
