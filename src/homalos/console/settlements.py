"""Routes about settlement statements: what is in the store, read beside the loop."""

import asyncio
import sqlite3

from fastapi import FastAPI, Request
from starlette.responses import Response

from homalos.console.problems import Problem
from homalos.console.protocols import Statements
from homalos.console.routes import limit

_DAY = 8


def add(app: FastAPI, store: Statements) -> None:
    """Add the routes to ``app``."""

    @app.get("/api/v1/settlements")
    async def settlements(request: Request) -> Response:
        """Settlement statements, the newest first: ``result`` (agreed, differs, partly, unread,
        no_books, none), ``figures`` of both sides, ``differences``, ``corrections``, ``notes``;
        with ``day`` that trading day's alone."""
        day = _day(request.query_params.get("day"))
        try:
            raw = await asyncio.to_thread(store.statements, trading_day=day, limit=limit(request))
        except sqlite3.Error as error:
            raise Problem(503, "no_store", f"the store cannot be read: {error}") from None
        return Response(raw, media_type="application/json")


def _day(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) == _DAY):
        raise Problem(422, "invalid", "day is a trading day, like 20260105 / 交易日格式 20260105")
    return int(text)
