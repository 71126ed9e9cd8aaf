"""Whatever happens, three ways lead to one state: the run itself, its replay, and recovery.

The real engine on the simulated exchange, with strategies that trade. What a person and the line do
meanwhile is drawn, and so are where the run ends and what kind of runs were before it.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.app.test_journal_replay import House

from homalos.engine import Engine
from homalos.model.enums import Channel, TradingState
from homalos.model.event import Event
from homalos.model.events import ConnectionChanged, KillSwitch, SetTradingState, StrategyCommand
from homalos.model.ids import StrategyId
from homalos.model.reconciling import Reconcile

WORDS = st.sampled_from(
    ["active", "reducing", "halted", "kill", "ask", "down", "up", "stop", "start"]
)
DEEDS = st.dictionaries(st.integers(1, 500), WORDS, max_size=12)


def event_of(word: str, now: int) -> Event:
    if word in ("active", "reducing", "halted"):
        return SetTradingState(TradingState(word), "me", "drawn", now)
    if word in ("down", "up"):
        return ConnectionChanged("sim", Channel.TRADING, word == "up", "drawn", now)
    if word in ("stop", "start"):
        return StrategyCommand(StrategyId("one"), word, "me", now)
    return KillSwitch("me", "drawn", now) if word == "kill" else Reconcile("me", now)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(deeds=DEEDS, ticks=st.integers(50, 600), kills=st.lists(st.booleans(), max_size=2))
def test_run_replay_and_recovery_agree(
    deeds: dict[int, str], ticks: int, kills: list[bool]
) -> None:
    def meddle(engine: Engine, tick: int) -> None:
        if tick in deeds:
            engine.bus.post(event_of(deeds[tick], engine.clock.now()))
            engine.bus.run_until_idle()

    with TemporaryDirectory() as name:
        house = House(Path(name))
        for kill in kills:
            house.run(200, kill=kill, meddle=meddle)
        ran = house.run(ticks, meddle=meddle)
        report: Any = house.replay()
        assert report.difference is None
        assert report.recovery is None
        assert report.state_hash == ran
        for run in range(1, len(kills) + 1):
            assert house.replay(run).difference is None
