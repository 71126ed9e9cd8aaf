"""A contract expires while the core runs, and between two runs: books follow, nothing halts.

The real engine with its journal, the simulated exchange on its generated market; no loop.
"""

import dataclasses
from pathlib import Path

import msgspec
import pytest
from tests.generators.kept import keep_market
from tests.unit.app.test_journal_replay import House

from homalos.config.loader import load
from homalos.config.schema import Config
from homalos.engine import Engine
from homalos.exchange.engine import Exchange
from homalos.model.conditional import Conditional, ConditionalStatus
from homalos.model.enums import StrategyState, TradingState
from homalos.model.events import AlertRaised, ConditionalChanged, StrategyCommand
from homalos.model.ids import InstrumentId, StrategyId
from homalos.model.reconciling import PositionAdjusted
from homalos.model.times import HOUR, MINUTE, china_midnight
from homalos.model.trading import StrategyBook

THURSDAY, FRIDAY, MONDAY, FAR = 20260716, 20260717, 20260720, 20260930
OLD, NEW = InstrumentId("CFFEX.IF2607"), InstrumentId("CFFEX.IF2608")
HOLD, NAMED = StrategyId("hold"), StrategyId("named")
STRATEGY = """
from homalos.model.enums import Side
from homalos.strategy import Strategy


class Hold(Strategy):
    state_fields = ("done",)
    done: bool = False

    def on_tick(self, tick):
        if self.done or not tick.ask_price or not self.is_open(tick.instrument):
            return
        self.done = True
        self.lower = tick.lower_limit
        self.buy(tick.instrument, 1, tick.ask_price + 2)

    def on_trade(self, trade):
        self.stop(trade.instrument, Side.SELL, 1, self.lower - 400)
"""


class Kept(House):
    """A data folder whose market stands at 14:50 of the Thursday before the last day."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        (self.strategies / "hold.py").write_text(STRATEGY)
        self.config = config()
        self.alerts: list[str] = []
        self.adjusted: list[PositionAdjusted] = []
        self.ended: list[Conditional] = []
        self.engine: Engine | None = None
        self.kept: dict[str, tuple[StrategyState, tuple[str, ...]]] = {}
        """As they ran on when the contract had expired; then a person starts one anew."""
        until = china_midnight(THURSDAY) + 14 * HOUR + 50 * MINUTE
        keep_market(self.config, self.data, THURSDAY, until)

    def meet(self, engine: Engine, _: int) -> None:
        if engine is self.engine:
            if engine.books.trading_day == MONDAY and not self.kept:
                self.kept = states(engine)
                for action in ("stop", "start"):
                    word = StrategyCommand(HOLD, action, "me", engine.clock.now())
                    engine.bus.post(word)
                engine.bus.run_until_idle()
            return
        self.engine = engine
        listen = engine.bus.subscribe
        listen(AlertRaised, lambda event: self.alerts.append(event.text), actor="t", role="store")
        listen(PositionAdjusted, self.adjusted.append, actor="t", role="store")
        listen(ConditionalChanged, self._conditional, actor="t", role="store")

    def _conditional(self, event: ConditionalChanged) -> None:
        self.ended.append(event.order)

    def go(self, ticks: int, *, thin: int = 1, kill: bool = False) -> Engine:
        self.run(ticks, thin=thin, kill=kill, meddle=self.meet)
        assert self.engine is not None
        return self.engine

    def book(self, strategy: StrategyId, instrument: InstrumentId) -> StrategyBook:
        assert self.engine is not None
        return self.engine.books.book(strategy, instrument)


def config() -> Config:
    shipped = Path(__file__).resolve().parents[3] / "config"
    loaded = load(
        shipped,
        overrides=(
            "exchange.generator_products=[CFFEX.IF]", "exchange.generator_history_bars=240",
            "exchange.opening_cash=10000000", "exchange.generator_volatility=0.3",
        ),
        environ={},
    )  # fmt: skip
    entries = [
        {"id": "hold", "file": "hold.py", "instruments": ["CFFEX.IF"]},
        {"id": "named", "file": "hold.py", "instruments": [OLD]},
    ]
    raw = msgspec.to_builtins(loaded.config) | {"strategies": entries}
    return msgspec.convert(raw, type=Config)


def states(engine: Engine) -> dict[str, tuple[StrategyState, tuple[str, ...]]]:
    return {row.id: (row.state, row.instruments) for row in engine.strategies.strategies()}


def flat(house: Kept, engine: Engine) -> None:
    """No lot is left anywhere, and all sums are the exchange's, to the cent."""
    assert engine.books.positions() == ()
    account = engine.books.account()
    made = sum(book.closed_profit - book.fees for book in engine.books.books())
    assert account.balance == pytest.approx(10_000_000 + made, abs=0.005)
    assert account.margin == 0.0
    assert {row.net_lots for row in engine.books.books()} == {0}
    assert [change.cause for change in house.adjusted] == ["expired"]
    assert house.book(HOLD, OLD).closed_profit == house.book(NAMED, OLD).closed_profit
    assert any("IF2607 has expired: 2 long lots" in text for text in house.alerts)
    over = [order for order in house.ended if order.status is ConditionalStatus.EXPIRED]
    assert {order.instrument for order in over} == {OLD}
    assert engine.control.state is TradingState.ACTIVE


