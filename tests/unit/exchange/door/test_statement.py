"""What the simulated front writes, and what the daemon's parser, which knows nothing of it, reads:
two independent pieces that must say the same."""

import pytest
from tests.unit.exchange.bench import DAY, IF, ME, NEXT, OTHER, RB, TA, Bench, M

from homalos.ctp.abi import ENCODING
from homalos.exchange.door.settlements import Settlements
from homalos.exchange.records import Fill, NewOrder
from homalos.model.enums import Direction, Offset, OrderKind, Side, TimeInForce
from homalos.model.ids import AccountId, OrderId
from homalos.model.market import Instrument, Tick
from homalos.model.settlement import MTM, Statement
from homalos.trading.settlement.parse import parse

BUY, SELL = Side.BUY, Side.SELL
SYMBOLS = {RB.id: "rb2601", M.id: "m2601", TA.id: "TA601", IF.id: "IF2601"}
"""CZCE's has three digits."""
PRICES = {RB.id: 3000.0, M.id: 2800.0, TA.id: 4700.0, IF.id: 4600.0}


class Scene:
    def __init__(self, cash: float = 10_000_000.0) -> None:
        self.bench = Bench(cash=cash)
        self.exchange = self.bench.exchange
        self.statements = Settlements(self.exchange, self.bench.clock, None)
        self.count = 0
        for item in (RB, M, TA, IF):
            self.tick(item, PRICES[item.id])

    def tick(self, item: Instrument, price: float) -> None:
        now, step = self.bench.clock.now(), item.tick_size
        self.exchange.on_market(
            Tick(item.id, now, now, self.exchange.trading_day, price, 100, None, None,
                 round(price - step, 2), 500, round(price + step, 2), 500)
        )  # fmt: skip

    def trade(self, item: Instrument, side: Side, offset: Offset, lots: int) -> None:
        self.count += 1
        price = PRICES[item.id] * (1.02 if side is BUY else 0.98)
        price = round(round(price / item.tick_size) * item.tick_size, 2)
        self.exchange.insert(
            NewOrder(ME, OrderId(str(self.count)), item.id, side, offset, OrderKind.LIMIT,
                     TimeInForce.GFD, price, lots)
        )  # fmt: skip

    def settle(self, next_day: int) -> None:
        self.exchange._day.settle(next_day, self.bench.clock.now())
        assert self.exchange.day_end is not None
        self.statements.settled(self.exchange.day_end)

    def text(self, day: str = "", account: AccountId = ME) -> str:
        return b"".join(self.statements.pieces(account, day)).decode(ENCODING)

    def read(self, day: str = "") -> Statement:
        return parse(self.text(day))


def check_trades(found: Statement, fills: tuple[Fill, ...]) -> None:
    assert [(t.number, t.exchange, t.symbol, t.side, t.opens, t.price, t.lots, t.fee,
             t.closed_profit) for t in found.trades] == [
        (f.trade_id.strip(), f.instrument.split(".")[0], SYMBOLS[f.instrument], f.side,
         f.offset is Offset.OPEN, pytest.approx(f.price), f.lots, pytest.approx(f.fee, abs=0.005),
         pytest.approx(f.closed_profit, abs=0.005)) for f in fills
    ]  # fmt: skip


def test_two_days_of_every_kind_of_trade() -> None:
    scene = Scene()
    for item, side, offset, lots in (
        (RB, BUY, Offset.OPEN, 5), (RB, SELL, Offset.CLOSE_TODAY, 2), (RB, SELL, Offset.OPEN, 1),
        (M, SELL, Offset.OPEN, 4), (M, BUY, Offset.CLOSE, 1), (TA, BUY, Offset.OPEN, 3),
        (IF, SELL, Offset.OPEN, 1),
    ):  # fmt: skip
        scene.trade(item, side, offset, lots)
    fills, before = scene.exchange.fills(ME), scene.exchange.account(ME)
    assert len(fills) == 7
    scene.settle(NEXT)
    after = scene.exchange.account(ME)
    found = scene.read()
    assert (found.account, found.trading_day, found.layout, found.unread) == (ME, DAY, MTM, ())
    assert (found.trades_whole, found.positions_whole) == (True, True)
    check_trades(found, fills)
    funds = found.funds
    assert (funds.opening, funds.deposit) == (0.0, 10_000_000.0)
    assert funds.balance == funds.equity == after.pre_balance
    assert funds.fees == pytest.approx(before.fees, abs=0.005)
    assert funds.margin == pytest.approx(after.margin, abs=0.005)
    assert (funds.margin_call, funds.others) == (0.0, ())
    held = {(p.symbol, p.direction): (p.lots, p.settlement) for p in found.positions}
    assert held == {
        ("rb2601", Direction.LONG): (3, 3000), ("rb2601", Direction.SHORT): (1, 3000),
        ("m2601", Direction.SHORT): (3, 2800), ("TA601", Direction.LONG): (3, 4700),
        ("IF2601", Direction.SHORT): (1, 4600),
    }  # fmt: skip
    scene.trade(RB, SELL, Offset.CLOSE_YESTERDAY, 2)
    fills = scene.exchange.fills(ME)
    scene.settle(20251114)
    check_trades(scene.read(), fills)
    assert scene.read(str(DAY)) == found, "the day before is still to be had"


def test_a_day_without_trades_and_positions() -> None:
    scene = Scene()
    scene.settle(NEXT)
    found = scene.read()
    assert (found.trades, found.positions, found.unread) == ((), (), ())
    assert (found.trades_whole, found.positions_whole) == (True, True)
    assert found.funds.balance == 10_000_000.0
    assert "Transaction Record" not in scene.text()


def test_before_the_first_settlement() -> None:
    scene = Scene()
    found = scene.read()
    assert (found.trading_day, found.layout, found.unread) == (DAY, MTM, ())
    assert found.funds.balance == 10_000_000.0


def test_a_margin_call_is_what_the_available_money_lacks() -> None:
    scene = Scene(cash=60_000.0)
    scene.trade(TA, BUY, Offset.OPEN, 24)
    scene.tick(TA, 4420.0)
    scene.settle(NEXT)
    lacking = -scene.exchange.account(ME).available
    assert lacking > 0
    assert scene.read().funds.margin_call == pytest.approx(lacking, abs=0.005)


def test_it_says_that_it_is_simulated() -> None:
    scene = Scene()
    scene.settle(NEXT)
    for account in (ME, OTHER):
        text = scene.text(account=account)
        assert text.lstrip().startswith("Homalos 模拟期货公司 Simulated Broker")
        assert text.endswith("This statement is simulated and stands for no real account.")
