"""What goes out: every request, the two hot ones, and what is refused before it could do harm."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest
from tests.native.binding.rig import MdRig, TdRig
from tests.native.binding.test_callbacks import ABI, filled

from homalos.ctp.abi import FieldError, Method

LOGIN = "ReqUserLogin"
ORDER: dict[str, Any] = {
    "ref": "1000001", "exchange": "SHFE", "instrument": "rb2605", "direction": "0", "offset": "3",
    "price_type": "2", "price": 3594.5, "lots": 7, "time_condition": "3", "volume_condition": "1",
    "min_volume": 1, "request": 42,
}  # fmt: skip
CANCEL: dict[str, Any] = {
    "exchange": "SHFE", "instrument": "rb2605", "sys_id": "        7919", "front": 1,
    "session": -77, "ref": "1000001", "action_ref": 3, "request": 43,
}  # fmt: skip


def requests(methods: tuple[Method, ...]) -> list[Method]:
    return [
        m for m in methods if len(m.structs) == 1 and m.name not in ("GetFrontInfo", "RegisterSpi")
    ]


def sent(rig: Any) -> tuple[str, int, bytes]:
    last = rig.library.last()
    return last.name.decode(), last.request, bytes(last)[-8192:][: last.size]


@pytest.mark.parametrize("side", ["md", "td"])
def test_every_request(
    side: str, open_md: Callable[[], MdRig], open_td: Callable[[], TdRig]
) -> None:
    rig: Any = open_md() if side == "md" else open_td()
    methods = requests(ABI.md_api if side == "md" else ABI.td_api)
    assert len(methods) == (4 if side == "md" else 123)
    for number, method in enumerate(methods, 1):
        layout = ABI.layout(method.structs[0])
        values = filled(layout)
        code = rig.port.request(method.name, values, number)
        numbered = len(method.args) == 2
        assert sent(rig) == (method.name, number if numbered else 0, layout.encode(values))
        assert code == 0


def test_return_codes_pass(td: TdRig) -> None:
    try:
        for code in (-1, -2, -3):
            td.library.result(code)
            assert td.port.request("ReqQryOrder", {}, 1) == code
            td.port.set_account("9999", "1", "1")
            assert td.port.insert(**ORDER) == code
            assert td.port.cancel(**CANCEL) == code
    finally:
        td.library.result(0)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"Nonsense": 1}, "CThostFtdcReqUserLoginField has no field Nonsense"),
        (
            {"UserID": "x" * 400},
            "CThostFtdcReqUserLoginField.UserID takes at most 15 bytes, got 400",
        ),
        ({"UserID": "中" * 8}, "CThostFtdcReqUserLoginField.UserID takes at most 15 bytes, got 16"),
        ({"UserID": 7}, "CThostFtdcReqUserLoginField.UserID is text, got int"),
        ({"UserID": None}, "CThostFtdcReqUserLoginField.UserID is text, got NoneType"),
        ({"UserID": "a\0b"}, "UserID has a zero character"),
        ({"UserID": "\ud800"}, "UserID has a character that GB18030 does not have"),
        (
            {"ClientIPPort": "7"},
            "CThostFtdcReqUserLoginField.ClientIPPort is a whole number, got str",
        ),
        ({"ClientIPPort": 1.5}, "ClientIPPort is a whole number, got float"),
        ({"ClientIPPort": 1 << 31}, "ClientIPPort does not fit into 4 bytes: 2147483648"),
        ({"ClientIPPort": 1 << 90}, "ClientIPPort does not fit into 4 bytes"),
        ({1: "x"}, "CThostFtdcReqUserLoginField has no field 1"),
    ],
)
def test_a_field_that_does_not_fit_is_told(md: MdRig, fields: Any, what: str) -> None:
    before = md.library.last().count
    with pytest.raises(FieldError) as told:
        md.port.request(LOGIN, fields, 1)
    assert what in str(told.value)
    assert md.library.last().count == before, "nothing may be sent"


def test_what_is_no_mapping_and_no_request(md: MdRig) -> None:
    for wrong in ("text", [1], None, 7):
        with pytest.raises(FieldError, match="is given as a mapping"):
            md.port.request(LOGIN, wrong, 1)  # type: ignore[arg-type]
    with pytest.raises(FieldError, match="has no request ReqNonsense"):
        md.port.request("ReqNonsense", {}, 1)
    with pytest.raises(FieldError, match="has no request ReqOrderInsert"):
        md.port.request("ReqOrderInsert", {}, 1)


def test_any_mapping_and_texts_of_all_kinds(md: MdRig) -> None:
    class Fields(Mapping[str, Any]):
        values: ClassVar = {"UserID": "张三", "Password": b"p\xd6\xd0", "ClientIPPort": True}

        def __getitem__(self, key: str) -> Any:
            return self.values[key]

        def __iter__(self) -> Any:
            return iter(self.values)

        def __len__(self) -> int:
            return len(self.values)

    assert md.port.request(LOGIN, Fields(), 9) == 0
    layout = ABI.layout("ReqUserLogin")
    assert sent(md)[2] == layout.encode(dict(Fields.values))


def test_an_order(td: TdRig) -> None:
    td.port.set_account("9999", "investor", "user")
    assert td.port.insert(*ORDER.values(), "memo") == 0
    fields = {
        "BrokerID": "9999", "InvestorID": "investor", "UserID": "user", "OrderRef": "1000001",
        "ExchangeID": "SHFE", "InstrumentID": "rb2605", "Direction": "0", "CombOffsetFlag": "3",
        "CombHedgeFlag": "1", "OrderPriceType": "2", "LimitPrice": 3594.5,
        "VolumeTotalOriginal": 7, "TimeCondition": "3", "VolumeCondition": "1", "MinVolume": 1,
        "ContingentCondition": "1", "ForceCloseReason": "0", "RequestID": 42, "OrderMemo": "memo",
    }  # fmt: skip
    layout = ABI.layout("InputOrder")
    assert sent(td) == ("ReqOrderInsert", 42, layout.encode(fields))
    assert td.port.insert(**(ORDER | {"price": 3600})) == 0
    fields |= {"LimitPrice": 3600.0, "OrderMemo": ""}
    assert sent(td)[2] == layout.encode(fields), "nothing of the last order stays"


def test_a_cancel(td: TdRig) -> None:
    td.port.set_account("9999", "investor", "user")
    assert td.port.cancel(*CANCEL.values()) == 0
    fields = {
        "BrokerID": "9999", "InvestorID": "investor", "UserID": "user", "ExchangeID": "SHFE",
        "InstrumentID": "rb2605", "OrderSysID": "        7919", "FrontID": 1, "SessionID": -77,
        "OrderRef": "1000001", "OrderActionRef": 3, "ActionFlag": "0", "RequestID": 43,
    }  # fmt: skip
    assert sent(td) == ("ReqOrderAction", 43, ABI.layout("InputOrderAction").encode(fields))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"ref": "1234567890123"}, "CThostFtdcInputOrderField.OrderRef takes at most 12 bytes"),
        ({"direction": "00"}, "CThostFtdcInputOrderField.Direction takes at most 1 bytes"),
        ({"price": "1"}, "CThostFtdcInputOrderField.LimitPrice is a number, got str"),
        ({"price": None}, "CThostFtdcInputOrderField.LimitPrice is a number, got NoneType"),
        ({"lots": 1.0}, "VolumeTotalOriginal is a whole number, got float"),
        ({"lots": 1 << 40}, "VolumeTotalOriginal does not fit into 4 bytes"),
        ({"memo": "x" * 13}, "CThostFtdcInputOrderField.OrderMemo takes at most 12 bytes"),
        ({"instrument": 7}, "CThostFtdcInputOrderField.InstrumentID is text, got int"),
    ],
)
def test_an_order_that_does_not_fit(td: TdRig, change: dict[str, Any], what: str) -> None:
    td.port.set_account("9999", "1", "1")
    before = td.library.last().count
    with pytest.raises(FieldError) as told:
        td.port.insert(**(ORDER | change))
    assert what in str(told.value)
    assert td.library.last().count == before


def test_arguments_as_python_takes_them(td: TdRig) -> None:
    td.port.set_account("9999", "1", "1")
    wrong: list[Callable[[], object]] = [
        lambda: td.port.insert(*ORDER.values(), "m", "too many"),  # type: ignore[call-arg]
        lambda: td.port.insert(**(ORDER | {"nonsense": 1})),
        lambda: td.port.insert("1", **ORDER),
        lambda: td.port.cancel("SHFE"),  # type: ignore[call-arg]
        lambda: td.port.drain(),  # type: ignore[call-arg]
        lambda: td.port.drain(td.sink, "x"),  # type: ignore[arg-type]
    ]
    for call in wrong:
        with pytest.raises(TypeError):
            call()


def test_no_order_without_an_account(td: TdRig) -> None:
    for call, fields in ((td.port.insert, ORDER), (td.port.cancel, CANCEL)):
        with pytest.raises(FieldError, match="set_account"):
            call(**fields)
    with pytest.raises(FieldError, match=r"InputOrderField\.BrokerID takes at most 10"):
        td.port.set_account("9" * 11, "1", "1")
    with pytest.raises(FieldError, match="set_account"):
        td.port.insert(**ORDER)


def test_subscriptions(md: MdRig) -> None:
    ids = [f"rb26{month:02d}" for month in range(1, 13)]
    assert md.port.subscribe(ids) == 0
    assert sent(md) == ("SubscribeMarketData", 12, (",".join(ids) + ",").encode() + b"\0")
    assert md.port.unsubscribe(("rb2601",)) == 0
    assert sent(md)[:2] == ("UnSubscribeMarketData", 1)
    count = md.library.last().count
    assert md.port.subscribe([]) == 0
    with pytest.raises(FieldError, match="InstrumentID takes at most 80 bytes, got 81"):
        md.port.subscribe(["x" * 81])
    with pytest.raises(TypeError, match="a list of ids"):
        md.port.subscribe("rb2605")
    assert md.library.last().count == count


def test_front_info(td: TdRig) -> None:
    assert td.port.front_info() == (3, 60)
