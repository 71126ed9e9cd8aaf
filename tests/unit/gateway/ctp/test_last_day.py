"""The last trading day as the venue tells it; where it does not, as products.yaml has it."""

import pytest
from tests.unit.exchange.bench import products

from homalos.exchange.door.instruments import row as told_by_our_front
from homalos.gateway.ctp.convert import Contracts
from homalos.model.ids import InstrumentId

ROW: dict[str, object] = {
    "ExchangeID": "SHFE", "InstrumentID": "rb2605", "ProductID": "rb", "ProductClass": "1",
    "InstrumentName": "rb2605", "VolumeMultiple": 10, "PriceTick": 1.0, "DeliveryYear": 2026,
    "DeliveryMonth": 5, "PositionDateType": "1", "InstLifePhase": "1",
}  # fmt: skip
BY_RULE = 20260515


@pytest.mark.parametrize(
    ("told", "wanted"),
    [("20260518", 20260518), ("", BY_RULE), (None, BY_RULE), ("20261345", BY_RULE),
     ("2026051", BY_RULE), ("soon....", BY_RULE)],
)  # fmt: skip
def test_the_venues_word_goes_before_the_rule(told: str | None, wanted: int) -> None:
    contracts = Contracts(products())
    contracts.set_day(20260105)
    item = contracts.add(ROW if told is None else ROW | {"ExpireDate": told})
    assert item is not None
    assert item.last_trading_day == wanted


def test_without_a_rule_it_is_unknown() -> None:
    contracts = Contracts(products())
    contracts.set_day(20260105)
    strange = {"ExchangeID": "SHFE", "InstrumentID": "xx2605", "ProductID": "xx"}
    item = contracts.add(ROW | strange)
    assert item is not None
    assert item.last_trading_day == 0


@pytest.mark.parametrize("id_", ["SHFE.fu2605", "INE.sc2605", "CFFEX.IF2601", "CZCE.SR2605"])
def test_our_front_tells_the_last_trading_day(id_: str) -> None:
    item = products().instrument(InstrumentId(id_), 20260105)
    assert item is not None
    assert told_by_our_front(item)["ExpireDate"] == str(item.last_trading_day)
    assert item.last_trading_day % 100 != 15 or id_ == "CFFEX.IF2601"
