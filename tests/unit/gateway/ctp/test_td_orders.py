"""Orders and trades over the trading line: fields, states, refusals, cancels, identity."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.gateway.ctp.front import ACCOUNT, NEXT, RB, SR, Bench, row

from homalos.gateway.ctp.shadow import SHADOW
from homalos.gateway.protocol import Approved, VenueSnapshot
from homalos.model.enums import Offset, OrderKind, OrderStatus, Side, TimeInForce
from homalos.model.events import AlertRaised, CancelRejected, OrderReported, TradeReported
from homalos.model.ids import OrderId, VenueOrderId
from homalos.model.times import HOUR, SECOND, china_midnight
from homalos.model.trading import Order

_S = OrderStatus
NUMBER = "        7919"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    bench.connect()
    return bench


def send(bench: Bench, **changes: Any) -> Order:
    order = bench.order(**changes)
    assert bench.gateway.send(Approved(order)) == 0
    return order


def reports(bench: Bench) -> list[tuple[Any, ...]]:
    return [(e.order_id, e.status, e.traded_lots, e.code) for e in bench.of(OrderReported)]


# ------------------------------------------------------------------ fields


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, ("0", "0", "2", "3", "1")),
        ({"tif": TimeInForce.FAK, "side": Side.SELL}, ("1", "0", "2", "1", "1")),
        ({"tif": TimeInForce.FOK, "offset": Offset.CLOSE_TODAY}, ("0", "3", "2", "1", "3")),
        ({"offset": Offset.CLOSE_YESTERDAY}, ("0", "4", "2", "3", "1")),
        ({"kind": OrderKind.MARKET, "offset": Offset.CLOSE}, ("0", "1", "2", "1", "1")),
    ],
)
def test_fields_of_an_order(bench: Bench, changes: dict[str, Any], codes: tuple[str, ...]) -> None:
    send(bench, **changes)
    (sent,) = bench.td.orders
    names = (
        "Direction", "CombOffsetFlag", "OrderPriceType", "TimeCondition", "VolumeCondition",
    )  # fmt: skip
    assert tuple(sent[name] for name in names) == codes
    assert (sent["ExchangeID"], sent["InstrumentID"]) == ("SHFE", "rb2601")
    assert (sent["LimitPrice"], sent["VolumeTotalOriginal"]) == (3000.0, 10)
    assert sent["OrderRef"] == "3000010"


def test_czce_goes_out_under_its_own_spelling(bench: Bench) -> None:
    send(bench, instrument=SR)
    assert bench.td.orders[0]["InstrumentID"] == "SR601"


@pytest.mark.parametrize("code", [-1, -2, -3])
def test_a_code_of_the_library_is_returned_and_nothing_is_known_of_the_order(
    bench: Bench, code: int
) -> None:
    bench.td.code = code
    assert bench.gateway.send(Approved(bench.order())) == code
    bench.td.code = 0
    assert bench.gateway.cancel(bench.order()) == -1
    assert bench.gateway.send(Approved(bench.order(2))) == 0
    assert bench.td.orders[0]["OrderRef"] == "3000020"


def test_an_unlisted_contract_is_not_sent(bench: Bench) -> None:
    order = bench.order(instrument="SHFE.rb2707")
    assert bench.gateway.send(Approved(order)) == -1
    assert bench.td.orders == []


# ------------------------------------------------------------------ states


def test_an_order_that_rests_and_fills_in_two_parts(bench: Bench) -> None:
    """FACTS A7.3, case 4: each state comes twice; what is no news is not told."""
    order = send(bench)
    bench.tell_order("a")
    bench.tell_order("3", sys_id=NUMBER, SequenceNo=1)
    bench.tell_order("3", sys_id=NUMBER, SequenceNo=2)
    bench.tell_order("1", sys_id=NUMBER, VolumeTraded=3)
    bench.tell_trade(3, sys_id=NUMBER)
    bench.tell_order("1", sys_id=NUMBER, VolumeTraded=3)
    bench.tell_order("0", sys_id=NUMBER, VolumeTraded=10, UpdateTime="21:00:03")
    bench.tell_trade(7, sys_id=NUMBER, TradeID="        6904", TradeTime="00:10:00")
    assert reports(bench) == [
        (order.id, _S.SUBMITTED, 0, 0),
        (order.id, _S.ACCEPTED, 0, 0),
        (order.id, _S.PARTIALLY_FILLED, 3, 0),
        (order.id, _S.FILLED, 10, 0),
    ]
    assert bench.of(OrderReported)[-1].venue_order_id == NUMBER
    assert bench.of(OrderReported)[-1].ts_event == china_midnight(20251121) + 21 * HOUR + 3 * SECOND
    first, second = bench.of(TradeReported)
    assert (first.order_id, first.lots, first.offset, first.venue_order_id) == (
        order.id, 3, Offset.OPEN, NUMBER,
    )  # fmt: skip
    # Friday's night session after midnight is on Saturday.
    assert second.ts_event == china_midnight(20251122) + 600 * SECOND


def test_a_fak_ends_before_its_trade_is_told(bench: Bench) -> None:
    """Case 8 (SHFE, INE, CFFEX)."""
    order = send(bench, tif=TimeInForce.FAK)
    bench.tell_order("a")
    bench.tell_order("5", VolumeTraded=4, OrderSubmitStatus="0", StatusMsg="已撤单报单已提交")
    bench.tell_order("5", sys_id=NUMBER, VolumeTraded=4, StatusMsg="已撤单报单已提交")
    bench.tell_trade(4, sys_id=NUMBER)
    assert reports(bench) == [
        (order.id, _S.SUBMITTED, 0, 0), (order.id, _S.CANCELLED, 4, 0),
        (order.id, _S.CANCELLED, 4, 0),
    ]  # fmt: skip
    assert [t.order_id for t in bench.of(TradeReported)] == [order.id]


@pytest.mark.parametrize(
    ("submit", "message"), [("4", "26:已撤单报单被拒绝SHFE:x"), ("0", "已撤单报单被拒绝SHFE:x")]
)
def test_the_exchange_refuses(bench: Bench, submit: str, message: str) -> None:
    order = send(bench)
    bench.tell_order("a")
    bench.tell_order("5", OrderSubmitStatus=submit, StatusMsg=message)
    bench.td.say("on_notice", "OnErrRtnOrderInsert", row("InputOrder", **_input(bench)), 91, "x")
    bench.run()
    assert reports(bench)[1:] == [(order.id, _S.REJECTED, 0, 91)]
    assert bench.of(OrderReported)[-1].message == message


def _input(bench: Bench) -> dict[str, Any]:
    return dict(bench.td.orders[-1])


def test_ctp_refuses_once_though_it_says_so_twice(bench: Bench) -> None:
    order = send(bench)
    data = row("InputOrder", **_input(bench))
    bench.td.say("on_response", "OnRspOrderInsert", data, 31, "资金不足", 99, True)
    bench.td.say("on_notice", "OnErrRtnOrderInsert", data, 31, "资金不足")
    bench.run()
    assert reports(bench) == [(order.id, _S.REJECTED, 0, 31)]
    assert bench.of(OrderReported)[0].message == "资金不足"


def test_a_refusal_of_another_session_is_not_ours(bench: Bench) -> None:
    """It bears our OrderRef by chance, and nothing that says whose it is but its RequestID."""
    send(bench)
    data = row("InputOrder", **(_input(bench) | {"RequestID": 12345, "OrderMemo": ""}))
    bench.td.say("on_notice", "OnErrRtnOrderInsert", data, 31, "资金不足")
    bench.run()
    assert reports(bench) == []


def test_a_refusal_of_another_homalos_is_not_ours(bench: Bench) -> None:
    """A second data folder of the account counts runs, refs and requests as we do: only the mark
    of its OrderMemo is another."""
    order = send(bench)
    theirs = _input(bench)
    theirs["OrderMemo"] = "zzzz" + theirs["OrderMemo"][4:]
    data = row("InputOrder", **theirs)
    bench.td.say("on_notice", "OnErrRtnOrderInsert", data, 31, "资金不足")
    bench.run()
    assert reports(bench) == []
    assert bench.gateway.cancel(order) == 0


@pytest.mark.parametrize("memo", ["", None])
def test_an_order_that_the_flow_has_told_of_is_not_refused_by_ctp(
    bench: Bench, memo: str | None
) -> None:
    order = send(bench)
    bench.tell_order("a")
    bench.tell_order("3", sys_id=NUMBER)
    data = row("InputOrder", **(_input(bench) | ({} if memo is None else {"OrderMemo": memo})))
    bench.td.say("on_notice", "OnErrRtnOrderInsert", data, 31, "资金不足")
    bench.run()
    assert reports(bench)[-1] == (order.id, _S.ACCEPTED, 0, 0)
    assert bench.gateway.cancel(order) == 0
    assert len(bench.td.cancels) == 1


def test_an_unknown_status_keeps_what_is_known(bench: Bench) -> None:
    order = send(bench)
    bench.tell_order("3", sys_id=NUMBER)
    bench.tell_order("?", sys_id=NUMBER, VolumeTraded=2)
    assert reports(bench) == [(order.id, _S.ACCEPTED, 0, 0), (order.id, _S.ACCEPTED, 2, 0)]
    assert any("unknown status" in e.text for e in bench.of(AlertRaised))


def test_a_trade_is_told_once_however_often_it_comes(bench: Bench) -> None:
    order = send(bench)
    bench.tell_order("0", sys_id=NUMBER, VolumeTraded=10)
    for _ in range(3):
        bench.tell_trade(10, sys_id=NUMBER)
    assert [(t.order_id, t.lots) for t in bench.of(TradeReported)] == [(order.id, 10)]
    # The other side of a trade with oneself may have the same number.
    bench.tell_trade(10, sys_id="        7920", Direction="1", OrderLocalID="x")
    assert [t.side for t in bench.of(TradeReported)] == [Side.BUY, Side.SELL]


def test_a_trade_is_matched_by_ctps_number_where_the_exchanges_is_not_known(bench: Bench) -> None:
    order = send(bench)
    bench.tell_order("a")
    bench.tell_trade(10, sys_id=NUMBER)
    assert [t.order_id for t in bench.of(TradeReported)] == [order.id]


def test_the_same_number_at_another_exchange_is_another_order(bench: Bench) -> None:
    order = send(bench)
    bench.tell_order("3", sys_id=NUMBER)
    bench.tell_trade(1, sys_id=NUMBER, ExchangeID="CZCE", InstrumentID="SR601", TraderID="t2",
                     OrderRef="5")  # fmt: skip
    (trade,) = bench.of(TradeReported)
    assert (trade.order_id, trade.instrument) == (None, SR)
    bench.tell_trade(1, sys_id=NUMBER)
    assert bench.of(TradeReported)[-1].order_id == order.id


# ------------------------------------------------------------------ strangers


def test_an_own_order_under_new_names_is_known_by_ctps_number(bench: Bench) -> None:
    """清流重启 before the exchange has numbered it, and no OrderMemo comes back."""
    order = send(bench)
    bench.tell_order("a", OrderMemo="")
    bench.relogin()
    bench.posted.clear()
    data = bench.tell_order("3", sys_id=NUMBER, FrontID=9, SessionID=991, OrderRef="55",
                            RequestID=0, OrderMemo="")  # fmt: skip
    bench.td.rows["ReqQryOrder"] = [data]
    bench.settle()
    assert reports(bench) == [(order.id, _S.ACCEPTED, 0, 0)]
    answers: list[VenueSnapshot] = []
    bench.gateway.query(ACCOUNT, answers.append)
    bench.settle()
    assert [found.id for found in answers[0].orders] == [order.id]
    assert bench.gateway.cancel(order) == 0
    assert [c["OrderSysID"] for c in bench.td.cancels] == [NUMBER]


def test_a_strangers_order_and_trade_are_told_without_an_id(bench: Bench) -> None:
    foreign: dict[str, Any] = {
        "ExchangeID": "SHFE", "InstrumentID": "rb2601", "FrontID": 5, "OrderRef": "1",
        "CombHedgeFlag": "1",
    }  # fmt: skip
    bench.tell_order("a", **foreign)
    assert reports(bench) == []
    bench.tell_order("3", sys_id=NUMBER, **foreign)
    bench.tell_trade(2, sys_id=NUMBER)
    assert reports(bench) == [(None, _S.ACCEPTED, 0, 0)]
    (trade,) = bench.of(TradeReported)
    assert (trade.order_id, trade.venue_order_id, trade.lots) == (None, NUMBER, 2)


def test_a_stranger_with_our_orderref_is_still_a_stranger(bench: Bench) -> None:
    send(bench)
    bench.tell_order("3", sys_id=NUMBER, FrontID=5, SessionID=5, OrderMemo="")
    assert reports(bench) == [(None, _S.ACCEPTED, 0, 0)]


def test_a_forced_close_is_a_close(bench: Bench) -> None:
    bench.tell_trade(2, sys_id=NUMBER, OffsetFlag="2", Direction="1")
    assert [t.offset for t in bench.of(TradeReported)] == [Offset.CLOSE]


@pytest.mark.parametrize(
    "fields",
    [{"HedgeFlag": "3"}, {"HedgeFlag": "2"}, {"InstrumentID": "rb2601C3000"},
     {"InstrumentID": "SP rb2601&rb2605"}],
)  # fmt: skip
def test_what_the_core_does_not_trade_is_not_told(bench: Bench, fields: dict[str, Any]) -> None:
    bench.tell_trade(2, sys_id=NUMBER, **fields)
    order = {k: v for k, v in fields.items() if k != "HedgeFlag"}
    bench.tell_order("3", **({"sys_id": NUMBER, "ExchangeID": "SHFE", "InstrumentID": "rb2601",
                              "CombHedgeFlag": fields.get("HedgeFlag", "1")} | order))  # fmt: skip
    assert bench.of(TradeReported) == bench.of(OrderReported) == []


# ------------------------------------------------------------------ cancels


def test_a_cancel_names_the_order_by_its_padded_number(bench: Bench) -> None:
    order = send(bench)
    bench.tell_order("3", sys_id=NUMBER)
    assert bench.gateway.cancel(order) == 0
    (sent,) = bench.td.cancels
    assert (sent["ExchangeID"], sent["InstrumentID"], sent["OrderSysID"]) == (
        "SHFE", "rb2601", NUMBER,
    )  # fmt: skip


def test_a_cancel_waits_for_the_number(bench: Bench) -> None:
    order = send(bench)
    bench.tell_order("a")
    assert bench.gateway.cancel(order) == 0
    assert bench.td.cancels == []
    bench.tell_order("a", sys_id=NUMBER)
    assert [c["OrderSysID"] for c in bench.td.cancels] == [NUMBER]
    bench.tell_order("3", sys_id=NUMBER)
    assert len(bench.td.cancels) == 1


def test_a_waiting_cancel_of_an_order_that_ends_is_dropped(bench: Bench) -> None:
    order = send(bench)
    bench.gateway.cancel(order)
    bench.tell_order("0", sys_id=NUMBER, VolumeTraded=10)
    assert bench.td.cancels == []


def test_a_refused_cancel_is_told_once_and_not_tried_again(bench: Bench) -> None:
    order = send(bench)
    bench.tell_order("0", sys_id=NUMBER, VolumeTraded=10)
    assert bench.gateway.cancel(order) == 0
    (sent,) = bench.td.cancels
    data = row("InputOrderAction", **sent)
    text = "报单已全成交或已撤销，不能再撤"
    bench.td.say("on_response", "OnRspOrderAction", data, 26, text, 5, True)
    bench.td.say("on_notice", "OnErrRtnOrderAction", row("OrderAction", **sent), 26, text)
    bench.run()
    bench.settle(60)
    (refusal,) = bench.of(CancelRejected)
    assert (refusal.order_id, refusal.code, refusal.message) == (order.id, 26, text)
    assert len(bench.td.cancels) == 1


def test_the_exchange_refuses_a_cancel_by_the_orders_state(bench: Bench) -> None:
    order = send(bench)
    bench.tell_order("3", sys_id=NUMBER)
    bench.gateway.cancel(order)
    bench.tell_order("3", sys_id=NUMBER, OrderSubmitStatus="5", StatusMsg="撤单被拒绝")
    bench.tell_order("3", sys_id=NUMBER, OrderSubmitStatus="5", StatusMsg="撤单被拒绝")
    (refusal,) = bench.of(CancelRejected)
    assert (refusal.order_id, refusal.code) == (order.id, 91)


def test_a_refused_cancel_of_another_session_is_not_ours(bench: Bench) -> None:
    order = send(bench)
    bench.tell_order("3", sys_id=NUMBER)
    bench.gateway.cancel(order)
    sent = bench.td.cancels[0] | {"OrderSysID": "         999"}
    bench.td.say("on_notice", "OnErrRtnOrderAction", row("OrderAction", **sent), 26, "x")
    bench.run()
    assert bench.of(CancelRejected) == []


def test_an_adopted_order_is_cancelled_under_the_id_that_the_core_gave_it(bench: Bench) -> None:
    bench.tell_order("3", sys_id=NUMBER, ExchangeID="SHFE", InstrumentID="rb2601", FrontID=5,
                     OrderRef="1", CombHedgeFlag="1")  # fmt: skip
    adopted = bench.order(id=OrderId("SHFE:7919:1"), venue_order_id=VenueOrderId(NUMBER))
    assert bench.gateway.cancel(adopted) == 0
    data = row("InputOrderAction", **bench.td.cancels[0])
    bench.td.say("on_response", "OnRspOrderAction", data, 25, "x", 5, True)
    bench.run()
    assert [e.order_id for e in bench.of(CancelRejected)] == [adopted.id]


def test_a_number_of_yesterday_cancels_nothing_today(bench: Bench) -> None:
    """A stranger's order has the number that ours had; the core may still ask."""
    order = send(bench)
    bench.tell_order("3", sys_id=NUMBER)
    yesterday = replace(order, venue_order_id=VenueOrderId(NUMBER))
    bench.day = NEXT
    bench.hand.go(24 * 3600)
    bench.relogin()
    bench.settle()
    theirs: dict[str, Any] = {"FrontID": 5, "SessionID": 5, "OrderRef": "1", "OrderMemo": ""}
    bench.tell_order("3", sys_id=NUMBER, **theirs)
    assert bench.gateway.cancel(yesterday) == -1
    assert bench.td.cancels == []
    assert bench.gateway.cancel(replace(yesterday, ts_init=bench.hand.now())) == 0


