"""Every callback of the API, with every field filled, as the facts say it."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.native.binding.rig import MdRig, TdRig

from homalos.ctp.abi import Layout, Method, load
from homalos.ctp.records import OrderRow, TradeRow

ABI = load()
RSP_INFO = "CThostFtdcRspInfoField"
OWN = {"OnRtnDepthMarketData", "OnRtnOrder", "OnRtnTrade", "OnHeartBeatWarning"}


def filled(layout: Layout, seed: int = 0) -> dict[str, Any]:
    """A value of its own for every field; texts fill all the room there is."""
    values: dict[str, Any] = {}
    for number, field in enumerate(layout.fields, seed):
        if field.c == "char":
            room = 1 if field.len is None else field.len - 1
            values[field.name] = (chr(ord("A") + number % 26) + str(number) * room)[:room]
        elif field.c == "double":
            values[field.name] = number + 0.25
        else:
            values[field.name] = number + 1
    return values


def answer(method: Method) -> bool:
    return method.name.startswith("OnRsp")


def expected(method: Method, values: dict[str, Any] | None) -> dict[str, Any] | None:
    if values is not None and method.structs[0] == "CThostFtdcSettlementInfoField":
        return values | {"Content": values["Content"].encode()}
    return values


@pytest.mark.parametrize("side", ["md", "td"])
def test_every_callback(
    side: str, open_md: Callable[[], MdRig], open_td: Callable[[], TdRig]
) -> None:
    rig: Any = open_md() if side == "md" else open_td()
    wanted: list[tuple[Any, ...]] = []
    methods = ABI.md_spi if side == "md" else ABI.td_spi
    for number, method in enumerate(methods):
        if not method.structs or method.name in OWN:
            continue
        if method.structs == (RSP_INFO,):
            rig.library.call(method.name, error=(number, "不合法的登录"), request=number)
            wanted.append((method.name, None, number, "不合法的登录", number, True))
            continue
        for values in (filled(ABI.layout(method.structs[0])), None):
            error = (-number, "错") if RSP_INFO in method.structs and values else None
            rig.library.call(method.name, values, error, request=number, last=values is None)
            tail: tuple[Any, ...] = (number, values is None) if answer(method) else ()
            told = error or (0, "")
            wanted.append((method.name, expected(method, values), *told, *tail))
    got = [what for _, what in rig.drained()]
    assert len(got) > 10
    for one, other in zip(got, wanted, strict=True):
        assert one == other


def test_connections(md: MdRig) -> None:
    for reason in (0x1001, 0x2003):
        md.library.call("OnFrontDisconnected", request=reason)
        md.library.call("OnFrontConnected")
        md.library.call("OnHeartBeatWarning", request=3)
    assert md.drained() == [
        ("disconnected", 0x1001), ("connected", None),
        ("disconnected", 0x2003), ("connected", None),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", [0, 3, 11])
def test_rows_built_in_c_are_those_of_the_dicts(td: TdRig, seed: int) -> None:
    for name, struct, row in (("OnRtnOrder", "Order", OrderRow), ("OnRtnTrade", "Trade", TradeRow)):
        layout = ABI.layout(struct)
        values = filled(layout, seed) | {"TradingDay": "20260105"}
        td.library.call(name, values)
        ((_, got),) = td.drained()
        assert got.ts_native > 0
        assert got == row.of(values, got.ts_native)
        assert got.trading_day == 20260105


def test_rows_that_are_all_zero(td: TdRig) -> None:
    td.library.call("OnRtnOrder", {})
    td.library.call("OnRtnTrade", {})
    (_, order), (_, trade) = td.drained()
    assert order == OrderRow.of(ABI.layout("Order").decode(bytes(10_000)), order.ts_native)
    assert trade == TradeRow.of(ABI.layout("Trade").decode(bytes(10_000)), trade.ts_native)
    assert (order.status, order.price, order.sys_id, order.trading_day) == ("\0", None, "", 0)


def test_the_padding_of_an_id_is_kept(td: TdRig) -> None:
    td.library.call("OnRtnOrder", {"OrderSysID": "        7919", "StatusMsg": "全部成交报单已提交"})
    ((_, order),) = td.drained()
    assert (order.sys_id, order.message) == ("        7919", "全部成交报单已提交")


def test_texts_that_no_zero_ends_and_that_are_no_text(td: TdRig) -> None:
    """A field may be full to its last byte, a character cut in two, a byte no character at all."""
    layout = ABI.layout("Order")
    td.library.call("OnRtnOrder", raw=b"7" * layout.size)
    ((_, order),) = td.drained()
    assert (order.order_ref, order.instrument, order.status) == ("7" * 13, "7" * 81, "7")
    for raw in (b"\xd6\xd0\xb9", b"\xff\xff", b"\x80", "中文".encode("gb18030")):
        td.library.call("OnRtnOrder", {"StatusMsg": raw})
        ((_, order),) = td.drained()
        assert order.message == raw.decode("gb18030", "replace")
    td.library.call("OnRtnOrder", {"OrderStatus": b"\xd6"})
    ((_, order),) = td.drained()
    assert order.status == "\ufffd"


def test_a_settlement_comes_in_bytes(td: TdRig) -> None:
    """The end of a chunk may cut a character in two: only the whole is text."""
    text = "结算单" * 200
    raw = text.encode("gb18030")
    for at in range(0, len(raw), 499):
        td.library.call("OnRspQrySettlementInfo", {"Content": raw[at : at + 499]})
    chunks = [what[1]["Content"] for _, what in td.drained()]
    assert b"".join(chunks).decode("gb18030") == text


def test_the_message_of_an_error_that_repeats(td: TdRig) -> None:
    for error in ((31, "资金不足"), (31, "资金不足"), (30, "平仓量超过持仓量"), (0, "")):
        td.library.call("OnRspOrderInsert", {}, error, request=5)
    assert [what[2:4] for _, what in td.drained()] == [
        (31, "资金不足"), (31, "资金不足"), (30, "平仓量超过持仓量"), (0, ""),
    ]  # fmt: skip
