"""Risk rules of the trader's own: what they see, how they deny, whose their faults are."""

from pathlib import Path

import pytest
from tests.unit.trading.desk import RB, Desk

from homalos.config.sections.risk import RiskSection
from homalos.model.enums import Severity, Side
from homalos.model.events import AlertRaised, Audited, OrderDenied, RiskRulesEdited
from homalos.strategy.isolation import Guard, Watchdog
from homalos.trading.risk.user_rules import ERRORS, UserRules, plain_call

HEAD = "from homalos.trading.risk.user import Facts, UserRule\n\n"
SMALL = HEAD + (
    "class Small(UserRule):\n"
    "    def check(self, order, facts):\n"
    "        if facts.long_lots + order.lots > 3:\n"
    "            return f'{facts.long_lots} long already'\n"
)


def rule(body: str, head: str = "class Mine(UserRule):\n") -> str:
    return f"{HEAD}{head}    def check(self, order, facts):\n        {body}\n"


def desk_with(folder: Path, *, call: object = plain_call, **files: str) -> tuple[Desk, UserRules]:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    desk = Desk()
    rules = UserRules(folder, desk.bus, RiskSection(), desk.gate, call)  # type: ignore[arg-type]
    rules.attach()
    desk.bus.run_until_idle()
    return desk, rules


def edited(desk: Desk) -> None:
    desk.post(RiskRulesEdited("trader", (), desk.clock.now()))


def alerts(desk: Desk, severity: Severity) -> list[str]:
    return [a.text for a in desk.seen(AlertRaised) if a.severity is severity]


def test_it_denies_with_its_own_words_and_lets_the_rest_pass(tmp_path: Path) -> None:
    desk, _ = desk_with(tmp_path, small=SMALL)
    desk.trade(Side.BUY, 3)
    assert desk.denials() == set()
    desk.submit()
    (denied,) = desk.seen(OrderDenied)
    assert [(d.rule, d.message) for d in denied.denials] == [("user.small", "3 long already")]
    assert "user.small" in desk.gate.rules()


def test_it_sees_the_order_and_the_account_as_they_are(tmp_path: Path) -> None:
    desk, _ = desk_with(tmp_path, tell=rule("return repr(facts)"))
    desk.submit(lots=2)
    said = desk.seen(OrderDenied)[0].denials[0].message
    for word in ("SHFE.rb", "ferrous", "continuous", "value=70000.0", "equity=1000000.0",
                 "minute_of_day=570", "opposite=3501.0", "reducing=False"):  # fmt: skip
        assert word in said


def test_an_order_that_reduces_is_held_only_where_the_rule_says_so(tmp_path: Path) -> None:
    no = rule("return 'never'")
    desk, _ = desk_with(tmp_path)
    desk.trade(Side.BUY, 2)
    (tmp_path / "entries.py").write_text(no)
    edited(desk)
    desk.submit(side=Side.SELL)
    assert desk.denials() == set()
    both = "class Mine(UserRule):\n    for_reducing = True\n"
    (tmp_path / "all.py").write_text(rule("return 'never'", both))
    edited(desk)
    desk.submit(side=Side.SELL)
    assert desk.denials() == {"user.all"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("class Broken(:\n", "broken.py:1: "),
        ("import no_such_module_at_all\n", "broken.py:1: ModuleNotFoundError"),
        ("x = 1\n", "needs one class"),
        (rule("return None") + "class Two(UserRule):\n    pass\n", "has Mine, Two"),
        (HEAD + "class Half(UserRule):\n    pass\n", "TypeError"),
    ],
)
def test_a_file_that_cannot_be_loaded_denies_what_does_not_reduce(
    tmp_path: Path, text: str, said: str
) -> None:
    desk, _ = desk_with(tmp_path)
    desk.trade(Side.BUY, 2)
    (tmp_path / "broken.py").write_text(text)
    edited(desk)
    (alert,) = alerts(desk, Severity.CRITICAL)
    assert said in alert
    assert "mend it, or take it away" in alert
    desk.submit(side=Side.SELL, price=3510.0)
    assert desk.denials() == set()
    desk.submit()
    assert desk.denials() == {"user.broken"}
    (tmp_path / "broken.py").unlink()
    edited(desk)
    desk.submit()
    assert len(desk.seen(OrderDenied)) == 1