# ------------------------------------------------------------------ identity


def test_a_reconnect_replays_the_day_and_tells_what_was_missed(bench: Bench) -> None:
    order = send(bench)
    bench.tell_order("a")
    bench.tell_order("3", sys_id=NUMBER)
    old = bench.session
    bench.relogin()
    names = {"FrontID": old[0], "SessionID": old[1]}
    bench.tell_order("a", **names)
    bench.tell_order("3", sys_id=NUMBER, **names)
    bench.tell_order("0", sys_id=NUMBER, VolumeTraded=10, **names)
    bench.tell_trade(10, sys_id=NUMBER)
    assert [status for _, status, _, _ in reports(bench)] == [
        _S.SUBMITTED, _S.ACCEPTED, _S.FILLED,
    ]  # fmt: skip
    assert [t.order_id for t in bench.of(TradeReported)] == [order.id]


def test_a_core_restart_with_cleared_flows_gives_the_order_other_names(bench: Bench) -> None:
    """清流重启: the exchange's number stays; where there was none yet, OrderMemo tells."""
    known, unknown = send(bench), send(bench, number=2)
    known_sent, unknown_sent = bench.td.orders
    bench.tell_order("3", sys_id=NUMBER, **known_sent)
    bench.relogin()
    other: dict[str, Any] = {"FrontID": 40, "SessionID": 41, "RequestID": 0}
    bench.tell_order("5", sys_id=NUMBER, **(known_sent | other | {"OrderRef": "901",
                     "OrderMemo": ""}))  # fmt: skip
    bench.tell_order("3", sys_id="        7920", **(unknown_sent | other | {"OrderRef": "902"}))
    assert reports(bench)[1:] == [
        (known.id, _S.CANCELLED, 0, 0), (unknown.id, _S.ACCEPTED, 0, 0),
    ]  # fmt: skip
    bench.settle()
    assert bench.gateway.cancel(unknown) == 0
    assert bench.td.cancels[-1]["OrderSysID"] == "        7920"


