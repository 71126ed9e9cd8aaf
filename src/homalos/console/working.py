"""Routes about intents that the daemon works on beyond their first orders, and the replacing of an
order."""

from typing import Annotated

import msgspec
from fastapi import FastAPI, Request
from starlette.responses import Response

from homalos.console.problems import Problem
from homalos.console.protocols import Commands, Queries
from homalos.console.routes import answer, body, who
from homalos.console.rows import intent_row
from homalos.model.ids import OrderId


class NewTerms(msgspec.Struct, forbid_unknown_fields=True):
    """What changes; ``lots`` of the whole intent, what it has traded included."""

    price: Annotated[float, msgspec.Meta(gt=-1e12, lt=1e12)] | None = None
    lots: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None


def add(app: FastAPI, queries: Queries, commands: Commands) -> None:
    """Add the routes to ``app``."""

    @app.get("/api/v1/intents")
    async def intents() -> Response:
        """Those that are held or worked on. ``pending_lots``: not at the venue, still to be
        sent."""
        return answer([intent_row(event) for event in queries.intents()])

    @app.post("/api/v1/orders/{order_id}/replace")
    async def replace(request: Request, order_id: str) -> Response:
        """Cancel it, wait for its end, send what is left at the new terms: 202, and what came of it
        is in the orders and the alerts. A price off the tick grid is denied by risk."""
        terms = await body(request, NewTerms)
        if terms.price is None and terms.lots is None:
            raise Problem(422, "invalid", "a new price or new lots / 需给出新价格或新手数")
        if not queries.has_order(OrderId(order_id)):
            raise Problem(404, "no_order", f"no order of this trading day has the id {order_id}")
        commands.replace(OrderId(order_id), terms.price, terms.lots, who(request))
        return answer({"accepted": True, "id": order_id}, 202)