def test_the_core_runs_on_over_an_expiry(tmp_path: Path) -> None:
    house = Kept(tmp_path)
    engine = house.go(1_050, thin=60)
    assert engine.books.trading_day == MONDAY
    flat(house, engine)
    running = (StrategyState.RUNNING, (OLD,))
    assert house.kept == {"hold": running, "named": running}, "they keep their contract"
    assert states(engine)["hold"] == (StrategyState.STOPPED, (NEW,)), "by the end of the run"
    told = [text for text in house.alerts if "goes on with CFFEX.IF2607" in text]
    assert len(told) == 2
    assert any("it takes CFFEX.IF2608" in text and "将改用 CFFEX.IF2608" in text for text in told)
    assert any("strategies.yaml" in text for text in told)
    assert [row[-1][0] for row in engine.strategies.state()] == [(), ()], "nor on their desks"
    report = house.replay()
    assert report.same, report
    house.alerts.clear()
    again = house.go(40)
    assert states(again)["hold"] == (StrategyState.STOPPED, (NEW,))
    assert states(again)["named"][1] == ()
    assert house.book(HOLD, OLD).closed_profit, "what it made counts on"
    assert not [text for text in house.alerts if "goes on with" in text]
    assert house.replay().same


@pytest.mark.parametrize("kill", [False, True])
def test_a_kept_folder_restarts_far_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kill: bool
) -> None:
    house = Kept(tmp_path)
    house.go(60, kill=kill)
    assert house.book(HOLD, OLD).net_lots == house.book(NAMED, OLD).net_lots == 1
    resume, later = Exchange.resume, china_midnight(FAR) + 9 * HOUR

    def months_later(exchange: Exchange) -> object:
        found = resume(exchange)
        assert found is not None
        return dataclasses.replace(found, ts=later)

    monkeypatch.setattr(Exchange, "resume", months_later)
    engine = house.go(200)
    assert engine.books.trading_day == FAR
    assert [i.id for i in engine.gateway.instruments()] == ["CFFEX.IF2610"]
    assert states(engine)["hold"][1] == ("CFFEX.IF2610",)
    assert house.book(HOLD, OLD).net_lots == 0
    assert house.book(HOLD, OLD).closed_profit == house.book(NAMED, OLD).closed_profit
    account = engine.books.account()
    made = sum(book.closed_profit - book.fees for book in engine.books.books())
    floating = account.position_profit
    assert account.balance - floating == pytest.approx(10_000_000 + made, abs=0.005)
    assert engine.control.state is TradingState.ACTIVE
    assert house.replay().same
