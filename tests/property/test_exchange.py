"""Whatever is sent, and however the market moves: lots, cash and limits hold."""

from collections import Counter
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.exchange.bench import DAY, IF, ME, NEXT, OTHER, RB, TA, Bench, M, at

from homalos.config.sections.exchange import ExchangeSection
from homalos.exchange.ledger import Ledger
from homalos.exchange.records import ENDED, Fill, OrderReport
from homalos.model.enums import Direction, Offset, OrderKind, Side, TimeInForce
from homalos.model.ids import OrderId

ITEMS = (RB, M, TA, IF)
BASE = {RB.id: 3000.0, M.id: 3000.0, TA.id: 4800.0, IF.id: 4000.0}
LIMITS = {id_: (price * 0.99, price * 1.01) for id_, price in BASE.items()}

orders = st.tuples(
    st.just("order"),
    st.sampled_from(ITEMS),
    st.sampled_from(Side),
    st.integers(-40, 40),
    st.integers(1, 12),
    st.sampled_from(Offset),
    st.sampled_from(TimeInForce),
    st.sampled_from((OrderKind.LIMIT, OrderKind.LIMIT, OrderKind.LIMIT, OrderKind.MARKET)),
    st.sampled_from((ME, OTHER)),
)
ticks = st.tuples(
    st.just("tick"),
    st.sampled_from(ITEMS),
    st.integers(-30, 30),
    st.integers(1, 3),
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(0, 15),
)
cancels = st.tuples(st.just("cancel"), st.integers(0, 30), st.sampled_from((ME, OTHER)))
cash = st.tuples(st.just("cash"), st.integers(-5000, 5000), st.sampled_from((ME, OTHER)))
steps = st.lists(st.one_of(orders, ticks, ticks, cancels, cash), min_size=5, max_size=60)
sections = st.builds(
    ExchangeSection,
    fill=st.sampled_from(("through", "touch")),
    self_trade=st.sampled_from(("allow", "refuse")),
)


