"""Load, start, stop, reload, unload, parameters, state fields."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.strategy.desktop import RB, Desktop, M, spy

from homalos.config.sections.strategy import StrategyEntry, StrategySection
from homalos.model.enums import Severity, StrategyState
from homalos.model.events import (
    AlertRaised,
    Audited,
    CancelOrder,
    StrategyParametersChanged,
    StrategyStateChanged,
)
from homalos.strategy.slot import TRANSITIONS

PARAMS = """
    fast: int = param(5, ge=1, le=200, unit="bars", en="fast average", zh="快线")
    ratio: float = param(1)
    name: str = param("a", choices=("a", "b"))
    on: bool = param(True)
    state_fields = ("count", "levels")
    count: int = 0
    levels: dict = {}
    @classmethod
    def check_parameters(cls, values):
        if values["fast"] > 100 and not values["on"]: raise ValueError("too fast for off")
"""


def refusal(desktop: Desktop) -> str:
    assert desktop.of(Audited)[-1].result.startswith("refused")
    alert = desktop.of(AlertRaised)[-1]
    assert alert.severity is Severity.WARNING
    return alert.text


# ---------------------------------------------------------------- parameters


def test_parameters_change_while_it_runs(desktop: Desktop) -> None:
    desktop.write("spy.py", spy(PARAMS))
    a = desktop.run("a", "spy.py", params={"fast": 7})
    assert (a.fast, a.ratio, a.name, a.on) == (7, 1.0, "a", True)
    desktop.command("a", "set", '{"fast": 9, "ratio": 2, "name": "a"}')
    assert (a.fast, a.ratio) == (9, 2.0)
    assert isinstance(a.ratio, float)
    assert a.got == [{"fast": 7, "ratio": 1.0}]
    changed = desktop.of(StrategyParametersChanged)[0]
    assert changed.who == "trader"
    assert changed.changes == (("fast", "7", "9"), ("ratio", "1.0", "2.0"))
    desktop.command("a", "stop")
    desktop.command("a", "set", '{"fast": 11}')
    desktop.command("a", "start")
    assert desktop.strategy("a").fast == 11, "kept over a stop"


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ('{"fast": 0, "nam": 1}', "1 <= fast <= 200 (bars); nam: no such parameter"),
        ('{"fast": 5.5}', "5.5 is not a whole number"),
        ('{"fast": true}', "True is not a whole number"),
        ('{"on": 1}', "1 is not true or false"),
        ('{"name": "c"}', "'c' is none of ['a', 'b']"),
        ('{"fast": 150, "on": false}', "too fast for off"),
        ('{"ratio": NaN}', "outside"),
        ("[1]", "JSON object"),
        ("{", "not JSON"),
    ],
)
def test_invalid_parameters_change_nothing(desktop: Desktop, payload: str, text: str) -> None:
    desktop.write("spy.py", spy(PARAMS))
    a = desktop.run("a", "spy.py")
    desktop.command("a", "set", payload)
    assert text in refusal(desktop)
    assert (a.fast, a.name, a.on, a.got) == (5, "a", True, [])
    assert desktop.of(StrategyParametersChanged) == []


def test_parameters_are_shown_with_their_declaration(desktop: Desktop) -> None:
    desktop.write("spy.py", spy(PARAMS))
    desktop.load("a", "spy.py", params={"fast": 7})
    fast = desktop.info("a").parameters[0]
    assert (fast.name, fast.type, fast.value, fast.default) == ("fast", "int", 7, 5)
    assert (fast.unit, fast.en, fast.zh, fast.ge, fast.le) == (
        "bars",
        "fast average",
        "快线",
        1,
        200,
    )
    json.loads(msgspec.json.encode(desktop.info("a")))


# ---------------------------------------------------------------- commands


def test_the_table_of_states_is_what_commands_obey(desktop: Desktop) -> None:
    desktop.write("spy.py", spy())
    desktop.load("a", "spy.py")
    for action, state in (
        ("start", StrategyState.RUNNING),
        ("start", None),
        ("stop", StrategyState.STOPPED),
        ("stop", None),
        ("start", StrategyState.RUNNING),
    ):
        before = desktop.state("a")
        desktop.command("a", action)
        assert desktop.state("a") is (state or before)
        assert ((before, action) in TRANSITIONS) == (state is not None)
        if state is None:
            assert f"cannot {action}" in refusal(desktop)
    desktop.command("a", "dance")
    assert "no such action" in refusal(desktop)
    desktop.command("b", "start")
    assert "no such strategy" in refusal(desktop)


def test_load_refuses_what_it_cannot_know(desktop: Desktop) -> None:
    desktop.write("spy.py", spy())
    desktop.load("a", "spy.py")
    desktop.load("a", "spy.py")
    assert "loaded already" in refusal(desktop)
    desktop.command("b", "load")
    assert "not in strategies.yaml" in refusal(desktop)
    desktop.command("b", "load", '{"id": "c", "file": "spy.py"}')
    assert "the entry's id is c" in refusal(desktop)
    desktop.command("b", "load", '{"id": "b"}')
    assert "file" in refusal(desktop)


def test_stop_cancels_what_works_and_unload_forgets_the_code(desktop: Desktop) -> None:
    desktop.write("spy.py", spy())
    a = desktop.run("a", "spy.py", "SHFE.rb2601")
    intent = a.buy(RB, 1, 90.0)
    desktop.bus.run_until_idle()
    desktop.command("a", "stop")
    assert [e.order_id for e in desktop.of(CancelOrder)] == [intent]
    assert desktop.venue.live() == []
    desktop.tick(RB, 100)
    assert "Tick" not in {type(x).__name__ for x in a.got}
    with pytest.raises(RuntimeError, match=r"a is stopped: it may not trade.*stopped by"):
        a.sell(RB, 1)
    desktop.command("a", "unload")
    assert desktop.manager.strategies() == ()


def test_what_cannot_be_loaded_is_shown_and_can_be_mended(desktop: Desktop) -> None:
    desktop.write("broken.py", "class A(Strategy):\n    def on_tick(self, tick) return\n")
    desktop.load("a", "broken.py")
    assert desktop.state("a") is StrategyState.FAILED
    assert "at broken.py:5" in desktop.info("a").why
    desktop.write("broken.py", spy())
    desktop.command("a", "start")
    assert desktop.state("a") is StrategyState.RUNNING


# ---------------------------------------------------------------- reload


def test_reload_takes_new_code_and_keeps_the_rest(desktop: Desktop) -> None:
    desktop.write("spy.py", spy(PARAMS))
    desktop.write("other.py", spy())
    a = desktop.run("a", "spy.py", "SHFE.rb2601", params={"fast": 7})
    other = desktop.run("other", "other.py", "SHFE.rb2601")
    desktop.tick(RB, 100)
    a.buy(RB, 2)
    desktop.bus.run_until_idle()
    a.count, a.levels = 3, {"x": [1, 2]}
    desktop.command("a", "set", '{"ratio": 3.5}')
    hash_before = desktop.info("a").sha256
    edited = spy(PARAMS + "    version = 2\n").replace("param(True)", "param(False)")
    desktop.write("spy.py", edited)
    desktop.command("a", "reload")
    b = desktop.strategy("a")
    assert type(b) is not type(a)
    assert b.version == 2
    assert (b.fast, b.ratio, b.count, b.levels) == (7, 3.5, 3, {"x": [1, 2]})
    assert b.on is False, "a default that nobody has overridden follows the code"
    assert b.position(RB) == 2
    assert desktop.info("a").sha256 != hash_before
    desktop.tick(RB, 101)
    assert [type(x).__name__ for x in b.got] == ["Tick"]
    assert sum(type(x).__name__ == "Tick" for x in other.got) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("class Spy(Strategy) pass", "invalid syntax at spy.py:5"),
        ("1 / 0", "ZeroDivisionError: division by zero at spy.py:5"),
        ("import nowhere_at_all", "No module named 'nowhere_at_all' at spy.py:5"),
        ("x = 1", "needs one Strategy class, has none"),
        ("class A(Strategy): pass\nclass B(Strategy): pass", "has A, B"),
        ("class Spy(Strategy):\n  def on_tik(self, t): pass", "did you mean on_tick?"),
        ("class Spy(Strategy):\n  async def on_tick(self, t): pass", "not async"),
        ("class Spy(Strategy):\n  def on_tick(self): pass", "takes (self, tick"),
        ("class Spy(Strategy):\n  buy = 1", "the name belongs to Strategy"),
        ("class Spy(Strategy):\n  fast: int = param(5, ge=6)", "5 is outside 6 <= fast"),
        ("class Spy(Strategy):\n  state_fields = ('x',)", "needs a default"),
        ("class Spy(Strategy): pass", "fast: no such parameter"),
        ("class Spy(Strategy):\n  fast: int = param(1, le=5)", "7 is outside fast <= 5"),
        (
            "class Spy(Strategy):\n  fast: int = param(1)\n  def on_start(self): 1 / 0",
            "ZeroDivisionError: division by zero at spy.py:7",
        ),
    ],
)
def test_a_reload_that_fails_keeps_the_old_code_running(
    desktop: Desktop, text: str, says: str
) -> None:
    desktop.write("spy.py", spy(PARAMS))
    a = desktop.run("a", "spy.py", "SHFE.rb2601", params={"fast": 7})
    a.count = 3
    desktop.write("spy.py", "\n" + text)
    desktop.command("a", "reload")
    assert says in refusal(desktop)
    assert desktop.state("a") is StrategyState.RUNNING
    desktop.tick(RB, 100)
    now = desktop.strategy("a")
    assert type(now) is type(a)
    assert (len(now.got), now.count, now.fast) == (1, 3, 7)


# ---------------------------------------------------------------- state


def test_state_fields_survive_a_restart_of_the_daemon(desktop: Desktop, tmp_path: Path) -> None:
    desktop.write("spy.py", spy(PARAMS))
    a = desktop.run("a", "spy.py")
    a.count, a.levels = 5, {"k": [1.5, None]}
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(desktop.manager.state()))
    entries = [StrategyEntry(id="a", file="spy.py")]
    again = Desktop(tmp_path, StrategySection(), entries=entries)
    again.manager.restore(kept)
    again.manager.start()
    assert again.strategy("a").count == 5
    assert again.strategy("a").levels == {"k": [1.5, None]}
    assert again.manager.state() == desktop.manager.state()


def test_a_field_that_cannot_be_kept_is_told(desktop: Desktop) -> None:
    desktop.write("spy.py", spy("state_fields = ('x',)\n    x = None"))
    a = desktop.run("a", "spy.py")
    a.x = object()
    desktop.manager.state()
    desktop.bus.run_until_idle()
    assert "state field x cannot be kept" in desktop.of(AlertRaised)[-1].text


def test_entries_start_in_order_and_stop_with_the_daemon(tmp_path: Path) -> None:
    rows = [("b", True), ("a", True), ("c", False)]
    entries = [StrategyEntry(id=i, file="spy.py", enabled=on) for i, on in rows]
    desktop = Desktop(tmp_path, StrategySection(), entries=entries)
    desktop.write("spy.py", spy())
    desktop.manager.start()
    desktop.bus.run_until_idle()
    running = [
        e.strategy for e in desktop.of(StrategyStateChanged) if e.state is StrategyState.RUNNING
    ]
    assert running == ["b", "a"]
    assert desktop.state("c") is StrategyState.LOADED
    desktop.manager.stop()
    desktop.bus.run_until_idle()
    assert [s.state for s in desktop.manager.strategies()] == [
        StrategyState.STOPPED, StrategyState.STOPPED, StrategyState.LOADED,
    ]  # fmt: skip
    desktop.command("c", "start")
    assert desktop.state("c") is StrategyState.RUNNING


def test_log_lines_are_limited(tmp_path: Path) -> None:
    desktop = Desktop(tmp_path, StrategySection(logs_per_minute=3))
    desktop.manager.start()
    desktop.write("spy.py", spy())
    a: Any = desktop.run("a", "spy.py")
    for n in range(10):
        a.log(f"line {n}")
    desktop.advance(60)
    a.log("next")
    desktop.bus.run_until_idle()
    texts = [e.text for e in desktop.of(AlertRaised)]
    assert texts == ["line 0", "line 1", "line 2", "7 log lines dropped / 丢弃日志行", "next"]


def test_files_outside_the_folder_are_refused(desktop: Desktop) -> None:
    desktop.load("a", "../conftest.py")
    assert "outside the strategies folder" in desktop.info("a").why
    desktop.load("b", "absent.py")
    assert "no such file" in desktop.info("b").why
    assert M not in desktop.subscribed
