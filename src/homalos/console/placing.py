"""Routes by which a person sends orders: they are booked as ``manual``, and take the way of every
order, through the stages, the risk gate and the journal."""

from itertools import pairwise
from typing import Annotated

import msgspec
from fastapi import FastAPI, Request
from starlette.responses import Response

from homalos.console.problems import Problem
from homalos.console.protocols import Commands, Queries
from homalos.console.routes import answer, body, who
from homalos.model.conditional import LOCAL, ConditionalKind, GapPolicy, TriggerSource
from homalos.model.enums import Offset, OnTimeout, OrderKind, Side, TimeInForce
from homalos.model.ids import InstrumentId, OrderId

Lots = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Price = Annotated[float, msgspec.Meta(gt=0, lt=1e12)]
Key = Annotated[str, msgspec.Meta(max_length=64)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class ManualOrder(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``offset`` left out: the core closes what ``manual`` holds first, then opens.

    ``stop``, ``target``: held by this machine from the first fill on, for what has filled.
    ``key``: of the caller's making, for the trading day; what is sent again with the same one is
    refused, after a restart too, so that a request that was sent twice is one order.
    """

    instrument: Name
    side: Side
    lots: Lots
    price: Price | None = None
    """Of a limit order alone."""
    kind: OrderKind = OrderKind.LIMIT
    tif: TimeInForce | None = None
    """A limit order's is GFD unless given; a market order kills what does not fill at once."""
    offset: Offset | None = None
    reduce_only: bool = False
    to_limit: bool = False
    """A market order that goes to the day's price limit."""
    timeout_ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)] = 0
    on_timeout: OnTimeout = OnTimeout.CANCEL
    stop: Price | None = None
    target: Price | None = None
    key: Key = ""


class ManualConditional(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Held by this machine until its price comes. ``also_target``: of a stop, the price of a
    take-profit that goes with it; the first to act ends the other (OCO)."""

    instrument: Name
    side: Side
    """Of the order that it sends."""
    kind: ConditionalKind
    lots: Lots
    trigger: Price | None = None
    """``None``: of a trailing one."""
    limit: Price | None = None
    source: TriggerSource = TriggerSource.LAST
    gap: GapPolicy = GapPolicy.FIRE
    trail_ticks: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    trail_percent: Annotated[float, msgspec.Meta(ge=0, lt=100)] = 0.0
    also_target: Price | None = None
    opens: bool = False
    """It opens a position; otherwise it closes at most what ``manual`` holds."""
    key: Key = ""


def add(app: FastAPI, queries: Queries, commands: Commands) -> None:
    """Add the routes to ``app``."""

    def known(instrument: str) -> InstrumentId:
        if not queries.has_contract(InstrumentId(instrument)):
            text = f"{instrument} is not a listed contract / 今日无此合约"
            raise Problem(404, "no_contract", text)
        return InstrumentId(instrument)

    def accepted(ids: tuple[OrderId, ...] | None, note: str = "") -> Response:
        if ids is None:
            text = "an order with this key was sent today / 该 key 的委托今日已发送"
            raise Problem(409, "sent_already", text)
        rest = {"note": note} if note else {}
        return answer({"accepted": True, "id": ids[0], "ids": ids} | rest, 202)

    @app.post("/api/v1/orders")
    async def order(request: Request) -> Response:
        """Send an order of the person's own: 202 with its id, and what came of it is in the orders
        and the alerts. 404: no such contract. 409: its ``key`` was there before, or a stop or a
        target where the order does not open."""
        wanted = await body(request, ManualOrder)
        known(wanted.instrument)
        if fault := order_fault(wanted, queries.last_price(InstrumentId(wanted.instrument))):
            raise Problem(422, "invalid", fault)
        if (wanted.stop or wanted.target) and not queries.opens(
            InstrumentId(wanted.instrument), wanted.side
        ):
            text = "manual holds the other side: a stop or a target needs an order that opens"
            raise Problem(409, "closes", f"{text} / 该委托为平仓，不能附带止损止盈")
        return accepted(commands.place(wanted, who(request)))

    @app.post("/api/v1/conditionals")
    async def conditional(request: Request) -> Response:
        """Hold a conditional order of the person's own; see ``note``. 404, 409 as for an order."""
        wanted = await body(request, ManualConditional)
        known(wanted.instrument)
        if fault := conditional_fault(wanted):
            raise Problem(422, "invalid", fault)
        return accepted(commands.hold(wanted, who(request)), LOCAL)


def order_fault(wanted: ManualOrder, last: float | None) -> str:
    """What is wrong with it, ``last`` being the contract's price; empty: nothing."""
    market = wanted.kind is OrderKind.MARKET
    if market is (wanted.price is not None):
        return "price: of a limit order alone / 限价单须有价格，市价单不得有"
    if market and wanted.tif not in (None, TimeInForce.FAK):
        return "tif: a market order kills what does not fill at once / 市价单只能为 fak"
    if wanted.to_limit and not market:
        return "to_limit: for a market order alone / 仅用于市价单"
    if wanted.timeout_ms and (market or wanted.tif in (TimeInForce.FAK, TimeInForce.FOK)):
        return "timeout_ms: of an order that rests / 仅用于挂单"
    if (wanted.stop or wanted.target) and (
        wanted.reduce_only or wanted.offset not in (None, Offset.OPEN)
    ):
        return "stop, target: of an order that opens / 止损止盈仅用于开仓委托"
    return _wrong_side(wanted, last if wanted.price is None else wanted.price)


def _wrong_side(wanted: ManualOrder, entry: float | None) -> str:
    """A stop beyond the entry would act on the first fill."""
    sign = wanted.side.sign
    prices = [price for price in (wanted.stop, entry, wanted.target) if price is not None]
    if any((after - before) * sign <= 0 for before, after in pairwise(prices)):
        return "stop, target: on the wrong side of the price / 止损、止盈与价格方向有误"
    return ""


def conditional_fault(wanted: ManualConditional) -> str:
    """What is wrong with it; empty: nothing."""
    trails = wanted.kind is ConditionalKind.TRAILING
    if trails is (wanted.trigger is not None):
        return "trigger: all but a trailing one have it / 除跟踪止损外须有触发价"
    if trails is not (bool(wanted.trail_ticks) is not bool(wanted.trail_percent)):
        return "trail_ticks, trail_percent: a trailing one has one of them / 跟踪距离二选一"
    if wanted.kind is ConditionalKind.STOP and wanted.limit is not None:
        return "limit: of a stop-limit or a take-profit / 仅用于限价止损或止盈"
    if wanted.kind is ConditionalKind.STOP_LIMIT and wanted.limit is None:
        return "limit: a stop-limit order has one / 限价止损须有限价"
    if trails and (wanted.opens or wanted.limit is not None):
        return "a trailing stop is an exit at the market / 跟踪止损只能市价平仓"
    if wanted.also_target is not None:
        if wanted.kind is not ConditionalKind.STOP or wanted.opens:
            return "also_target: of a stop that closes / 仅用于平仓止损"
        assert wanted.trigger is not None
        if (wanted.trigger < wanted.also_target) is not (wanted.side is Side.SELL):
            return "trigger, also_target: on the wrong sides of each other / 止损与止盈方向有误"
    return ""
