"""Single-side margin: which products have it, until when, and what it takes off (FACTS A11)."""

import pytest
from tests.unit.exchange.bench import products

from homalos.market.money import relieved_margin
from homalos.model.ids import InstrumentId


@pytest.mark.parametrize(
    ("contract", "day", "relieved"),
    [
        ("SHFE.rb2605", 20260105, True), ("INE.sc2605", 20260105, True),
        ("INE.ec2606", 20260105, False), ("CFFEX.IF2603", 20260105, True),
        ("CFFEX.IF2603", 20260302, True), ("CFFEX.T2603", 20260227, True),
        ("CFFEX.T2603", 20260302, False), ("DCE.m2605", 20260105, False),
        ("CZCE.TA2605", 20260105, False), ("GFEX.si2605", 20260105, False),
    ],
)  # fmt: skip
def test_who_has_it(contract: str, day: int, relieved: bool) -> None:
    item = products().instrument(InstrumentId(contract), day)
    assert item is not None
    assert item.single_side is relieved


def test_only_within_a_product() -> None:
    rows = [("SHFE.rb", 100.0, 0.0), ("SHFE.rb", 20.0, 90.0), ("SHFE.cu", 0.0, 50.0),
            ("", 7.0, 5.0)]  # fmt: skip
    assert relieved_margin(rows) == 120.0 + 50.0 + 12.0
    assert relieved_margin(()) == 0.0
