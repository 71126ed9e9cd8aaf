"""The watch at work over the real manager, gate, control and flatten: levels, latches, restarts."""

import msgspec
import pytest
from tests.unit.trading.desk import RB, START, M
from tests.unit.trading.watch.floor import ALPHA, BETA, WatchFloor, section

from homalos.config.loader import load
from homalos.config.sections.risk_losses import WatchLevel, double_levels
from homalos.model.enums import Channel, KillScope, Side, TradingState
from homalos.model.events import (
    BeginFlatten,
    ConnectionChanged,
    Reconciled,
    SetTradingState,
    StrategyCommand,
)
from homalos.model.ids import UNATTRIBUTED
from homalos.model.times import SECOND
from homalos.trading.watch.telling import told

FEES = 35.0


def level(what: str, action: str, of: str = "account", **amount: float) -> WatchLevel:
    return WatchLevel(of=of, what=what, action=action, **amount)  # type: ignore[arg-type]


def opens(floor: WatchFloor, strategy: str = "alpha") -> set[str]:
    """The rules that deny an open of this strategy."""
    floor.gate.denied.clear()
    floor.cancel(floor.submit(strategy=strategy, price=3300.0, lots=1))
    return floor.denials()


# ---------------------------------------------------------------- limits


@pytest.mark.fires("daily_loss")
@pytest.mark.parametrize("limits", [{"max_day_loss": 10_000.0}, {"max_day_loss_percent": 1.0}])
def test_the_days_loss_denies_opens_until_the_next_day(limits: dict[str, float]) -> None:
    floor = WatchFloor(section(**limits))
    floor.holding(50)
    assert opens(floor) == set()
    floor.pass_by(3481.0)
    assert floor.loss() == 9_500 + 175
    assert opens(floor) == set()
    floor.pass_by(3480.0)
    assert opens(floor) == {"daily_loss"}
    assert opens(floor, "beta") == {"daily_loss"}
    floor.trade(Side.SELL, 1, 3480.0)
    assert floor.denials() == {"daily_loss"}, "what reduces is let pass"
    floor.pass_by(3600.0)
    assert opens(floor) == {"daily_loss"}, "it stands, though the loss is gone"
    assert len(floor.alerts()) == 1
    floor.next_day()
    assert opens(floor) == set()


@pytest.mark.fires("daily_loss")
def test_a_strategys_loss_denies_its_own_opens() -> None:
    rows = ({"id": "beta", "max_day_loss": 50_000.0},)
    risk = msgspec.convert(
        msgspec.to_builtins(section(max_strategy_day_loss=5_000.0)) | {"strategies": rows},
        type(section()),
    )
    floor = WatchFloor(risk)
    floor.holding(30)
    floor.holding(30, "beta")
    floor.pass_by(3480.0)
    assert opens(floor) == {"daily_loss"}
    assert opens(floor, "beta") == set(), "its own limit is higher"
    assert opens(floor, "gamma") == set()


@pytest.mark.fires("drawdown")
def test_a_drawdown_denies_until_the_limit_is_raised() -> None:
    floor = WatchFloor(section(max_drawdown_percent=2.0))
    floor.holding(50)
    floor.pass_by(3540.0)
    floor.pass_by(3498.0)
    assert floor.drawdown() == pytest.approx(100 * 21_000 / (1_020_000 - 175), abs=1e-6)
    assert opens(floor) == {"drawdown"}
    floor.next_day()
    assert opens(floor) == {"drawdown"}, "the next day is no end of it"
    floor.reload(max_drawdown_percent=2.05)
    assert opens(floor) == {"drawdown"}, "not raised above it"
    floor.reload(max_drawdown_percent=3.0)
    assert opens(floor) == set()
    assert "raised" in floor.alerts()[-1]