class Run:
    """Plays steps and watches."""

    def __init__(self, section: ExchangeSection, ledger: Ledger | None = None) -> None:
        self.floor = Bench(section, ledger=ledger, cash=400_000.0)
        self.volume: Counter[str] = Counter()
        self.shown: dict[str, tuple[int, int]] = {}

    def play(self, step: tuple, day: int = DAY) -> None:  # type: ignore[type-arg]
        getattr(self, step[0])(*step[1:], **({"day": day} if step[0] == "tick" else {}))

    def order(self, item, side, away, lots, offset, tif, kind, account) -> None:  # type: ignore[no-untyped-def]
        price = round(BASE[item.id] + away * item.tick_size, 4)
        before = len(self.floor.words)
        self.floor.order(
            item, side, lots, price, offset=offset, tif=tif, kind=kind, account=account
        )
        taken = [w for w in self.floor.words[before:] if isinstance(w, Fill) and w.side is side]
        own = [w for w in self.floor.words[before:] if isinstance(w, Fill) and w.side is not side]
        market = sum(f.lots for f in taken) - sum(f.lots for f in own)
        bid, ask = self.shown.get(item.id, (0, 0))
        left = ask if side is Side.BUY else bid
        assert market <= left, "no more than is displayed, once per snapshot"
        if side is Side.BUY:
            self.shown[item.id] = (bid, ask - market)
        else:
            self.shown[item.id] = (bid - market, ask)

    def tick(self, item, away, spread, bid_lots, ask_lots, traded, day) -> None:  # type: ignore[no-untyped-def]
        size = item.tick_size
        bid = round(BASE[item.id] + away * size, 4)
        ask = round(bid + spread * size, 4)
        self.volume[item.id] += traded
        before = len(self.floor.words)
        self.floor.tick(
            item, bid if bid_lots else None, ask if ask_lots else None, sizes=(bid_lots, ask_lots),
            last=bid, volume=self.volume[item.id], limits=LIMITS[item.id], day=day,
        )  # fmt: skip
        fills = [w for w in self.floor.words[before:] if isinstance(w, Fill)]
        buys = sum(f.lots for f in fills if f.side is Side.BUY)
        sells = sum(f.lots for f in fills if f.side is Side.SELL)
        assert buys <= ask_lots + traded
        assert sells <= bid_lots + traded
        self.shown[item.id] = (bid_lots - sells, ask_lots - buys) if not traded else (9, 9)

    def cancel(self, number, account) -> None:  # type: ignore[no-untyped-def]
        self.floor.exchange.cancel(account, OrderId(f"1-{number:06d}"))

    def cash(self, amount, account) -> None:  # type: ignore[no-untyped-def]
        if amount >= 0:
            self.floor.exchange.deposit(account, amount / 100)
        elif self.floor.exchange.account(account).available >= -amount / 100:
            self.floor.exchange.withdraw(account, -amount / 100)

    def check(self) -> None:
        for account in (ME, OTHER):
            self._money(account)
            self._lots(account)
            self._orders(account)

    def _money(self, account) -> None:  # type: ignore[no-untyped-def]
        exchange = self.floor.exchange
        money, fills = exchange.account(account), exchange.fills(account)
        assert money.frozen_margin >= 0
        assert money.frozen_fees >= 0
        total = (
            money.pre_balance + money.deposit - money.withdraw + money.closed_profit
            + money.position_profit - money.fees
        )  # fmt: skip
        assert abs(money.balance - total) < 0.005
        fees = sum((Decimal(str(f.fee)) for f in fills), Decimal())
        assert abs(Decimal(str(money.fees)) - fees) < Decimal("0.005")
        if not money.pre_balance:  # the first day: every lot was bought today, so cash is exact
            assert abs(money.balance - self._from_trades(account)) < 0.01

    def _from_trades(self, account) -> float:  # type: ignore[no-untyped-def]
        """Equity told by the trades alone: cash in less cash out, plus what is held at last."""
        exchange = self.floor.exchange
        worth = Decimal(str(exchange.account(account).deposit))
        worth -= Decimal(str(exchange.account(account).withdraw))
        items = {item.id: item for item in ITEMS}
        net: Counter[str] = Counter()
        for f in exchange.fills(account):
            unit = Decimal(str(items[f.instrument].multiplier))
            worth -= f.side.sign * f.lots * Decimal(str(f.price)) * unit + Decimal(str(f.fee))
            net[f.instrument] += f.side.sign * f.lots
        for id_, lots in net.items():
            last = Decimal(str(exchange.last_price(id_) or 0))  # type: ignore[arg-type]
            worth += lots * last * Decimal(str(items[id_].multiplier))  # type: ignore[index]
        return float(worth)

    def _lots(self, account) -> None:  # type: ignore[no-untyped-def]
        exchange = self.floor.exchange
        held = Counter({(p.instrument, p.direction): p.lots for p in exchange.positions(account)})
        for position in exchange.positions(account):
            assert 0 <= position.frozen_today <= position.today_lots
            assert 0 <= position.frozen_yesterday <= position.yesterday_lots
            assert position.margin >= 0
        if exchange.trading_day == DAY:
            told: Counter[tuple[str, Direction]] = Counter()
            for f in exchange.fills(account):
                opens = f.offset is Offset.OPEN
                long = (f.side is Side.BUY) is opens
                direction = Direction.LONG if long else Direction.SHORT
                told[f.instrument, direction] += f.lots if opens else -f.lots
            assert +told == +held

    def _orders(self, account) -> None:  # type: ignore[no-untyped-def]
        exchange = self.floor.exchange
        by_order: Counter[str] = Counter()
        for f in exchange.fills(account):
            lower, upper = LIMITS[f.instrument]
            assert lower - 0.001 <= f.price <= upper + 0.001, "nothing trades outside the limits"
            by_order[f.order_id] += f.lots
        for order in exchange.orders(account):
            assert order.traded == by_order[order.id] <= order.lots
            for f in exchange.fills(account):
                if f.order_id == order.id and order.kind is OrderKind.LIMIT:
                    assert (f.price - order.price) * order.side.sign < 0.001, "never worse"
            if order.tif is not TimeInForce.GFD:
                assert order.status in ENDED


