"""However often the private flow is cut and told again, and whoever else trades: each order's told
states only move forward and end at the truth, and each trade is told once."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.generators.markets import market_tables
from tests.unit.gateway.ctp.front import ACCOUNT, DAY, Bench, instrument, row

from homalos.ctp.records import OrderRow, TradeRow
from homalos.gateway.ctp.convert import Contracts, DayClock
from homalos.gateway.ctp.identity import Identity
from homalos.gateway.ctp.orders import RANK, Orders
from homalos.model.event import Event
from homalos.model.events import OrderReported, TradeReported
from homalos.model.ids import OrderId

SESSION = (1, 77)
Step = tuple[str, int, bool]
"""Status, lots traded so far, numbered by the exchange."""

LIVES: tuple[tuple[Step, ...], ...] = (
    (("a", 0, False), ("3", 0, True), ("3", 0, True), ("0", 10, True)),
    (("a", 0, False), ("a", 0, True), ("0", 10, True)),
    (("a", 0, False), ("3", 0, True), ("1", 4, True), ("1", 4, True), ("5", 4, True)),
    (("a", 0, False), ("5", 4, False), ("5", 4, True)),
    (("a", 0, False), ("5", 0, False)),
    (("a", 0, False), ("3", 0, True), ("1", 3, True), ("1", 3, True), ("0", 10, True)),
)
"""FACTS A7.3: cases 1, 2, 5, 8, 14 and 4."""


def flow(lives: list[tuple[int, bool]], order: list[int]) -> list[OrderRow | TradeRow]:
    """The day's private flow: the lives of several orders, ours and a stranger's, interleaved."""
    own: list[list[OrderRow | TradeRow]] = []
    for number, (life, foreign) in enumerate(lives, 1):
        rows: list[OrderRow | TradeRow] = []
        before = 0
        ref = str(number) if foreign else str(3_000_000 + 10 * number)
        same: dict[str, Any] = {
            "ExchangeID": "SHFE", "InstrumentID": "rb2601", "TraderID": "t",
            "OrderLocalID": f"{number:12d}", "OrderRef": ref, "TradingDay": str(DAY),
        }  # fmt: skip
        for status, traded, numbered in LIVES[life]:
            sys_id = f"{number:12d}" if numbered else ""
            rows.append(OrderRow.of(row(
                "Order", FrontID=9 if foreign else SESSION[0], SessionID=SESSION[1],
                OrderSysID=sys_id, OrderStatus=status, VolumeTraded=traded, CombHedgeFlag="1",
                OrderSubmitStatus="0", VolumeTotalOriginal=10, **same,
            )))  # fmt: skip
            if traded > before and numbered:
                rows.append(TradeRow.of(row(
                    "Trade", TradeID=f"{number}-{traded}", Volume=traded - before, Price=1.0,
                    Direction="0", OffsetFlag="0", HedgeFlag="1", OrderSysID=sys_id, **same,
                )))  # fmt: skip
                before = traded
        own.append(rows)
    turns = itertools.chain(order, itertools.cycle(range(len(own))))
    told = []
    while any(own):
        rows = own[next(turns) % len(own)]
        if rows:
            told.append(rows.pop(0))
    return told


def made(folder: Path) -> Orders:
    contracts = Contracts(market_tables()[0])
    contracts.set_day(DAY)
    contracts.add(instrument("SHFE", "rb2601", "rb"))
    dates = DayClock(market_tables()[1].calendar)
    dates.set(DAY)
    identity = Identity(folder, 3, "seed")
    identity.login(DAY, *SESSION, "0")
    return Orders(ACCOUNT, identity, contracts, dates, lambda: 0, pytest.fail)


@settings(max_examples=60, deadline=None)
@given(
    lives=st.lists(st.tuples(st.integers(0, len(LIVES) - 1), st.booleans()), min_size=1,
                   max_size=5),
    order=st.lists(st.integers(0, 4), max_size=20),
    cuts=st.lists(st.integers(0, 30), max_size=4),
)  # fmt: skip
def test_told_again_and_again(
    tmp_path_factory: pytest.TempPathFactory, lives: list[tuple[int, bool]], order: list[int],
    cuts: list[int],
) -> None:  # fmt: skip
    orders = made(tmp_path_factory.mktemp("flow"))
    rows = flow(lives, order)
    events: list[Event] = []
    for end in [*(min(cut, len(rows)) for cut in cuts), len(rows)]:
        for told in rows[:end]:
            is_order = isinstance(told, OrderRow)
            events += orders.on_order(told) if is_order else orders.on_trade(told)
    seen: dict[Any, list[OrderReported]] = {}
    for event in events:
        if isinstance(event, OrderReported):
            assert event.order_id or event.venue_order_id
            number = event.order_id or event.venue_order_id
            seen.setdefault(number, []).append(event)
    for reports in seen.values():
        ranks = [RANK[report.status] for report in reports]
        lots = [report.traded_lots for report in reports]
        assert ranks == sorted(ranks)
        assert lots == sorted(lots)
    trades = [event for event in events if isinstance(event, TradeReported)]
    assert len({t.trade_id for t in trades}) == len(trades)
    for number, (life, foreign) in enumerate(lives, 1):
        name = f"{number:12d}" if foreign else OrderId(f"3-{number:06d}")
        _, traded, numbered = LIVES[life][-1]
        if foreign and not numbered:
            assert name not in seen
            continue
        assert seen[name][-1].traded_lots == traded
        assert RANK[seen[name][-1].status] >= 3
        mine = [t for t in trades if t.venue_order_id == f"{number:12d}"]
        assert sum(t.lots for t in mine) == traded
        assert {t.order_id for t in mine} <= {None if foreign else name}


def test_the_front_of_these_tests_is_the_gateways(tmp_path: Path) -> None:
    """The ids above are those that the gateway gives."""
    bench = Bench(tmp_path)
    bench.connect()
    assert bench.gateway._identity.take(OrderId("3-000001")) == 3_000_010