@pytest.mark.fires("drawdown")
def test_a_strategys_drawdown_denies_its_own_opens_until_it_is_begun_anew() -> None:
    floor = WatchFloor(section(max_strategy_drawdown=5_000.0))
    floor.holding(30)
    floor.pass_by(3540.0)
    floor.pass_by(3520.0)
    assert floor.watch.measures.courses[ALPHA].day_loss() == (0.0, None), "it has still gained"
    assert opens(floor) == {"drawdown"}
    assert opens(floor, "beta") == set()
    floor.reload(max_strategy_drawdown=5_000.0, drawdown_since=20260105)
    assert opens(floor) == set()
    floor.pass_by(3510.0)
    assert opens(floor) == set(), "3,000 from there"
    floor.pass_by(3500.0)
    assert opens(floor) == {"drawdown"}


def test_a_limit_that_is_lowered_or_raised_judges_the_loss_that_stands() -> None:
    floor = WatchFloor(section(max_day_loss=10_000.0))
    floor.holding(50)
    floor.pass_by(3475.0)
    floor.pass_by(3500.0)
    for limit, wanted in ((12_600.0, {"daily_loss"}), (5_000.0, {"daily_loss"}), (20_000.0, set())):
        floor.reload(max_day_loss=limit)
        assert opens(floor) == wanted, limit
    floor.pass_by(3475.0)
    floor.reload(max_day_loss=1_000.0)
    assert opens(floor) == {"daily_loss"}, "lowered below what is lost now"
    floor.reload()
    assert opens(floor) == set(), "off"
    floor.pass_by(3500.0)
    floor.reload(max_day_loss=10_000.0)
    assert opens(floor) == set(), "what was lifted is forgotten"


def test_a_strategys_day_begins_at_nothing_and_nobodys_lots_are_no_strategys() -> None:
    floor = WatchFloor(section(max_strategy_day_loss=5_000.0))
    floor.holding(30)
    floor.pass_by(3480.0)
    assert opens(floor) == {"daily_loss"}
    floor.next_day(settlement=3480.0)
    floor.prime(price=3475.0)
    assert opens(floor) == set()
    assert floor.watch.measures.courses[ALPHA].day_loss().yuan == 1_500.0
    floor.books.net_book(UNATTRIBUTED, RB, 10.0).trade(Side.BUY, 1, 3500.0, 1.0)
    floor.pass_by(3470.0)
    assert list(floor.watch.measures.courses) == [ALPHA]


def test_a_strategys_loss_is_confirmed_by_its_own_contracts() -> None:
    floor = WatchFloor(section(max_strategy_day_loss=5_000.0))
    floor.holding(30)
    floor.holding(1, "beta", M)
    for _ in range(2):
        floor.tick(RB, 3470.0)
        if not _:
            floor.tick(M, 3499.0)
        floor.advance(0.25)
    assert opens(floor) == {"daily_loss"}, "two ticks of its own, whatever the other does"


def test_a_level_of_some_strategies_is_not_the_others() -> None:
    row = level("day_loss", "warn", "strategy", yuan=1_000.0)
    floor = WatchFloor(section(msgspec.structs.replace(row, strategies=("beta",))))
    floor.holding(30)
    floor.holding(30, "beta")
    floor.pass_by(3480.0)
    assert [text for text in floor.alerts() if "alpha" in text] == []
    assert len(floor.alerts()) == 1


# ---------------------------------------------------------------- levels


def test_each_level_acts_once_and_a_higher_one_again() -> None:
    floor = WatchFloor(section(
        level("day_loss", "warn", percent=1.0), level("day_loss", "warn", percent=2.0),
        level("day_loss", "reduce", percent=3.0),
    ))  # fmt: skip
    floor.holding(50)
    for price, warnings, state in (
        (3480.0, 1, TradingState.ACTIVE), (3481.0, 1, TradingState.ACTIVE),
        (3478.0, 1, TradingState.ACTIVE), (3459.0, 2, TradingState.ACTIVE),
        (3500.0, 2, TradingState.ACTIVE), (3459.0, 2, TradingState.ACTIVE),
        (3439.0, 3, TradingState.REDUCING),
    ):  # fmt: skip
        floor.pass_by(price)
        assert (len(floor.alerts()), floor.control.state) == (warnings, state), price
    assert floor.states() == [("reducing", "watch:day_loss")]
    assert "30,675.00 yuan (3.07 %)" in floor.control.why
    assert "当日亏损 30,675.00 元（3.07%）" in floor.control.why
    now = floor.clock.now()
    floor.post(SetTradingState(TradingState.ACTIVE, "me", "I know", now))
    floor.pass_by(3438.0, ticks=8)
    assert floor.control.state is TradingState.ACTIVE, "a person's word: once a day"
    floor.next_day()
    floor.prime(price=3370.0)
    assert len(floor.states()) == 2, "a new day, a new loss"


