"""Strategy code hides in an exception's text, in a state field, in what an action is given: none of
it reaches another strategy, the handler, or the journal."""

import signal
from pathlib import Path

import msgspec
import pytest
from tests.unit.strategy.desktop import RB, Desktop, M, spy

from homalos.config.sections.strategy import StrategySection
from homalos.model.enums import StrategyState
from homalos.model.events import (
    ActorQuarantined,
    AlertRaised,
    Audited,
    HandlerFailed,
    SubmitOrder,
)
from homalos.strategy import faults, words
from homalos.strategy.base import StrategyError

EVIL = """
class NoText(Exception):
    def __str__(self): raise RuntimeError("no text")
    __repr__ = __str__
class WorseText(Exception):
    def __str__(self): raise SystemExit
class OddText(Exception):
    def __str__(self): return "\\ud800"
class SubText(Exception):
    class Text(str):
        __bool__ = __format__ = __str__ = encode = lambda *_: 1 / 0
    def __str__(self): return self.Text("sub")
class Liar(Exception):
    __class__ = property(lambda self: 1 / 0)
class Traceless(Exception):
    __traceback__ = property(lambda self: 1 / 0)
class Nameless(type):
    __name__ = property(lambda cls: 1 / 0)
class Meta(Exception, metaclass=Nameless): pass
class ValueText(ValueError):
    __str__ = NoText.__str__
KINDS = dict(none=NoText, worse=WorseText, odd=OddText, sub=SubText, liar=Liar, meta=Meta,
             value=ValueText, interrupt=KeyboardInterrupt, trace=Traceless)
class Evil(Strategy):
    kind: str = param("none")
    hook: str = param("on_tick")
    def perhaps(self, hook):
        if hook == self.hook: raise KINDS[self.kind]
    def on_start(self):
        self.subscribe(self.instrument, "1m")
        self.perhaps("on_start")
    def on_tick(self, tick): self.perhaps("on_tick")
    def on_bar(self, bar): self.perhaps("on_bar")
    def on_stop(self): self.perhaps("on_stop")
    @classmethod
    def check_parameters(cls, values):
        if values["hook"] == "check": raise KINDS[values["kind"]]
"""
KINDS = ("none", "worse", "odd", "sub", "liar", "meta", "value", "interrupt", "trace")


@pytest.fixture
def pair(tmp_path: Path) -> Desktop:
    """A desktop with the files of a bad strategy and of an innocent one."""
    desktop = Desktop(tmp_path, StrategySection(error_budget=3))
    desktop.manager.start()
    desktop.venue_lists(RB, M)
    desktop.write("evil.py", EVIL)
    desktop.write("spy.py", spy())
    return desktop


def writable(desktop: Desktop) -> None:
    """All that was dispatched can be written down and read again as what it is."""
    for event in desktop.seen:
        kept = msgspec.msgpack.encode(event)
        assert msgspec.msgpack.decode(kept, type=type(event)) == event


@pytest.mark.parametrize("kind", KINDS)
def test_an_exception_that_fails_itself_harms_nobody_else(pair: Desktop, kind: str) -> None:
    pair.run("bad", "evil.py", "SHFE.rb2601", params={"kind": kind})
    good = pair.run("good", "spy.py", "SHFE.rb2601")
    for n in range(8):
        pair.tick(RB, 100 + n)
    assert len(good.got) == 8, "every tick"
    assert pair.state("good") is StrategyState.RUNNING
    assert pair.state("bad") is StrategyState.QUARANTINED
    assert pair.info("bad").errors == 3
    assert {e.actor for e in pair.of(HandlerFailed)} == {"strategy:bad"}
    assert [e.actor for e in pair.of(ActorQuarantined)] == ["strategy:bad"]
    assert "evil.py:" in pair.of(HandlerFailed)[0].error
    writable(pair)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hook", ["on_start", "on_stop", "on_bar", "check"])
def test_it_harms_nobody_in_any_hook(pair: Desktop, kind: str, hook: str) -> None:
    good = pair.run("good", "spy.py", "SHFE.rb2601")
    pair.run("bad", "evil.py", "SHFE.rb2601", params={"kind": kind, "hook": hook})
    pair.bar(RB, 100)
    pair.tick(RB, 100)
    pair.command("bad", "set", '{"hook": "check"}')
    pair.command("bad", "reload")
    pair.command("bad", "stop")
    pair.command("bad", "unload")
    assert {e.actor for e in pair.of(HandlerFailed)} <= {"strategy:bad"}
    assert len(good.got) == 1
    writable(pair)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_raises_it_is_failed_alone(pair: Desktop, kind: str) -> None:
    pair.write("top.py", f"{EVIL}\nraise KINDS['{kind}']\n")
    good = pair.run("good", "spy.py", "SHFE.rb2601")
    pair.load("bad", "top.py")
    pair.tick(RB, 100)
    assert pair.state("bad") is StrategyState.FAILED
    assert "top.py:" in pair.info("bad").why
    assert pair.of(HandlerFailed) == []
    assert len(good.got) == 1
    writable(pair)