def test_an_edit_that_cannot_be_loaded_leaves_the_old_rule_in_force(tmp_path: Path) -> None:
    desk, rules = desk_with(tmp_path, small=SMALL)
    before = rules.state()
    (tmp_path / "small.py").write_text("class Small(:\n")
    edited(desk)
    assert "the old one holds" in alerts(desk, Severity.CRITICAL)[0]
    assert rules.state() == before
    assert rules.sources() == {"user.small": SMALL}
    desk.submit(lots=4)
    assert desk.denials() == {"user.small"}
    (tmp_path / "small.py").write_text(SMALL.replace("> 3", "> 9"))
    edited(desk)
    assert rules.state() != before
    desk.submit(lots=4)
    assert len(desk.seen(OrderDenied)) == 1
    told = [(a.who, a.result.split()[0]) for a in desk.seen(Audited) if a.action == "risk rule"]
    assert told == [("start", "loaded"), ("trader", "refused"), ("trader", "loaded")]


def test_a_rule_that_raises_denies_that_order_and_is_stopped_in_the_end(tmp_path: Path) -> None:
    desk, _ = desk_with(tmp_path, bad=rule("return 1 / (order.lots - 1)"))
    for _ in range(ERRORS):
        desk.submit()
    messages = [d.denials[0].message for d in desk.seen(OrderDenied)]
    assert all("bad.py:5: ZeroDivisionError" in message for message in messages)
    assert "rule stopped" in alerts(desk, Severity.CRITICAL)[0]
    desk.submit(lots=2)
    assert "not called any more" in desk.seen(OrderDenied)[-1].denials[0].message


def test_what_is_no_text_is_a_fault(tmp_path: Path) -> None:
    desk, _ = desk_with(tmp_path, odd=rule("return False"))
    desk.submit()
    assert "answered bool" in desk.seen(OrderDenied)[0].denials[0].message


@pytest.mark.parametrize("body", ["order.lots = 1", "facts.equity = 1e9"])
def test_it_can_change_nothing_that_it_is_given(tmp_path: Path, body: str) -> None:
    desk, _ = desk_with(tmp_path, thief=rule(body))
    desk.submit(lots=2)
    assert desk.denials() == {"user.thief"}
    assert desk.venue.sent == []
    assert desk.books.funds()[0] == 1_000_000.0


def test_a_rule_that_does_not_return_is_stopped_and_not_called_again(tmp_path: Path) -> None:
    slow: list[str] = []
    guard = Guard(True, 1_000.0, lambda owner, hook, ns: slow.append(owner))
    dog = Watchdog(guard, slow.append)
    dog.configure(40, 60_000)
    guard.here()
    dog.start()
    try:
        desk, _ = desk_with(tmp_path, call=guard.call, loop=rule("while True: pass"))
        desk.submit()
        desk.submit()
    finally:
        dog.stop()
    first, second = (d.denials[0].message for d in desk.seen(OrderDenied))
    assert "TimeBudgetExceeded" in first
    assert "not called any more" in second


def test_a_slow_rule_is_told_of_and_judged_all_the_same(tmp_path: Path) -> None:
    desk, rules = desk_with(tmp_path, heavy=rule("return 'no' if sum(range(100_000)) else None"))
    rules.configure(RiskSection(user_rule_us=1))
    clock = iter(range(0, 10**9, 50_000_000))
    desk.clock.monotonic = lambda: next(clock)  # type: ignore[method-assign]
    desk.submit()
    desk.submit()
    (alert,) = alerts(desk, Severity.WARNING)
    assert "user.heavy took 50000 us (slow call 1)" in alert
    assert len(desk.seen(OrderDenied)) == 2


def test_without_rules_nobody_is_asked(tmp_path: Path) -> None:
    desk, rules = desk_with(tmp_path / "nowhere")
    assert desk.gate.more is None
    assert rules.names() == ()
    desk.submit(instrument=RB)
    assert len(desk.venue.sent) == 1
