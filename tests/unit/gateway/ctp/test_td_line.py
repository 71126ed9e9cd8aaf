"""The trading line: its steps, what stops it, what it tells, and that nothing leaves too early."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.gateway.ctp.front import ACCOUNT, DAY, NEXT, RB, SECRETS, SR, Bench, instrument, row

from homalos.ctp.abi import ENCODING, FieldError
from homalos.gateway.protocol import Approved
from homalos.model.enums import Channel, OrderStatus, Phase, Severity
from homalos.model.events import (
    AlertRaised,
    ConnectionChanged,
    InstrumentListed,
    OrderReported,
    PhaseChanged,
    TradeReported,
    TradingDayChanged,
)
from homalos.model.times import HOUR, MINUTE, china_midnight

TD = Channel.TRADING


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def names(bench: Bench) -> list[str]:
    return [name for name, _, _ in bench.td.requests]


def up(bench: Bench) -> list[bool]:
    return [e.connected for e in bench.of(ConnectionChanged) if e.channel is TD]


def test_the_line_goes_through_every_step_and_only_then_is_up(bench: Bench) -> None:
    bench.gateway.connect(bench.posted.append, bench.ticks.append)
    assert bench.td.account == ("9999", ACCOUNT, ACCOUNT)
    bench.front_up()
    assert names(bench) == [
        "ReqAuthenticate", "ReqUserLogin", "ReqQrySettlementInfoConfirm", "ReqQrySettlementInfo",
        "ReqSettlementInfoConfirm", "ReqQryInstrument", "ReqQryBrokerTradingParams", "ReqQryOrder",
        "ReqQryTrade", "ReqQryInvestorPosition", "ReqQryTradingAccount",
    ]  # fmt: skip
    assert bench.td.named("ReqAuthenticate")[0]["AuthCode"] == "code"
    assert bench.td.named("ReqUserLogin")[0]["Password"] == "secret"
    assert up(bench) == []
    assert bench.gateway.send(Approved(bench.order())) == -1
    bench.settle()
    assert up(bench) == [True]
    assert [e.trading_day for e in bench.of(TradingDayChanged)] == [DAY]
    assert {e.instrument.id for e in bench.of(InstrumentListed)} == {RB, SR}
    td, md = bench.gateway.health()
    assert (td.channel, td.ready, td.state) == (TD, True, "ready")
    assert md.ready


def test_a_front_without_authentication_is_logged_in_to_at_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, app_id="")
    bench.connect()
    assert names(bench)[0] == "ReqUserLogin"
    assert up(bench) == [True]


def test_a_confirmed_settlement_is_not_confirmed_again(bench: Bench) -> None:
    bench.td.rows["ReqQrySettlementInfoConfirm"] = [
        row("SettlementInfoConfirm", ConfirmDate=str(DAY))
    ]
    bench.connect()
    assert "ReqSettlementInfoConfirm" not in names(bench)
    assert up(bench) == [True]


def test_the_statement_is_kept_though_a_character_is_cut_in_two(
    bench: Bench, tmp_path: Path
) -> None:
    text = "期货公司结算单\r\n客户号 sim"
    raw = text.encode(ENCODING)
    bench.td.rows["ReqQrySettlementInfo"] = [
        row("SettlementInfo", SequenceNo=2, Content=raw[3:], TradingDay="20251121"),
        row("SettlementInfo", SequenceNo=1, Content=raw[:3], TradingDay="20251121"),
    ]
    bench.connect()
    kept = tmp_path / "gateway" / "statements" / "sim-20251121.txt"
    assert kept.read_bytes().decode() == text


@pytest.mark.parametrize("code", [3, 140])
def test_a_wrong_password_is_not_tried_again(bench: Bench, code: int) -> None:
    bench.td.errors["ReqUserLogin"] = (code, "不合法的登录")
    bench.gateway.connect(bench.posted.append, bench.ticks.append)
    bench.front_up()
    bench.settle(600)
    assert names(bench).count("ReqUserLogin") == 1
    health = bench.gateway.health()[0]
    assert (health.state, health.code) == ("stopped", code)
    (alert,) = [e for e in bench.of(AlertRaised) if e.severity is Severity.CRITICAL]
    assert "不合法的登录" in alert.text
    bench.td.say("on_disconnected", 4097)
    bench.td.say("on_connected")
    bench.run()
    bench.settle(600)
    assert names(bench).count("ReqUserLogin") == 1


@pytest.mark.parametrize("name", ["ctp_password", "ctp_auth_code"])
def test_a_secret_that_fits_no_field_stops_the_line_and_is_not_shown(
    tmp_path: Path, name: str
) -> None:
    bench = Bench(tmp_path, secrets=SECRETS | {name: "x" * 70})
    bench.connect()
    health = bench.gateway.health()[0]
    assert health.state == "stopped"
    assert "takes at most" in health.message
    assert name in health.message
    (alert,) = [e for e in bench.of(AlertRaised) if e.severity is Severity.CRITICAL]
    assert name in alert.text
    assert "xxxx" not in alert.text + health.message


def test_a_password_that_the_market_data_front_cannot_take_stops_its_line(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any) -> int:
        raise FieldError("ReqUserLogin.Password takes at most 40 bytes, got 70")

    monkeypatch.setattr(bench.md, "request", refuse)
    bench.connect()
    health = bench.gateway.health()[1]
    assert (health.state, "ctp_password" in health.message) == ("stopped", True)


@pytest.mark.parametrize("code", [7, 8])
def test_a_front_that_is_not_ready_is_tried_until_it_is(bench: Bench, code: int) -> None:
    bench.td.errors["ReqUserLogin"] = (code, "还没有初始化")
    bench.gateway.connect(bench.posted.append, bench.ticks.append)
    bench.front_up()
    bench.settle(300)
    assert names(bench).count("ReqUserLogin") > 3
    assert up(bench) == []
    bench.td.errors.clear()
    bench.settle(120)
    assert up(bench) == [True]
    assert bench.gateway.health()[0].code == 0


def test_a_login_without_an_answer_is_tried_again(bench: Bench) -> None:
    bench.td.answering = False
    bench.gateway.connect(bench.posted.append, bench.ticks.append)
    bench.front_up()
    bench.settle(15)
    assert names(bench).count("ReqAuthenticate") == 2
    bench.td.answering = True
    bench.settle(60)
    assert up(bench) == [True]


def test_ready_waits_for_the_private_flow_to_fall_silent(bench: Bench) -> None:
    bench.gateway.connect(bench.posted.append, bench.ticks.append)
    bench.front_up()
    for second in range(5):
        bench.hand.go(1.0)
        bench.tell_order("3", sys_id=f"{second:12d}", OrderRef=str(second), InstrumentID="rb2601",
                         ExchangeID="SHFE", CombHedgeFlag="1", FrontID=9)  # fmt: skip
        assert up(bench) == []
    assert bench.of(OrderReported) == []
    bench.settle(3)
    assert up(bench) == [True]


def test_an_account_that_others_trade_all_the_time_is_ready_too(bench: Bench) -> None:
    bench.gateway.connect(bench.posted.append, bench.ticks.append)
    bench.front_up()
    for number in range(20):
        bench.tell_order("3", sys_id=f"{number:12d}", OrderRef=str(number), InstrumentID="rb2601",
                         ExchangeID="SHFE", CombHedgeFlag="1", FrontID=9)  # fmt: skip
        bench.hand.go(1.0)
        bench.run()
    assert up(bench) == [True]


def test_an_error_that_does_not_say_what_it_answers_fails_the_step(bench: Bench) -> None:
    bench.td.answering = False
    bench.gateway.connect(bench.posted.append, bench.ticks.append)
    bench.front_up()
    bench.td.say("on_response", "OnRspError", None, 8, "前置不活跃", bench.td.requests[-1][2], True)
    bench.run()
    assert bench.gateway.health()[0].code == 8
    bench.td.answering = True
    bench.settle(60)
    assert up(bench) == [True]
    bench.td.say("on_response", "OnRspError", None, 77, "无此功能", 9_999, True)
    bench.run()
    assert any("77 无此功能" in e.text for e in bench.of(AlertRaised))
    assert up(bench) == [True]


def test_an_answer_to_an_earlier_connection_is_nobodys(bench: Bench) -> None:
    bench.td.answering = False
    bench.gateway.connect(bench.posted.append, bench.ticks.append)
    bench.front_up()
    late = bench.td.requests[-1][2]
    bench.td.say("on_disconnected", 4097)
    bench.td.say("on_connected")
    bench.run()
    bench.td.answer("ReqAuthenticate", late)
    bench.run()
    assert bench.gateway.health()[0].state == "connected"


def test_a_session_that_cannot_be_written_is_not_used(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "gateway").rmdir()
    bench.gateway.connect(bench.posted.append, bench.ticks.append)
    bench.front_up()
    bench.settle()
    assert up(bench) == []
    assert "cannot be written" in bench.gateway.health()[0].message
    (tmp_path / "gateway").mkdir()
    bench.settle(60)
    assert up(bench) == [True]


def test_a_notice_of_the_broker_is_passed_on(bench: Bench) -> None:
    bench.connect()
    data = row("TradingNoticeInfo", FieldContent="追加保证金")
    bench.td.say("on_notice", "OnRtnTradingNotice", data, 0, "")
    bench.run()
    assert any("追加保证金" in e.text for e in bench.of(AlertRaised))


def test_a_drop_is_told_once_and_the_line_comes_back_without_the_contracts(bench: Bench) -> None:
    bench.connect()
    before = len(bench.of(InstrumentListed))
    bench.td.requests.clear()
    bench.td.say("on_disconnected", 4097)
    bench.run()
    assert up(bench) == [True, False]
    assert bench.gateway.send(Approved(bench.order())) == -1
    assert bench.gateway.cancel(bench.order()) == -1
    assert bench.snapshot() == []
    bench.td.say("on_connected")
    bench.run()
    bench.settle()
    assert up(bench) == [True, False, True]
    assert "ReqQryInstrument" not in names(bench)
    assert names(bench)[-1] == "ReqQryTradingAccount"
    assert len(bench.of(TradingDayChanged)) == 1
    assert len(bench.of(InstrumentListed)) == before


def test_a_new_trading_day_lists_anew_and_is_told(bench: Bench) -> None:
    bench.connect()
    bench.td.requests.clear()
    bench.day = NEXT
    bench.relogin()
    assert len(bench.of(TradingDayChanged)) == 1
    bench.settle()
    assert [e.trading_day for e in bench.of(TradingDayChanged)] == [DAY, NEXT]
    assert "ReqQryInstrument" in names(bench)
    day = bench.posted.index(bench.of(TradingDayChanged)[1])
    # What the core asks again when the line is up is then of the new day.
    assert bench.posted[day + 1] == [e for e in bench.of(ConnectionChanged) if e.channel is TD][-1]
    assert up(bench) == [True, False, True]


def test_what_the_replay_tells_before_ready_comes_with_the_snapshot(bench: Bench) -> None:
    """Contracts are not known yet when it comes; nothing of it is told row by row."""
    bench.gateway.connect(bench.posted.append, bench.ticks.append)
    bench.td.answering = False
    bench.front_up()
    foreign: dict[str, Any] = {
        "ExchangeID": "SHFE", "InstrumentID": "rb2601", "OrderRef": "1", "FrontID": 9,
        "Direction": "0",
    }  # fmt: skip
    order = bench.tell_order(
        "0", sys_id="        7919", VolumeTotalOriginal=3, VolumeTraded=3, CombHedgeFlag="1",
        CombOffsetFlag="0", LimitPrice=3000.0, OrderPriceType="2", **foreign,
    )  # fmt: skip
    trade = bench.tell_trade(3, sys_id="        7919")
    bench.td.rows["ReqQryOrder"], bench.td.rows["ReqQryTrade"] = [order], [trade]
    bench.td.answering = True
    name, _, request = bench.td.requests[-1]
    bench.td.answer(name, request)
    bench.run()
    bench.settle()
    assert bench.of(OrderReported) == bench.of(TradeReported) == []
    (answer,) = bench.snapshot()
    (found,) = answer.orders
    assert (found.id, found.status, found.venue_order_id) == (
        "", OrderStatus.FILLED, "        7919",
    )  # fmt: skip
    assert [(t.lots, t.price, t.order_id) for t in answer.trades] == [(3, 3000.0, None)]


def test_a_snapshot_is_thrown_away_when_a_trade_came_meanwhile(bench: Bench) -> None:
    bench.connect()
    bench.hand.go(6)
    bench.td.answering = False
    bench.td.requests.clear()
    answers: list[Any] = []
    bench.gateway.query(ACCOUNT, answers.append)

    def reply() -> None:
        name, _, request = bench.td.requests[-1]
        bench.td.answer(name, request)
        bench.run()

    reply()
    reply()
    trade = bench.tell_trade(2, sys_id="           1", Direction="0")
    reply()
    assert names(bench)[-1] == "ReqQryOrder"
    bench.td.rows["ReqQryTrade"] = [trade]
    for _ in range(4):
        assert answers == []
        reply()
    assert len(answers) == 1
    asked = [name for name in names(bench) if not name.endswith("Rate")]  # of what was traded
    assert asked[-4:] == [
        "ReqQryOrder", "ReqQryTrade", "ReqQryInvestorPosition", "ReqQryTradingAccount",
    ]  # fmt: skip


def test_an_answer_that_lags_behind_the_flow_is_not_taken(bench: Bench) -> None:
    bench.connect()
    trade = bench.tell_trade(2, sys_id="           1")
    bench.hand.go(6)
    bench.td.requests.clear()
    bench.td.answering = False
    answers: list[Any] = []
    bench.gateway.query(ACCOUNT, answers.append)
    for name in ("ReqQryOrder", "ReqQryTrade"):
        assert names(bench)[-1] == name
        bench.td.answer(name, bench.td.requests[-1][2])
        bench.run()
    assert names(bench)[-1] == "ReqQryOrder"
    bench.td.rows["ReqQryTrade"] = [trade]
    bench.td.answering = True
    bench.td.answer("ReqQryOrder", bench.td.requests[-1][2])
    bench.run()
    assert [t.lots for t in answers[0].trades] == [2]


def test_a_second_question_right_after_is_answered_without_asking(bench: Bench) -> None:
    """The order manager asks at READY, when the line has just asked all of it."""
    bench.connect()
    count = len(bench.td.requests)
    assert len(bench.snapshot()) == 1
    assert len(bench.td.requests) == count
    bench.hand.go(6)
    assert len(bench.snapshot()) == 1
    assert len(bench.td.requests) == count + 4


def test_another_account_is_not_answered(bench: Bench) -> None:
    bench.connect()
    answers: list[Any] = []
    bench.gateway.query("nobody", answers.append)  # type: ignore[arg-type]
    bench.run()
    assert answers == []


def test_a_silent_line_is_asked_whether_it_lives(bench: Bench) -> None:
    bench.connect()
    bench.td.requests.clear()
    bench.settle(100)
    assert "ReqQryTradingAccount" in names(bench)
    bench.td.answering = False
    bench.settle(300)
    assert any("does not answer" in e.text for e in bench.of(AlertRaised))


def test_a_query_that_the_venue_refuses_does_not_let_the_line_be_ready(bench: Bench) -> None:
    bench.td.errors["ReqQryInvestorPosition"] = (9, "无此权限")
    bench.gateway.connect(bench.posted.append, bench.ticks.append)
    bench.front_up()
    bench.settle(60)
    assert up(bench) == []
    assert bench.gateway.health()[0].code == 9


def test_terms_of_the_broker_are_kept(bench: Bench) -> None:
    bench.connect()
    terms = bench.gateway.broker_terms
    assert terms is not None
    assert (terms.margin_price, terms.available_counts, terms.closed_profit_available) == (
        "open", "loss_only", True,
    )  # fmt: skip


def test_the_last_status_of_a_replay_is_told_and_changes_only(bench: Bench) -> None:
    bench.gateway.connect(bench.posted.append, bench.ticks.append)
    bench.front_up()

    def status(code: str, time: str) -> None:
        data = row("InstrumentStatus", ExchangeID="SHFE", InstrumentID="rb", EnterTime=time,
                   InstrumentStatus=code)  # fmt: skip
        bench.td.say("on_notice", "OnRtnInstrumentStatus", data, 0, "")
        bench.run()

    status("3", "20:55:00")
    status("2", "21:00:00")
    assert bench.of(PhaseChanged) == []
    bench.settle()

    def phases() -> list[PhaseChanged]:
        return [e for e in bench.of(PhaseChanged) if e.product == "rb"]

    assert [(e.phase, e.trading_day) for e in phases()] == [(Phase.CONTINUOUS, DAY)]
    # A Monday's night session is on Friday evening.
    assert phases()[0].ts_event == china_midnight(20251121) + 21 * HOUR
    status("1", "10:15:00")
    assert phases()[-1].phase is Phase.BREAK
    assert phases()[-1].ts_event == china_midnight(DAY) + 10 * HOUR + 15 * MINUTE
    status("z", "10:16:00")
    assert phases()[-1].phase is Phase.BREAK
    assert any("unknown status 'z'" in e.text for e in bench.of(AlertRaised))
    bench.relogin()
    status("3", "20:55:00")
    status("1", "10:15:00")
    bench.settle()
    assert [e.phase for e in phases()] == [Phase.CONTINUOUS, Phase.BREAK]


def test_products_without_a_status_go_by_the_session_table(bench: Bench) -> None:
    bench.connect()
    assert {(e.product, e.phase) for e in bench.of(PhaseChanged)} == {
        ("rb", Phase.CONTINUOUS), ("SR", Phase.CONTINUOUS),
    }  # fmt: skip
    assert any("session table" in e.text for e in bench.of(AlertRaised))


def test_contracts_are_the_venues_word_over_the_products(bench: Bench) -> None:
    bench.td.rows["ReqQryInstrument"] = [
        instrument("SHFE", "rb2601", "rb", VolumeMultiple=11, MaxLimitOrderVolume=77),
        instrument("CZCE", "SR601", "SR"),
        instrument("SHFE", "zz2601", "zz", PriceTick=0.5, PositionDateType="1"),
        instrument("DCE", "SP a2601&a2605", "", ProductClass="3"),
        instrument("CFFEX", "IO2601-C-4000", "IO", ProductClass="2", PriceTick=1.7e308),
        instrument("SHFE", "rb2510", "rb", InstLifePhase="3"),
        instrument("GFEX", "xx2601", "xx", VolumeMultiple=0, PriceTick=1.7e308),
    ]  # fmt: skip
    bench.connect()
    known = {item.id: item for item in bench.gateway.instruments()}
    assert set(known) == {RB, SR, "SHFE.zz2601"}
    rb, sr, zz = known[RB], known[SR], known["SHFE.zz2601"]  # type: ignore[index]
    assert (rb.multiplier, rb.max_limit_lots, rb.splits_today) == (11, 77, True)
    assert (rb.long_margin.by_money, rb.short_margin.by_money) == (0.13, 0.14)
    assert rb.limit_ratio > 0
    assert (sr.symbol, sr.splits_today, sr.delivery_month) == ("SR601", False, 202601)
    assert (zz.tick_size, zz.product) == (0.5, "zz")


def test_closing_tells_both_lines_and_the_port_is_let_go(bench: Bench) -> None:
    bench.connect()
    bench.gateway.close()
    down = [e for e in bench.of(ConnectionChanged) if not e.connected]
    assert {e.channel for e in down} == set(Channel)
    assert bench.td.closed
    assert bench.md.closed
    assert bench.loop.readers == {}
    count = len(bench.posted)
    bench.settle(60)
    assert len(bench.posted) == count
    bench.connect()
    assert up(bench) == [True, False, True]


def test_a_port_that_cannot_be_made_leaves_all_closed(tmp_path: Path) -> None:
    bench = Bench(tmp_path)

    def broken() -> Any:
        raise OSError("no library")

    bench.gateway._make_md = broken
    with pytest.raises(OSError, match="no library"):
        bench.gateway.connect(bench.posted.append, bench.ticks.append)
    assert bench.td.closed
    assert bench.posted == []