def test_a_lower_level_of_an_edit_does_not_act_after_a_higher_one() -> None:
    floor = WatchFloor(section(level("day_loss", "warn", percent=1.0)))
    floor.holding(50)
    floor.pass_by(3478.0)
    floor.reload(level("day_loss", "warn", percent=0.5))
    assert len(floor.alerts()) == 1
    floor.reload(level("day_loss", "warn", percent=1.1))
    assert len(floor.alerts()) == 2


def test_a_drawdown_level_acts_again_after_it_has_recovered() -> None:
    floor = WatchFloor(section(level("drawdown", "warn", percent=1.0)))
    floor.holding(50)
    for price, warnings in ((3478.0, 1), (3482.0, 1), (3478.0, 1), (3488.0, 1), (3478.0, 2)):
        floor.pass_by(price)
        assert len(floor.alerts()) == warnings, price


def test_margin_use() -> None:
    floor = WatchFloor(section(
        level("margin_use", "warn", percent=17.0), level("margin_use", "reduce", percent=18.0)
    ))  # fmt: skip
    floor.holding(50)
    figure = floor.watch.measures.capital.margin_use()
    assert figure is not None
    assert figure.percent == pytest.approx(100 * 175_000 / (1_000_000 - 175))
    assert len(floor.alerts()) == 1
    floor.pass_by(3440.0)
    assert floor.states() == [("reducing", "watch:margin_use")]


def test_one_bad_tick_fires_nothing() -> None:
    floor = WatchFloor(section(level("day_loss", "reduce", percent=5.0), max_day_loss=1_000.0))
    floor.holding(50)
    for _ in range(4):
        floor.pass_by(2900.0, ticks=1)
        floor.pass_by(3500.0, ticks=1)
    assert floor.alerts() == []
    floor.pass_by(2900.0, ticks=1)
    floor.advance(2)
    assert floor.states() == [("reducing", "watch:day_loss")], "it has stood for a second"


def test_reduce_while_halted_is_told_at_once_and_done_when_trading_is_active() -> None:
    floor = WatchFloor(section(level("day_loss", "reduce", percent=1.0)))
    floor.holding(50)
    floor.post(ConnectionChanged("test", Channel.TRADING, False, "gone", START))
    floor.post(Reconciled("test", False, ("lots differ",), floor.clock.now()))
    floor.pass_by(3470.0)
    assert len(floor.alerts()) == 1
    assert floor.states() == []
    floor.post(SetTradingState(TradingState.ACTIVE, "me", "again", floor.clock.now()))
    floor.advance(1)
    assert floor.control.state is TradingState.REDUCING
    assert len(floor.states()) == 1


def test_stop_stops_the_strategy_and_only_a_person_starts_it_again() -> None:
    floor = WatchFloor(section(level("day_loss", "stop", "strategy", yuan=5_000.0)))
    floor.runs(ALPHA)
    floor.runs(BETA)
    floor.holding(30)
    floor.holding(1, "beta")
    floor.pass_by(3480.0)
    stops = [c for c in floor.seen(StrategyCommand) if c.action == "stop"]
    assert [(c.strategy, c.who) for c in stops] == [(ALPHA, "watch:day_loss")]
    floor.runs(ALPHA)
    assert len([c for c in floor.seen(StrategyCommand) if c.action == "stop"]) == 2, "a reload"
    now = floor.clock.now()
    floor.post(StrategyCommand(ALPHA, "start", "me", now))
    floor.runs(ALPHA)
    assert len([c for c in floor.seen(StrategyCommand) if c.action == "stop"]) == 2