def test_after_a_restart_orders_of_earlier_sessions_are_ours_again(
    bench: Bench, tmp_path: Path
) -> None:
    order = send(bench)
    late = send(bench, number=7)
    odd = send(bench, number=5)  # out of order: its ref is an exception
    old, sent = bench.session, list(bench.td.orders)
    bench.gateway.close()

    again = Bench(tmp_path, run=4)
    again.session = (old[0], old[1] + 1)
    again.prepare()
    rows = []
    for number, data in enumerate(sent):
        rows.append(row("Order", BrokerID="9999", InvestorID="sim", FrontID=old[0],
                        SessionID=old[1], OrderStatus="3", OrderSubmitStatus="3",
                        OrderSysID=f"{number:12d}", TradingDay=str(again.day),
                        **(data | {"OrderMemo": ""})))  # fmt: skip
    again.td.rows["ReqQryOrder"] = rows
    again.connect()
    (answer,) = again.snapshot()
    assert [o.id for o in answer.orders] == [order.id, late.id, odd.id]
    again.tell_order("0", sys_id=f"{1:12d}", VolumeTraded=10, **sent[1])
    again.tell_trade(10, sys_id=f"{1:12d}", InstrumentID="rb2601")
    assert reports(again) == [(late.id, _S.FILLED, 10, 0)]
    assert [t.order_id for t in again.of(TradeReported)] == [late.id]
    fresh = send(again, id=OrderId("4-000001"))
    assert int(again.td.orders[-1]["OrderRef"]) > max(int(o["OrderRef"]) for o in sent)
    assert fresh.id


