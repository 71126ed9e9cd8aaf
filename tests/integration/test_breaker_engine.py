"""Breaker and daily opens in the real engine on the simulated exchange: rejects that the exchange
itself makes, orders of another terminal at that exchange, restarts, and the replay of it all."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.app.test_journal_replay import House

from homalos.engine import Engine
from homalos.exchange.records import NewOrder
from homalos.kernel.journal import read
from homalos.model.breaking import BreakerState, CloseBreaker
from homalos.model.enums import Offset, OrderKind, Side, TimeInForce
from homalos.model.ids import AccountId, OrderId, StrategyId
from homalos.model.market import Instrument

ONE = StrategyId("one")
"""Trades SHFE.rb; ``two`` trades DCE.m."""


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def limit(house: House, **changes: object) -> None:
    house.config = replace(house.config, risk=replace(house.config.risk, **changes))


def exchange_of(engine: Engine) -> Any:
    gateway: Any = engine.gateway
    return gateway._inner._exchange


def rebar(engine: Engine) -> Instrument:
    return next(i for i in engine.gateway.instruments() if i.product == "rb")


def refuse(engine: Engine) -> None:
    """The exchange lowers the most lots of an order to none, and tells nobody."""
    contract = exchange_of(engine)._contracts[rebar(engine).id]
    contract.instrument = replace(contract.instrument, max_limit_lots=0)


def denied(engine: Engine, rule: str) -> int:
    return engine.risk.denied.get(rule, 0)


@pytest.mark.fires("breaker")
def test_rejects_of_the_exchange_open_it_and_a_restart_keeps_it(house: House) -> None:
    seen: dict[str, Any] = {}

    def meddle(engine: Engine, tick: int) -> None:
        seen["engine"] = engine
        if tick == 100:
            refuse(engine)

    house.run(400, meddle=meddle)
    first: Engine = seen["engine"]
    assert list(first.breaker.open) == [ONE]
    opened = first.breaker.open[ONE]
    assert (opened.count, opened.limit) == (5, 5)
    assert denied(first, "breaker") > 3
    rejected = [o for o in first.orders.orders() if o.status.value == "rejected"]
    assert {o.strategy for o in rejected} == {ONE}
    report = house.replay()
    assert report.same, report

    def look(engine: Engine, tick: int) -> None:
        seen["engine"] = engine
        if tick == 1:
            seen["at start"] = dict(engine.breaker.open)
        if tick == 150:
            seen["denied"] = denied(engine, "breaker")
            engine.bus.post(CloseBreaker(ONE, "me", "mended", engine.clock.now()))
            engine.bus.run_until_idle()

    house.run(400, meddle=look)
    assert seen["at start"] == {ONE: opened}
    assert seen["denied"] > 3
    second: Engine = seen["engine"]
    assert denied(second, "breaker") == seen["denied"], "nobody is denied any more"
    report = house.replay()
    assert report.same, report


def test_it_cools_down_by_itself_and_the_replay_agrees(house: House) -> None:
    limit(house, cool_down_minutes=1)
    seen: dict[str, Any] = {}

    def meddle(engine: Engine, tick: int) -> None:
        seen["engine"] = engine
        if tick == 50:
            refuse(engine)

    house.run(700, meddle=meddle)
    records: list[Any] = [r for r in read(house.data / "journal") if r.name() == "BreakerChanged"]
    states = [record.event().state for record in records]
    assert states[:3] == [BreakerState.OPEN, BreakerState.CLOSED, BreakerState.OPEN]
    assert house.replay().same


def test_limits_are_read_again_while_it_runs(house: House) -> None:
    seen: dict[str, Any] = {}

    def meddle(engine: Engine, tick: int) -> None:
        seen["engine"] = engine
        risk = engine.config.risk
        if tick == 50:
            refuse(engine)
            engine.configure(replace(engine.config, risk=replace(risk, max_consecutive_rejects=2)))
        if tick == 250:
            seen["open"] = dict(engine.breaker.open)
            seen["denied"] = denied(engine, "breaker")
            off = replace(risk, max_consecutive_rejects=0, max_account_rejects=0)
            engine.configure(replace(engine.config, risk=off))

    house.run(400, meddle=meddle)
    engine: Engine = seen["engine"]
    assert seen["open"][ONE].count == 2
    assert seen["denied"] > 0
    assert not engine.breaker.open
    assert denied(engine, "breaker") == seen["denied"]


@pytest.mark.fires("daily_opens")
def test_opens_of_another_terminal_count_and_a_restart_finds_them(house: House) -> None:
    """Its orders go to the exchange, past this daemon, on the same account."""
    seen: dict[str, Any] = {}

    def elsewhere(engine: Engine, number: int, lots: int) -> None:
        contract = rebar(engine).id
        price = engine.books.quotes[contract].upper_limit
        assert price is not None
        order = NewOrder(
            AccountId(engine.config.app.account), OrderId(f"t{number}"), contract, Side.BUY,
            Offset.OPEN, OrderKind.LIMIT, TimeInForce.GFD, price, lots,
        )  # fmt: skip
        exchange_of(engine).insert(order)
        engine.bus.run_until_idle()

    def meddle(engine: Engine, tick: int) -> None:
        seen["engine"] = engine
        contract = rebar(engine).id
        if tick == 100:
            seen["before"] = engine.orders.openings.lots(contract)
            elsewhere(engine, 1, 7)
        if tick == 101:
            assert engine.orders.openings.lots(contract) >= seen["before"] + 7
            risk = replace(engine.config.risk, day_opens_of={"SHFE.rb": 8})
            engine.configure(replace(engine.config, risk=risk))

    ran = house.run(300, meddle=meddle)
    first: Engine = seen["engine"]
    contract = rebar(first).id
    assert denied(first, "daily_opens") > 3
    lots = first.orders.openings.lots(contract)
    opens = [t for t in opens_at_exchange(first) if t.instrument == contract]
    assert lots == sum(t.lots for t in opens), "what the exchange itself has"
    assert ran == first.state_hash()

    def look(engine: Engine, tick: int) -> None:
        seen["engine"] = engine
        if tick == 1:
            seen["at start"] = engine.orders.openings.lots(contract)

    house.run(5, meddle=look)
    assert seen["at start"] == lots
    assert house.replay().same


def opens_at_exchange(engine: Engine) -> list[Any]:
    """Opening fills of the day as the exchange knows them."""
    trades = exchange_of(engine).fills(AccountId(engine.config.app.account))
    return [trade for trade in trades if trade.offset is Offset.OPEN]
