"""One set of questions for every ledger: what the twin answers, each of them must answer.

``Subject`` is a ledger that can be told trades; ``OracleTests`` puts any trades to it and to the
twin, and the worked examples of FACTS A9 to A12. A ledger is put to the test by a subclass that
says how to make a subject.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.twin.ledger import DayEnd, Fill, Terms, Twin

from homalos.model.enums import Direction, Offset, Side
from homalos.model.ids import InstrumentId
from homalos.model.market import Instrument, Rate
from homalos.model.trading import Account, Position

HALF_CENT = Decimal("0.005")
BASE = 3500.0
MarginPrice = Literal["pre_settlement", "last", "average", "open"]
RULES: tuple[MarginPrice, ...] = ("pre_settlement", "last", "average", "open")


class Subject(ABC):
    """A ledger of one account that begins flat with ``cash`` yuan."""

    contracts: tuple[Instrument, ...]
    """Of SHFE (two of one product), CFFEX, DCE, in this order; ``single_side`` but for DCE's."""
    cash: float

    @abstractmethod
    def trade(
        self, item: Instrument, side: Side, lots: int, price: float
    ) -> Iterable[tuple[Offset, int]]:
        """Trade at ``price``, which becomes the last price; closes before opens. How it left."""

    @abstractmethod
    def day_over(self) -> dict[InstrumentId, float]:
        """Settle at the last prices and begin the next trading day: the settlements."""

    @abstractmethod
    def account(self) -> Account: ...

    @abstractmethod
    def positions(self) -> Iterable[Position]: ...


def terms(item: Instrument) -> Terms:
    def rate(value: Rate) -> tuple[Decimal, Decimal]:
        return Decimal(str(value.by_money)), Decimal(str(value.by_lot))

    fees = item.fees
    return Terms(
        Decimal(str(item.multiplier)), item.splits_today, rate(fees.open), rate(fees.close),
        rate(fees.close_today), rate(item.long_margin), rate(item.short_margin),
        f"{item.exchange}.{item.product}" if item.single_side else "",
    )  # fmt: skip