def test_a_new_trading_day_forgets_the_numbers_of_the_old(bench: Bench) -> None:
    order = send(bench)
    bench.tell_order("3", sys_id=NUMBER)
    bench.day = 20251125
    bench.relogin()
    bench.settle()
    bench.td.orders.clear()
    bench.tell_order("3", sys_id=NUMBER, ExchangeID="SHFE", InstrumentID="rb2601", FrontID=9,
                     OrderRef="1", CombHedgeFlag="1")  # fmt: skip
    assert reports(bench)[-1] == (None, _S.ACCEPTED, 0, 0)
    assert order.id == reports(bench)[0][0]


# ------------------------------------------------------------------ shadow


def test_a_shadow_sends_nothing_and_lists_what_it_would_have_sent(tmp_path: Path) -> None:
    bench = Bench(tmp_path, shadow=True)
    bench.connect()
    assert "ReqSettlementInfoConfirm" not in [name for name, _, _ in bench.td.requests]
    order = bench.order(tif=TimeInForce.FAK)
    assert bench.gateway.send(Approved(order)) == SHADOW < 0
    resting = bench.order(2, venue_order_id=VenueOrderId(NUMBER))
    for _ in range(3):
        assert bench.gateway.cancel(resting) == SHADOW
    assert bench.td.orders == bench.td.cancels == []
    insert, cancel = bench.gateway.shadowed()
    assert (insert.action, insert.order_id, insert.symbol, insert.time_condition, insert.lots) == (
        "insert", order.id, "rb2601", "1", 10,
    )  # fmt: skip
    assert (cancel.action, cancel.order_id) == ("cancel", resting.id)
    lines = (tmp_path / "gateway" / "ctp-shadow.jsonl").read_text().splitlines()
    assert len(lines) == 2
    assert '"symbol":"rb2601"' in lines[0]
    bench.tell_trade(2, sys_id=NUMBER)
    assert len(bench.of(TradeReported)) == 1


def test_an_instrument_of_the_bench_is_what_the_tests_say(bench: Bench) -> None:
    assert RB in {item.id for item in bench.gateway.instruments()}
