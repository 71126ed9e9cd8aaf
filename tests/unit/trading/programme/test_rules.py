"""Each rule denies from its soft limit on what would add to its counter, and nothing else."""

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import DAY, RB, M
from tests.unit.trading.programme.floor import ROW, Floor, section, side_of

from homalos.config.sections.risk_programme import ProgrammeRow
from homalos.model.enums import Offset, OrderStatus, Side, TimeInForce
from homalos.model.events import AlertRaised, KillSwitch
from homalos.model.ids import OrderId
from homalos.trading.programme.terms import soft_of

S = OrderStatus


def _denied(floor: Floor, **changes: object) -> list[str]:
    """Rules that deny this order, or its filled self."""
    before = len(floor.rules_denied())
    id_ = floor.submit(**changes)
    order = floor.manager.order(id_)
    if order is not None:
        floor.fill(id_, order.price)
    return floor.rules_denied()[before:]


@pytest.mark.fires("programme_cancels")
def test_cancels_hold_opens_of_the_contract_and_neither_cancels_nor_exits() -> None:
    floor = Floor()
    floor.trade(Side.BUY, 3)
    resting = floor.rested(price=3400.0)
    floor.cancelled(7)
    assert _denied(floor) == []
    floor.cancelled(1)
    assert _denied(floor) == ["programme_cancels"]
    (denial,) = floor.seen_last_denial()
    assert (denial.value, denial.limit) == (8, 8)
    assert "exchange's limit is 10" in denial.message
    assert _denied(floor, instrument=M) == [], "each contract has its own"
    assert _denied(floor, tif=TimeInForce.FAK) == [], "the exchange does not count it"
    assert _denied(floor, side=Side.SELL, lots=2) == [], "it reduces"
    floor.cancel(resting)
    floor.post(KillSwitch("me", "all", floor.clock.now()))
    assert resting in floor.venue.cancelled


def test_a_close_that_does_not_reduce_the_account_is_no_open() -> None:
    floor = Floor(self_trades=1, messages=22, account_messages=22)
    floor.trade(Side.BUY, 2)
    floor.trade(Side.SELL, 2, strategy="beta")
    floor.cancelled(8, price=3400.0)
    floor.post(side_of("x", Side.BUY, DAY))
    floor.post(side_of("x", Side.SELL, DAY))
    assert set(_denied(floor)) == {
        "programme_self_trades", "programme_cancels", "programme_messages",
    }  # fmt: skip
    assert _denied(floor, side=Side.SELL, lots=2, offset=Offset.CLOSE_TODAY) == []


@pytest.mark.fires("programme_large_cancels")
def test_large_cancels_hold_large_opens_alone() -> None:
    floor = Floor(cancels=0)
    floor.cancelled(3, lots=30)
    assert _denied(floor, lots=30) == []
    floor.cancelled(1, lots=30)
    assert _denied(floor, lots=30) == ["programme_large_cancels"]
    assert _denied(floor, lots=30, tif=TimeInForce.FOK) == []
    assert _denied(floor, lots=29) == []


@pytest.mark.fires("programme_self_trades")
def test_self_trades_hold_every_open_of_the_contract() -> None:
    floor = Floor()
    for number in range(4):
        assert _denied(floor) == []
        floor.post(side_of(f"s{number}", Side.BUY, DAY))
        floor.post(side_of(f"s{number}", Side.SELL, DAY))
    assert _denied(floor, tif=TimeInForce.FAK) == ["programme_self_trades"]
    assert _denied(floor, instrument=M) == []


@pytest.mark.fires("programme_messages")
def test_messages_hold_opens_of_the_contract_and_then_of_the_exchange() -> None:
    floor = Floor(cancels=0, messages=10, account_messages=0)
    floor.cancelled(4)
    assert _denied(floor, instrument=M) == []
    assert _denied(floor, side=Side.SELL) == ["programme_messages"]
    wide = Floor(cancels=0, messages=0, account_messages=10)
    wide.cancelled(4)
    assert _denied(wide) == ["programme_messages"]
    assert "SHFE" in wide.seen_last_denial()[0].message
    assert _denied(wide, instrument=M) == []


def _burst(floor: Floor) -> None:
    """Ten messages in one moment."""
    ids = [floor.rested(tif=TimeInForce.FAK) for _ in range(5)]
    for id_ in ids:
        floor.report(id_, S.CANCELLED)
    floor.advance(1.5)


