"""Rows out of the dicts of queries; and what is said where there is no native part."""

import re
from pathlib import Path
from typing import Any

import pytest

from homalos.ctp import fast, libraries
from homalos.ctp.abi import load
from homalos.ctp.libraries import NativeMissingError
from homalos.ctp.records import OrderRow, TradeRow

ROWS = Path(__file__).parents[3] / "src/native/binding/rows.cpp"
KINDS = {"OrderRow": (OrderRow, "Order"), "TradeRow": (TradeRow, "Trade")}


def blank(struct: str) -> dict[str, Any]:
    layout = load().layout(struct)
    return layout.decode(bytes(layout.size))


def test_an_order() -> None:
    data = blank("Order") | {
        "OrderSysID": "        7919", "LimitPrice": 3594.0000000000005, "TradingDay": "20260105",
        "OrderStatus": "a", "FrontID": 1, "SessionID": -7, "StatusMsg": "未成交",
    }  # fmt: skip
    row = OrderRow.of(data, 9)
    assert (row.sys_id, row.price, row.trading_day) == ("        7919", 3594.0, 20260105)
    assert (row.status, row.front, row.session, row.message) == ("a", 1, -7, "未成交")
    assert row.ts_native == 9


@pytest.mark.parametrize("price", [0.0, -1.0, 1.7976931348623157e308, float("nan")])
def test_a_price_that_there_is_not(price: float) -> None:
    assert OrderRow.of(blank("Order") | {"LimitPrice": price}).price is None
    assert TradeRow.of(blank("Trade") | {"Price": price}).price is None


@pytest.mark.parametrize("day", ["", "--------", "２０２６０１０５"])
def test_a_day_that_there_is_not(day: str) -> None:
    assert TradeRow.of(blank("Trade") | {"TradingDay": day}).trading_day == 0


@pytest.mark.parametrize("name", KINDS)
def test_c_builds_the_fields_in_their_order(name: str) -> None:
    """The struct, the table of names beside it and the C++ are the same list."""
    kind, struct = KINDS[name]
    body = ROWS.read_text().split(f"PyObject *{name}(const Record &record) {{")[1]
    places = re.findall(r"(?:order|trade|record)\.(\w+)\)?\)?,", body.split("};")[0])
    assert len(places) == len(kind.__struct_fields__)
    values = {name: f"<{name}>" for name in blank(struct)} | {"LimitPrice": 1.5, "Price": 1.5}
    row = kind.of(values, 7)  # type: ignore[attr-defined]
    for place, field in zip(places, kind.__struct_fields__, strict=True):
        odd = {"LimitPrice": 1.5, "Price": 1.5, "TradingDay": 0, "monotonic": 7}
        assert getattr(row, field) == odd.get(place, f"<{place}>"), field


def test_without_the_native_part_the_cure_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(libraries.sys.modules, "homalos.ctp._homalos_ctp", raising=False)
    monkeypatch.setattr(libraries, "native_folder", lambda: None)
    for kind in (fast.FastMd, fast.FastTd):
        with pytest.raises(NativeMissingError, match=r"start\.py setup native"):
            kind(tmp_path, tmp_path / "flow")
