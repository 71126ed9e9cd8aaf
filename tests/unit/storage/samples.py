"""Plain values for the store's tests."""

from homalos.model.enums import (
    Direction,
    Offset,
    OrderKind,
    OrderStatus,
    Side,
    TimeInForce,
)
from homalos.model.events import AccountSnapshot
from homalos.model.ids import AccountId, InstrumentId, OrderId, StrategyId, TradeId
from homalos.model.market import Bar, Depth, Fees, Instrument, Rate, Tick
from homalos.model.times import MILLISECOND, china_midnight
from homalos.model.trading import Account, Order, Position, StrategyBook, Trade

DAY = 20171113
OPEN = china_midnight(DAY) + 9 * 3_600 * 1_000_000_000
RB = InstrumentId("SHFE.rb1801")
SR = InstrumentId("CZCE.SR1801")
SIM = AccountId("sim")


def narrow_tick(n: int, instrument: InstrumentId = RB, *, ts: int | None = None) -> Tick:
    """Level one only, the ``n``-th of the day, 500 ms apart."""
    at = OPEN + n * 500 * MILLISECOND if ts is None else ts
    return Tick(instrument, at, at + 1, DAY, 3_800.0 + n, 2 * n, None, 1e5, 3_799.0, 5, 3_801.0, 7)


def wide_tick(n: int, instrument: InstrumentId = RB) -> Tick:
    """Every field that CTP can fill."""
    at = OPEN + n * 500 * MILLISECOND
    depth = Depth(((3_798.0, 3), (3_797.0, 4)), ((3_802.0, 1),))
    return Tick(
        instrument, at, at + 1, DAY, 3_800.5, n, 1e9 + 0.25, 1e5, 3_799.0, 5, 3_801.0, 7,
        3_790.0, 3_810.0, 3_780.0, 3_795.0, 3_796.0, 99_000.0, 4_000.0, 3_600.0, None, depth,
    )  # fmt: skip


def bar(n: int, instrument: InstrumentId = RB, *, close: float = 10.0) -> Bar:
    start = OPEN + n * 60_000 * MILLISECOND
    end = start + 60_000 * MILLISECOND
    return Bar(
        instrument, "1m", start, end, end, DAY, 9.0, 11.0, 8.0, close, 5, None, 7.0, 1.0, 120
    )


def instrument(id_: InstrumentId = RB, multiplier: float = 10.0) -> Instrument:
    rate = Rate(0.1)
    exchange, _, symbol = id_.partition(".")
    return Instrument(
        id_, exchange, symbol, symbol[:2], "螺纹钢1801", multiplier, 1.0, 1, 500, 0, rate, rate,
        Fees(), 201801, 0.07, True,
    )  # fmt: skip


def order(
    n: int, status: OrderStatus = OrderStatus.SUBMITTED, traded: int = 0, message: str = ""
) -> Order:
    return Order(
        OrderId(f"1-{n:06d}"), OrderId(f"1-{n:06d}"), SIM, StrategyId("ma"), RB, Side.BUY,
        Offset.OPEN, OrderKind.LIMIT, TimeInForce.GFD, 3_800.0, 2, OPEN + n, 0, status, traded,
        traded, 3_800.0 if traded else None, message=message,
    )  # fmt: skip


def trade(n: int, price: float = 3_800.0) -> Trade:
    return Trade(
        TradeId(f"{n:8d}"), OrderId(f"1-{n:06d}"), SIM, StrategyId("ma"), RB, Side.BUY,
        Offset.OPEN, price, 2, 3.8, DAY, OPEN + n, OPEN + n,
    )  # fmt: skip


def snapshot(ts: int, *, lots: int = 2, profit: float = 0.0, fees: float = 3.8) -> AccountSnapshot:
    balance = 1e6 + profit - fees
    account = Account(
        SIM, DAY, 1e6, 0.0, 0.0, 0.0, profit, fees, 7_600.0, 0.0, 0.0, balance, balance - 7_600, ts
    )
    position = Position(
        SIM, RB, Direction.LONG, lots, 0, 0, 0, 3_800.0, 3_800.0, 7_600.0, profit, 3_800.0
    )
    book = StrategyBook(StrategyId("ma"), RB, lots, 3_800.0, 0.0, profit, fees)
    return AccountSnapshot(account, (position,) if lots else (), (book,), ts)
