"""A recorded market as a source; contracts that nobody described."""

import pytest
from tests.unit.exchange.bench import DAY, ME, RB, Bench, at, products

from homalos.exchange.listing import CAUTIOUS_MARGIN, unknown
from homalos.exchange.sources import Source
from homalos.exchange.sources.replay import RecordedMarket
from homalos.model.enums import OrderStatus, Side
from homalos.model.ids import InstrumentId
from homalos.model.market import Tick


def tick(id_: str, ts: int, price: float, volume: int = 1) -> Tick:
    return Tick(
        InstrumentId(id_), ts, ts, DAY, price, volume, None, None, price - 1, 5, price + 1, 5
    )


TICKS = [tick("SHFE.rb2601", at(10) + n, 3000.0 + n) for n in range(5)]


class Tape(list[Tick]):
    """Ticks that know their contracts, as a recording does."""

    instruments = (InstrumentId("SHFE.rb2601"), InstrumentId("DCE.zz2605"))


def test_a_recording_is_a_source_that_loses_no_tick() -> None:
    source: Source = RecordedMarket(Tape(TICKS), products(), name="tape")
    assert (source.start, source.name) == (at(10), "tape")
    assert list(source) == TICKS, "the tick that was looked at comes too"
    assert list(source) == TICKS, "and again"


def test_its_contracts_are_described_as_of_the_recorded_day() -> None:
    rb, strange = RecordedMarket(Tape(TICKS), products()).instruments
    assert rb == products().instrument(RB.id, DAY)
    assert strange == unknown(InstrumentId("DCE.zz2605"))
    assert strange.long_margin == CAUTIOUS_MARGIN
    assert strange.delivery_month == 202605
    told = RecordedMarket(TICKS, products(), instruments=(strange,)).instruments
    assert told == (strange,), "the source's own word, where products.yaml has none"


@pytest.mark.parametrize("id_", ["SHFE.", "X", "DCE.SP a2609&a2701", "CZCE.AP888"])
def test_no_spelling_of_a_contract_crashes(id_: str) -> None:
    assert unknown(InstrumentId(id_)).id == id_


def test_an_empty_recording_is_told() -> None:
    with pytest.raises(ValueError, match="no tick"):
        RecordedMarket([], products())


def test_a_contract_that_appears_is_listed_and_traded() -> None:
    floor = Bench()
    floor.exchange.on_market(tick("DCE.zz2605", at(10), 500.0))
    assert [item.id for item in floor.listed] == ["DCE.zz2605"]
    assert floor.exchange.counters["unlisted_instruments"] == 1
    floor.order(floor.listed[0], Side.BUY, 1, 501.0)
    assert floor.exchange.orders(ME)[-1].status is OrderStatus.FILLED
    floor.order(floor.listed[0], Side.BUY, 1, 400.0)
    assert floor.exchange.skipped["price_limits"] == 2