def test_flatten_of_a_strategy_closes_its_book_alone() -> None:
    floor = WatchFloor(section(level("drawdown", "flatten", "strategy", yuan=5_000.0)))
    floor.runs(ALPHA)
    floor.holding(30)
    floor.holding(2, "beta")
    floor.pass_by(3480.0)
    begun = floor.seen(BeginFlatten)
    assert [(b.scope, b.strategy, b.who) for b in begun] == [
        (KillScope.STRATEGY, ALPHA, "watch:drawdown")
    ]
    assert [(o.side, o.lots, o.strategy) for o in floor.rounds()] == [(Side.SELL, 30, ALPHA)]
    assert floor.control.state is TradingState.ACTIVE


def test_flatten_of_the_account_closes_what_the_daemon_holds() -> None:
    floor = WatchFloor(section(level("day_loss", "flatten", percent=1.0)))
    floor.holding(30)
    floor.holding(20, "beta")
    floor.pass_by(3470.0)
    assert [b.scope for b in floor.seen(BeginFlatten)] == [KillScope.DAEMON]
    assert sum(o.lots for o in floor.rounds()) == 50
    assert floor.control.state is TradingState.HALTED
    assert "level 1.00 %" in floor.control.why


# ---------------------------------------------------------------- restarts


def restarted(floor: WatchFloor) -> WatchFloor:
    """Another run over the same lots, with the last note of this one."""
    again = WatchFloor(floor.limits)
    again.watch.fold(floor.notes()[-1])
    for book in floor.books.books():
        if book.net_lots:
            again.trade(Side.BUY, book.net_lots, 3500.0, RB, book.strategy)
    again.prime(price=3470.0)
    return again


@pytest.mark.parametrize("action", ["warn", "reduce", "flatten"])
def test_a_restart_neither_forgets_a_latch_nor_fires_twice(action: str) -> None:
    floor = WatchFloor(section(level("day_loss", action, percent=1.0), max_day_loss=12_000.0))
    floor.holding(50)
    floor.pass_by(3470.0)
    assert len(floor.alerts()) == 2
    again = restarted(floor)
    assert again.alerts() == []
    assert again.states() == []
    assert again.seen(BeginFlatten) == []
    assert "daily_loss" in opens(again)
    again.pass_by(3500.0)
    assert "daily_loss" in opens(again)


def test_a_restart_keeps_the_highest_equity_and_a_stop() -> None:
    risk = section(level("drawdown", "stop", "strategy", yuan=5_000.0), max_drawdown_percent=50.0)
    floor = WatchFloor(risk)
    floor.runs(ALPHA)
    floor.holding(50)
    floor.pass_by(3540.0, ticks=4)
    floor.pass_by(3470.0, ticks=4)
    lost = floor.drawdown()
    assert lost == pytest.approx(100 * 35_000 / 1_019_825, abs=1e-6)
    again = restarted(floor)
    assert again.drawdown() == pytest.approx(lost, abs=1e-6)
    again.runs(ALPHA)
    assert [c.who for c in again.seen(StrategyCommand)] == ["watch:drawdown"]


@pytest.mark.parametrize("noted", [True, False])
def test_yesterdays_loss_of_a_strategy_is_not_todays_after_a_restart(noted: bool) -> None:
    """Without a note (a journal of an earlier version) the books know where the day began."""
    floor = WatchFloor(section(max_strategy_day_loss=5_000.0))
    floor.holding(30)
    floor.pass_by(3480.0)
    floor.next_day(settlement=3480.0)
    floor.prime(price=3479.0)
    again = WatchFloor(floor.limits)
    again.next_day()
    if noted:
        again.watch.fold(floor.watch.record(0))
    again.books.load(floor.books.books(), floor.books.performances.records())
    again.prime(price=3479.0)
    again.watch._on_change(None)
    again.advance(2)
    assert again.watch.measures.courses[ALPHA].opened == pytest.approx(-6_105.0)
    assert opens(again) == set()


