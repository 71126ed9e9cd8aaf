"""Single-side margin as the venue tells it; where it does not, as products.yaml has it."""

import pytest
from tests.unit.exchange.bench import products

from homalos.gateway.ctp.convert import Contracts


@pytest.mark.parametrize(
    ("told", "relieved"), [("1", True), ("0", False), ("\0", True), (None, True)]
)
def test_the_venues_word_goes_before_ours(told: str | None, relieved: bool) -> None:
    contracts = Contracts(products())
    contracts.set_day(20260105)
    row: dict[str, object] = {
        "ExchangeID": "SHFE", "InstrumentID": "rb2605", "ProductID": "rb", "ProductClass": "1",
        "InstrumentName": "rb2605", "VolumeMultiple": 10, "PriceTick": 1.0, "DeliveryYear": 2026,
        "DeliveryMonth": 5, "PositionDateType": "1", "InstLifePhase": "1",
    }  # fmt: skip
    if told is not None:
        row["MaxMarginSideAlgorithm"] = told
    item = contracts.add(row)
    assert item is not None
    assert item.single_side is relieved