@pytest.mark.fires("programme_bursts")
def test_near_the_limit_of_bursts_no_open_helps_to_make_another() -> None:
    floor = Floor()
    for count in range(1, 5):
        _burst(floor)
        assert floor.programme.counts.exchange("SHFE").bursts.own == count
    for _ in range(8):  # eight of ten within a second may leave
        floor.rested()
    assert _denied(floor) == ["programme_bursts"]
    assert _denied(floor, instrument=M) == [], "another exchange"
    floor.advance(1.0)
    for step in range(30):  # in one step: the account's own record counts what no fact told yet
        floor.bus.post(floor.intent(price=3400.0 + step))
    floor.bus.run_until_idle()
    assert len(floor.venue.sent) == 4 * 5 + 8 + 1 + 8


def test_at_the_limit_of_bursts_nothing_opens_and_exits_go_on() -> None:
    floor = Floor(bursts=2)
    floor.trade(Side.BUY, 2)
    floor.advance(2)
    for _ in range(5):
        floor.report(floor.submit(tif=TimeInForce.FAK), S.CANCELLED)
    floor.advance(2)
    assert _denied(floor) == []
    for step in range(10):
        sell = {"side": Side.SELL, "lots": 1, "price": 3510.0} if step < 2 else {}
        floor.submit(**sell)
    floor.advance(2)
    bursts = floor.programme.counts.exchange("SHFE").bursts
    assert bursts.own == 1, "the throttle let no second one come"
    bursts.add(1)
    assert _denied(floor) == ["programme_bursts"]


def test_an_exempt_account_is_counted_and_never_held() -> None:
    floor = Floor(exempt=True, bursts=1)
    floor.cancelled(20)
    assert _denied(floor) == []
    assert floor.count()["cancels"] == 20
    assert floor.alerts() == []
    rows = floor.programme.rows()["contracts"]
    assert (rows[0]["exempt"], rows[0]["cancels"]["limit"]) == (True, None)


def test_a_contract_without_a_row_is_counted_without_a_limit() -> None:
    floor = Floor()
    floor.cancelled(12, instrument=M)
    assert _denied(floor, instrument=M) == []
    assert floor.count(M)["cancels"] == 12


def test_each_level_is_told_once() -> None:
    floor = Floor()
    told = []
    for count in range(1, 9):
        floor.cancelled(1)
        if len(floor.alerts()) > len(told):
            told.append(count)
    assert told == [5, 8], "half way, then the soft limit"
    texts = [a for a in floor.seen(AlertRaised) if a.source == "programme"]
    assert [a.severity.value for a in texts] == ["warning", "error"]
    assert "SHFE.rb2605: 8 cancels today" in texts[1].text
    assert "撤单" in texts[1].text


def test_new_limits_hold_at_once() -> None:
    floor = Floor()
    floor.cancelled(4)
    assert _denied(floor) == []
    for new, rules in (
        (section(replace(ROW, cancels=5)), ["programme_cancels"]),
        (section(replace(ROW, cancels=50)), []),
        (section(replace(ROW, cancels=8), programme_soft_percent=50), ["programme_cancels"]),
        (section(ProgrammeRow(id="DCE", cancels=1)), []),
    ):
        floor.gate.configure(new)
        floor.programme.configure(new)
        assert _denied(floor, price=3400.0) == rules
    assert len([text for text in floor.alerts() if "soft limit" in text]) == 2


@pytest.mark.parametrize(
    ("limit", "percent", "soft"),
    [(500, 80, 400), (5, 80, 4), (10, 80, 8), (5, 100, 4), (1, 80, 1), (3, 1, 1), (0, 80, 0)],
)
def test_the_soft_limit_is_below_the_exchanges(limit: int, percent: int, soft: int) -> None:
    assert soft_of(limit, percent) == soft


def test_the_order_that_is_denied_counts_nothing() -> None:
    floor = Floor()
    floor.cancelled(8)
    before = floor.count()
    assert _denied(floor) == ["programme_cancels"]
    assert floor.count() == before
    assert floor.manager.order(OrderId("t-9")) is None
    assert floor.programme.counts.contracts[RB].cancels.total == 8