def test_an_owed_state_is_set_after_a_restart() -> None:
    floor = WatchFloor(section(level("day_loss", "reduce", percent=1.0)))
    floor.holding(50)
    floor.post(SetTradingState(TradingState.HALTED, "me", "lunch", floor.clock.now()))
    floor.pass_by(3470.0)
    again = restarted(floor)
    assert again.states() == [("reducing", "watch:day_loss")]


def test_what_acts_is_in_the_journal_before_it_acts() -> None:
    floor = WatchFloor(section(level("day_loss", "flatten", percent=1.0)))
    floor.holding(50)
    before = len(floor.notes())
    begun: list[int] = []
    floor.bus.subscribe(BeginFlatten, lambda _: begun.append(len(floor.notes())), actor="x",
                        role="store")  # fmt: skip
    floor.pass_by(3470.0)
    assert begun
    assert begun[0] > before
    assert floor.notes()[begun[0] - 1].fired[0].action == "flatten"


def test_notes_are_few() -> None:
    floor = WatchFloor()
    floor.holding(1)
    before = len(floor.notes())
    floor.pass_by(3500.0, ticks=120)
    assert len(floor.notes()) - before <= 7
    floor.trade(Side.SELL, 1, 3500.0)
    floor.advance(2)
    floor.advance(3600)
    assert floor.watch._timer is None, "flat: nobody looks"
    assert floor.clock.now() > START + 3600 * SECOND


# ---------------------------------------------------------------- told, configured


def test_what_the_page_is_told() -> None:
    floor = WatchFloor(
        section(
            level("day_loss", "warn", percent=1.0), max_day_loss=10_000.0, max_drawdown_percent=9.0
        )
    )
    assert told(floor.watch)["account"]["day_loss"]["limit_yuan"] == 10_000.0
    floor.holding(50)
    floor.pass_by(3470.0)
    row = msgspec.to_builtins(told(floor.watch))
    account = row["account"]
    assert account["day_loss"]["yuan"] == 15_175.0
    assert account["day_loss"]["percent"] == pytest.approx(1.5175)
    assert "10,000.00 yuan" in account["day_loss"]["stands"]
    assert account["drawdown"]["limit_percent"] == 9.0
    assert account["drawdown"]["stands"] is None
    assert account["margin_use"]["yuan"] == 175_000.0
    assert row["strategies"][0]["id"] == "alpha"
    assert row["strategies"][0]["day_loss"]["yuan"] == 15_175.0
    assert [(r["subject"], r["action"], r["percent"]) for r in row["acted"]] == [
        ("account", "warn", 1.0)
    ]
    assert row["at_basis"] == []
    msgspec.json.encode(row)


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({"of": "account"}, "either percent or yuan"),
        ({"percent": 1, "yuan": 1}, "either percent or yuan"),
        ({"of": "strategy", "percent": 5, "action": "stop"}, "no money of its own"),
        ({"of": "strategy", "yuan": 5, "action": "reduce"}, "account's"),
        ({"of": "strategy", "yuan": 5, "what": "margin_use", "action": "stop"}, "account's"),
        ({"percent": 5, "action": "stop"}, "strategy's"),
        ({"yuan": 5, "what": "margin_use"}, "percent"),
        ({"percent": 5, "strategies": ["alpha"]}, "of: strategy"),
    ],
)
def test_combinations_that_mean_nothing_are_faults(row: dict[str, object], word: str) -> None:
    faults = list(msgspec.convert(row, WatchLevel).faults())
    assert any(word in en for _, en, _ in faults)
    assert all(zh for _, _, zh in faults)


def test_the_same_level_twice_is_a_fault() -> None:
    row = level("day_loss", "warn", percent=1.0)
    assert [key for key, *_ in double_levels((row, row))] == ["watches.1"]


def test_the_shipped_levels_have_no_faults(tmp_path: object) -> None:
    from pathlib import Path

    risk = load(Path(__file__).parents[4] / "config", environ={}).config.risk
    assert len(risk.watches) == 6
    assert not [fault for row in risk.watches for fault in row.faults()]
    assert not list(risk.faults())
