"""What the exchanges count of programme trading, as the daemon counts it."""

from fastapi import FastAPI
from starlette.responses import Response

from homalos.console.protocols import Queries
from homalos.console.routes import answer


def add(app: FastAPI, queries: Queries) -> None:
    """Add the route to ``app``."""

    @app.get("/api/v1/risk/programme")
    async def programme() -> Response:
        """Counters of the trading day by exchange and by contract. Of each: ``count`` is what the
        limits hold for, ``own`` this account's part and ``group`` that of the others of its group;
        ``soft``: from here on what would add to it is denied; ``limit``: the exchange's (null: none
        is set). ``order_to_trade``: messages over orders with a fill, less 1."""
        return answer(queries.programme())