class Pair:
    """A subject and its twin, told the same."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.twin = Twin(
            {str(item.id): terms(item) for item in subject.contracts}, Decimal(str(subject.cash))
        )
        self.marks = {str(item.id): Decimal(str(BASE)) for item in subject.contracts}

    def trade(self, place: int, side: Side, lots: int, price: float) -> None:
        item = self.subject.contracts[place]
        for offset, part in self.subject.trade(item, side, lots, price):
            self.twin.events.append(
                Fill(str(item.id), "", side is Side.BUY, offset.value, Decimal(str(price)), part)
            )
        self.marks[str(item.id)] = Decimal(str(price))

    def day_over(self) -> None:
        settlements = {str(id_): Decimal(str(p)) for id_, p in self.subject.day_over().items()}
        self.twin.events.append(DayEnd(self.marks | settlements))

    def compare(self, rule: MarginPrice) -> None:
        played, account = self.twin.play(), self.subject.account()
        by_date, by_trade = self.twin.floating(self.marks)
        for name, exact in (
            ("balance", self.twin.equity(self.marks)),
            ("fees", sum(played.fees.values(), Decimal(0))),
            ("closed_profit", sum(played.closed.values(), Decimal(0))),
            ("closed_profit_by_trade", sum(played.closed_by_trade.values(), Decimal(0))),
            ("position_profit", by_date),
            ("position_profit_by_trade", by_trade),
            ("margin", self.twin.margin(rule, self.marks)),
        ):
            assert abs(Decimal(getattr(account, name)) - exact) < HALF_CENT, name
        assert abs(account.available - (account.balance - account.margin)) < 0.005
        self._compare_lots(played.lots)

    def _compare_lots(self, lots: dict[tuple[str, bool], list]) -> None:  # type: ignore[type-arg]
        positions = self.subject.positions()
        rows = {(str(row.instrument), row.direction is Direction.LONG): row for row in positions}
        assert set(rows) == {key for key, held in lots.items() if held}
        for key, row in rows.items():
            held = lots[key]
            assert row.today_lots == sum(lot.today for lot in held)
            assert row.yesterday_lots == sum(not lot.today for lot in held)
            cost = sum(lot.basis for lot in held) / len(held)
            opened = sum(lot.opened for lot in held) / len(held)
            assert abs(Decimal(row.cost_price) - cost) < Decimal("1e-6")
            assert abs(Decimal(row.average_price) - opened) < Decimal("1e-6")


moves = st.tuples(st.integers(0, 3), st.sampled_from(Side), st.integers(1, 6), st.integers(-40, 40))
steps = st.lists(st.one_of(moves, moves, moves, st.just("day")), min_size=3, max_size=25)


class OracleTests(ABC):
    """See the module."""

    @abstractmethod
    def make(self, margin_price: MarginPrice = "open") -> Subject: ...

    @settings(
        max_examples=60, deadline=None, suppress_health_check=[HealthCheck.differing_executors]
    )
    @given(steps=steps, rule=st.sampled_from(RULES))
    def test_any_trades(self, steps: list[object], rule: MarginPrice) -> None:
        pair = Pair(self.make(rule))
        for step in steps:
            if step == "day":
                pair.day_over()
            else:
                place, side, lots, ticks = step  # type: ignore[misc]
                tick = pair.subject.contracts[place].tick_size
                pair.trade(place, side, lots, round(BASE + ticks * tick, 1))
            pair.compare(rule)

    # ------------------------------------------------------------ worked examples

    def test_index_future_one_lot_of_yesterday_one_of_today_sell_one(self) -> None:
        """FACTS A9: yesterday's lot goes, the close-today fee is paid; by date from the settlement,
        by trade from the opening price."""
        subject = self.make()
        item = subject.contracts[2]
        subject.trade(item, Side.BUY, 1, 3500.0)
        subject.trade(item, Side.BUY, 1, 3510.0)
        subject.trade(item, Side.SELL, 1, 3510.0)
        subject.day_over()
        subject.trade(item, Side.BUY, 1, 3520.0)
        fees = subject.account().fees
        subject.trade(item, Side.SELL, 1, 3530.0)
        account = subject.account()
        assert account.closed_profit == pytest.approx(20 * 300), "from the settlement of 3510"
        assert account.closed_profit_by_trade == pytest.approx(20 * 300), "opened at 3510 too"
        rate = item.fees.close_today
        paid = 3530 * 300 * rate.by_money + rate.by_lot
        assert account.fees - fees == pytest.approx(paid, abs=0.006)
        (row,) = subject.positions()
        assert (row.today_lots, row.yesterday_lots) == (1, 0)
        subject.trade(item, Side.SELL, 1, 3530.0)
        rate = item.fees.close
        paid += 3530 * 300 * rate.by_money + rate.by_lot
        assert subject.account().fees - fees == pytest.approx(paid, abs=0.011)

    def test_both_profits_of_a_lot_that_was_held_over_a_settlement(self) -> None:
        """FACTS A12: the same equity, split in two ways."""
        subject = self.make()
        item = subject.contracts[3]
        subject.trade(item, Side.BUY, 2, 3500.0)
        subject.trade(item, Side.BUY, 1, 3510.0)  # the settlement
        subject.day_over()
        subject.trade(item, Side.SELL, 1, 3530.0)
        account = subject.account()
        assert account.closed_profit == pytest.approx(20 * 10)
        assert account.closed_profit_by_trade == pytest.approx(30 * 10)
        assert account.position_profit == pytest.approx(2 * 20 * 10)
        assert account.position_profit_by_trade == pytest.approx((30 + 20) * 10)
        (row,) = subject.positions()
        assert row.closed_profit == pytest.approx(200)
        assert row.closed_profit_by_trade == pytest.approx(300)
        assert row.position_profit_by_trade == pytest.approx(500)

    @pytest.mark.parametrize(
        ("rule", "price"),
        [("pre_settlement", 3510), ("last", 3560), ("average", 3540), ("open", 3550)],
    )
    def test_margin_price_of_todays_lots(self, rule: MarginPrice, price: float) -> None:
        """FACTS A11: one lot opened at 3530 was closed, one at 3550 is left, with one of before
        the settlement at 3510."""
        subject = self.make(rule)
        item = subject.contracts[3]
        subject.trade(item, Side.BUY, 2, 3510.0)
        subject.day_over()
        subject.trade(item, Side.BUY, 1, 3530.0)
        subject.trade(item, Side.BUY, 1, 3550.0)
        subject.trade(item, Side.SELL, 3, 3560.0)
        margin = price * 10 * item.long_margin.by_money
        assert subject.account().margin == pytest.approx(margin)

    def test_of_one_product_the_larger_side_pays(self) -> None:
        """FACTS A11: SHFE, over the contracts of the product; DCE has no such relief."""
        subject = self.make()
        near, far, _, soy = subject.contracts
        subject.trade(near, Side.BUY, 3, 3500.0)
        subject.trade(far, Side.SELL, 2, 3500.0)
        account = subject.account()
        long = 3 * 3500 * near.multiplier * near.long_margin.by_money
        short = 2 * 3500 * far.multiplier * far.short_margin.by_money
        assert account.margin == pytest.approx(max(long, short))
        assert sum(row.margin for row in subject.positions()) == pytest.approx(long + short)
        subject.trade(soy, Side.BUY, 1, 3500.0)
        more = 3500 * soy.multiplier * soy.long_margin.by_money
        assert subject.account().margin == pytest.approx(max(long, short) + more)