@settings(max_examples=120, deadline=None)
@given(section=sections, steps=steps)
def test_lots_cash_and_limits_hold(section: ExchangeSection, steps: list[tuple]) -> None:  # type: ignore[type-arg]
    run = Run(section)
    for item in ITEMS:
        run.tick(item, 0, 1, 5, 5, 0, DAY)
    for step in steps:
        run.play(step)
    run.check()


@settings(max_examples=40, deadline=None)
@given(section=sections, steps=steps, more=steps)
def test_the_settlement_changes_nobodys_equity(
    section: ExchangeSection,
    steps: list[tuple],  # type: ignore[type-arg]
    more: list[tuple],  # type: ignore[type-arg]
) -> None:
    run = Run(section)
    for item in ITEMS:
        run.tick(item, 0, 1, 5, 5, 0, DAY)
    for step in steps:
        run.play(step)
    exchange = run.floor.exchange
    before = {account: exchange.account(account).balance for account in (ME, OTHER)}
    lots = {a: sorted((p.instrument, p.direction, p.lots) for p in exchange.positions(a))
            for a in (ME, OTHER)}  # fmt: skip
    run.floor.go(at(16))
    for account, balance in before.items():
        money = exchange.account(account)
        assert money.pre_balance == pytest.approx(balance, abs=0.005)
        assert money.balance == pytest.approx(balance, abs=0.005)
        assert lots[account] == sorted(
            (p.instrument, p.direction, p.lots) for p in exchange.positions(account)
        )
    run.floor.go(at(10, day=NEXT))
    run.volume.clear()
    run.shown.clear()
    for item in ITEMS:
        run.tick(item, 0, 1, 5, 5, 0, NEXT)
    for step in more:
        run.play(step, NEXT)
    run.check()


@settings(max_examples=25, deadline=None)
@given(steps=steps, cut=st.floats(0, 1))
def test_a_ledger_cut_anywhere_opens_and_a_whole_one_tells_all(
    steps: list[tuple],  # type: ignore[type-arg]
    cut: float,
) -> None:
    with TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder))
        run = Run(ExchangeSection(), ledger)
        for item in ITEMS:
            run.tick(item, 0, 1, 5, 5, 0, DAY)
        for step in steps:
            run.play(step)
        ledger.close()
        state = run.floor.exchange._state
        whole = Ledger(Path(folder))
        assert whole.read() == state
        whole.close()
        content = whole.path.read_bytes()
        whole.path.write_bytes(content[: int(cut * len(content))])
        torn = Ledger(Path(folder))
        for account in torn.read().accounts.values():
            for pair in account.holdings.values():
                assert pair.long.frozen <= pair.long.lots
                assert pair.short.frozen <= pair.short.lots
        torn.close()


@settings(max_examples=60, deadline=None)
@given(section=sections, steps=steps)
def test_reports_never_run_backwards(section: ExchangeSection, steps: list[tuple]) -> None:  # type: ignore[type-arg]
    run = Run(section)
    for item in ITEMS:
        run.tick(item, 0, 1, 5, 5, 0, DAY)
    for step in steps:
        run.play(step)
    traded: Counter[tuple[str, str]] = Counter()
    ended: set[tuple[str, str]] = set()
    filled: Counter[tuple[str, str]] = Counter()
    for word in run.floor.words:
        if isinstance(word, OrderReport) and word.code in (0, 91):
            key = (word.account, word.order_id)
            assert word.traded_lots >= traded[key]
            traded[key] = word.traded_lots
            assert key not in ended or word.status in ENDED
            if word.status in ENDED:
                ended.add(key)
        elif isinstance(word, Fill):
            filled[word.account, word.order_id] += word.lots
            assert filled[word.account, word.order_id] <= traded[word.account, word.order_id]
    assert +filled == +traded