def test_what_a_file_holds_cannot_break_the_search_for_its_class(pair: Desktop) -> None:
    odd = """
class Odd:
    __class__ = property(lambda self: 1 / 0)
thing = Odd()
globals()[1] = Strategy
class S(Strategy): pass
"""
    pair.write("odd.py", odd)
    pair.load("bad", "odd.py")
    assert pair.state("bad") is StrategyState.FAILED
    assert pair.of(HandlerFailed) == []


STATEFUL = """
class Stateful(Strategy):
    state_fields = ("count", "odd", "huge", "text", "loop")
    count = 1
    odd = property(lambda self: 1 / 0)
    huge = 0
    text = ""
    loop = ()
    def on_start(self):
        self.count, self.huge, self.text = 7, 2 ** 70, "\\ud800"
        self.loop = []
        self.loop.append(self.loop)
"""


def test_state_fields_that_cannot_be_kept_are_told_and_not_kept(pair: Desktop) -> None:
    pair.write("stateful.py", STATEFUL)
    pair.run("bad", "stateful.py")
    ((_, _, _, _, fields, _),) = pair.manager.state()
    assert fields == (("count", 7),)
    pair.bus.run_until_idle()
    told = [e.text for e in pair.of(AlertRaised) if "cannot be kept" in e.text]
    assert len(told) == 4
    writable(pair)


def test_a_failure_in_the_handling_is_caught_by_the_second_net(
    pair: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.run("bad", "evil.py", "SHFE.rb2601")
    good = pair.run("good", "spy.py", "SHFE.rb2601")

    def broken(*_: object) -> str:
        raise LookupError("the handling itself")

    monkeypatch.setattr(faults.Faults, "in_words", broken)
    for n in range(4):
        pair.tick(RB, 100 + n)
    assert len(good.got) == 4
    assert pair.state("bad") is StrategyState.QUARANTINED
    assert "on_tick failed, and so did its handling" in pair.info("bad").why
    assert pair.info("bad").ticks == 1
    assert pair.of(HandlerFailed) == []
    pair.command("bad", "start")
    pair.tick(RB, 100)
    assert len(good.got) == 5
    writable(pair)


def test_a_command_that_fails_within_gives_up_its_strategy_alone(
    pair: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.run("bad", "spy.py", "SHFE.rb2601")
    good = pair.run("good", "spy.py", "SHFE.rb2601")

    def broken(*_: object, **__: object) -> str:
        raise LookupError("the core itself")

    monkeypatch.setattr(pair.manager._life, "reload", broken)
    pair.command("bad", "reload")
    assert pair.state("bad") is StrategyState.QUARANTINED
    assert pair.of(Audited)[-1].result.startswith("failed / 失败: LookupError: the core itself")
    assert pair.of(HandlerFailed) == []
    pair.tick(RB, 100)
    assert len(good.got) == 1


def test_an_interrupt_of_a_strategy_is_its_fault_and_sigint_stays_the_loops(pair: Desktop) -> None:
    pair.write(
        "sig.py",
        "import signal\nclass Sig(Strategy):\n    def on_tick(self, t): raise KeyboardInterrupt\n",
    )
    before = signal.getsignal(signal.SIGINT)
    pair.run("sig", "sig.py", "SHFE.rb2601")
    pair.tick(RB, 100)
    assert pair.info("sig").errors == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_a_text_that_never_comes_is_stopped(tmp_path: Path) -> None:
    section = StrategySection(time_budget_ms=40, reload_on_edit=False, error_budget=1)
    desktop = Desktop(tmp_path, section, watchdog=True)
    desktop.write(
        "mute.py",
        "class Mute(Exception):\n"
        "    def __str__(self):\n"
        "        while True: pass\n"
        "class S(Strategy):\n"
        "    def on_tick(self, tick): raise Mute\n",
    )
    desktop.write("spy.py", spy())
    desktop.manager.start()
    try:
        desktop.venue_lists(RB)
        desktop.run("bad", "mute.py", "SHFE.rb2601")
        good = desktop.run("good", "spy.py", "SHFE.rb2601")
        desktop.tick(RB, 100)
        assert desktop.state("bad") is StrategyState.QUARANTINED
        assert "Mute" in desktop.info("bad").why
        assert len(good.got) == 1
    finally:
        desktop.manager.stop()


# ---------------------------------------------------------------- what actions are given


ODD_TEXTS = [1, None, b"x", "\ud800", "x" * 101]


@pytest.mark.parametrize("text", ODD_TEXTS, ids=repr)
def test_names_and_tags_are_texts_that_can_be_written(pair: Desktop, text: object) -> None:
    one = pair.run("one", "spy.py", "SHFE.rb2601")
    pair.tick(RB, 100)
    for action in (
        lambda: one.schedule(text, 1.0),
        lambda: one.buy(RB, 1, 100.0, tag=text),
        lambda: one.sell(RB, 1, tag=text),
        lambda: one.subscribe(text),
        lambda: one.subscribe(RB, text),
        lambda: one.target(text, 1),
    ):
        with pytest.raises(StrategyError, match=r"need a|need plain|at most 100"):
            action()
    pair.advance(5)
    pair.bus.run_until_idle()
    assert pair.of(SubmitOrder) == []
    assert len(one.got) == 1, "no timer"
    writable(pair)


def test_a_log_line_is_a_text_and_a_long_one_is_cut(pair: Desktop) -> None:
    one = pair.run("one", "spy.py")
    for text in (1, None, b"x", "\ud800", ValueError("x")):
        with pytest.raises(StrategyError, match="log: "):
            one.log(text)
    one.log("好" * 3_000)
    pair.bus.run_until_idle()
    (line,) = [e.text for e in pair.of(AlertRaised) if "好" in e.text]
    assert line == "好" * 2_000 + " … (3000 characters)"
    writable(pair)


@pytest.mark.parametrize(
    "seconds", [0, -1, True, float("nan"), float("inf"), "1", None, 1e-12, 10**400, 1e9], ids=repr
)
def test_a_timer_needs_a_number_of_seconds(pair: Desktop, seconds: object) -> None:
    one = pair.run("one", "spy.py")
    with pytest.raises(StrategyError, match=r"timer t: .* seconds; need 0.001"):
        one.schedule("t", seconds)


@pytest.mark.parametrize("lots", [True, 1.0, None, "1", 10**30, -(10**30)], ids=repr)
def test_a_target_needs_a_number_of_lots(pair: Desktop, lots: object) -> None:
    one = pair.run("one", "spy.py", "SHFE.rb2601")
    with pytest.raises(StrategyError, match="need an int"):
        one.target(RB, lots)


@pytest.mark.parametrize("price", ["100", float("nan"), float("inf"), True, 1e300], ids=repr)
def test_a_target_that_must_wait_has_its_price_checked_at_once(
    pair: Desktop, price: object
) -> None:
    """Found later it would fail in the core, when the order that it waits for ends."""
    one = pair.run("one", "spy.py", "SHFE.rb2601")
    pair.tick(RB, 100)
    one.buy(RB, 1, 50.0)
    pair.bus.run_until_idle()
    with pytest.raises(StrategyError, match="finite number"):
        one.target(RB, -1, price)
    assert pair.of(HandlerFailed) == []


def test_a_period_is_checked_before_its_contract_is_listed(pair: Desktop) -> None:
    one = pair.run("one", "spy.py")
    with pytest.raises(StrategyError, match="period '7x' is none"):
        one.subscribe("SHFE.rb2605", "7x")


def test_words_are_true_plain_texts() -> None:
    assert words.plain("\ud800a") == "\\ud800a"
    assert words.plain("x" * 5_000).endswith("x … (5000 characters)")
    assert words.describe(ZeroDivisionError()) == "ZeroDivisionError"
    assert words.safe_text(ValueError("好")) == "好"


@pytest.mark.parametrize("value", ['"\\ud800"', str(2**70)])
def test_a_parameter_that_cannot_be_written_down_is_refused(pair: Desktop, value: str) -> None:
    pair.write("p.py", "class P(Strategy):\n    n: int = param(1)\n    s: str = param('a')\n")
    pair.run("p", "p.py")
    name = "s" if value.startswith('"') else "n"
    pair.command("p", "set", f'{{"{name}": {value}}}')
    assert "cannot be written down" in pair.of(Audited)[-1].result
    assert pair.info("p").state is StrategyState.RUNNING


# ---------------------------------------------------------------- settings


def test_the_time_budgets_given_at_construction_hold(tmp_path: Path) -> None:
    section = StrategySection(time_budget_ms=40, exit_after_ms=80, slow_ms=2.5)
    manager = Desktop(tmp_path, section, watchdog=True).manager
    watchdog = manager._watchdog
    assert watchdog is not None
    assert watchdog._look_s == pytest.approx(0.010), "a quarter of the budget"
    assert watchdog._exit_looks == 8
    assert manager._guard.slow_ns == 2_500_000
    manager.configure(StrategySection(time_budget_ms=400, exit_after_ms=1_000, slow_ms=1.0))
    assert watchdog._look_s == pytest.approx(0.100)
    assert watchdog._exit_looks == 10
    assert manager._guard.slow_ns == 1_000_000
