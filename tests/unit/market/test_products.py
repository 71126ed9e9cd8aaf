"""products.yaml and what is read from it."""

import json
from pathlib import Path

import msgspec
import pytest
from tests.generators import market_tables

from homalos import defaults_dir
from homalos.config.loader import load
from homalos.config.sections.products import ProductsFile
from homalos.market.products import Products, split_symbol
from homalos.model.ids import InstrumentId
from homalos.model.market import Rate

TODAY = 20260105
EXCHANGES = {"SHFE", "INE", "DCE", "CZCE", "CFFEX", "GFEX"}


@pytest.fixture(scope="module")
def products() -> Products:
    return market_tables()[0]


def test_the_shipped_file_is_whole(products: Products) -> None:
    file = load(defaults_dir(), environ={}).config.products
    assert len(file.products) == len(products.all(TODAY)) >= 80
    assert {product.exchange for product in products.all(TODAY)} == EXCHANGES
    for product in products.all(TODAY):
        assert product.name
        assert product.name_en
        assert 1 <= product.min_lots <= product.max_limit_lots
        assert product.day in products.day_sessions
        assert any(r.by_money or r.by_lot for r in (product.fees.open, product.fees.close))


def test_it_agrees_with_a_dump_of_the_instruments_of_2025(
    products: Products, shared_data: Path
) -> None:
    dump = json.loads((shared_data / "ref" / "instruments.json").read_text())["instruments"]
    futures = [row for row in dump.values() if row["product_class"] == "1"]
    assert len(futures) > 500
    for row in futures:
        exchange, symbol = row["exchange_id"], row["instrument_id"]
        ours = products.instrument(products.canonical(exchange, symbol, 20251226), 20251226)
        assert ours is not None, symbol
        assert ours.symbol == symbol
        assert (ours.multiplier, ours.tick_size) == (row["volume_multiple"], row["price_tick"])
        assert ours.max_limit_lots == row["max_limit_order_volume"], symbol
        assert ours.delivery_month == row["delivery_year"] * 100 + row["delivery_month"]
        assert products.exchange_of(symbol) == exchange


def test_a_row_holds_from_its_day_and_leaves_the_rest_as_it_was(products: Products) -> None:
    def row(day: int) -> tuple[float, int | None]:
        found = products.product("CZCE", "OI", day)
        assert found is not None
        return found.tick_size, found.night_end

    assert row(20150611) == (2, None)
    assert row(20150612) == (2, 23 * 60 + 30)
    assert row(20171113) == (2, 23 * 60 + 30)
    assert row(20191210) == (1, 23 * 60 + 30)
    assert row(20191211) == (1, 23 * 60)


def test_a_product_is_unknown_before_it_is_listed(products: Products) -> None:
    assert products.product("SHFE", "ao", 20230616) is None
    listed = products.product("SHFE", "ao", 20230619)
    assert listed is not None
    assert listed.listed == 20230619
    assert products.product("SHFE", "nothing", TODAY) is None


def test_an_instrument_carries_its_products_terms(products: Products) -> None:
    found = products.instrument(InstrumentId("CZCE.SR2605"), TODAY)
    assert found is not None
    assert (found.symbol, found.product, found.exchange) == ("SR605", "SR", "CZCE")
    assert found.delivery_month == 202605
    assert not found.splits_today
    assert found.long_margin == found.short_margin == Rate(by_money=0.12)
    assert found.fees.close_today == Rate()
    gold = products.instrument(InstrumentId("SHFE.au2606"), TODAY)
    assert gold is not None
    assert gold.splits_today
    assert (gold.multiplier, gold.tick_size) == (1000, 0.02)


@pytest.mark.parametrize(
    "id_", ["SHFE.xx2601", "SHFE.cu2605C75000", "SHFE.rb2613", "SHFE.rb", "DCE.rb2605", "", "rb"]
)
def test_what_is_no_future_of_the_file_has_no_instrument(products: Products, id_: str) -> None:
    assert products.instrument(InstrumentId(id_), TODAY) is None


@pytest.mark.parametrize(
    ("exchange", "symbol", "day", "expected"),
    [
        ("CZCE", "SR605", 20260105, "CZCE.SR2605"),
        ("CZCE", "SR801", 20171113, "CZCE.SR1801"),
        ("CZCE", "AP010", 20200803, "CZCE.AP2010"),
        ("CZCE", "TA001", 20191230, "CZCE.TA2001"),
        ("CZCE", "SR912", 20200105, "CZCE.SR1912"),
        ("CZCE", "SR605C5600", 20260105, "CZCE.SR2605C5600"),
        ("CZCE", "SR2605", 20260105, "CZCE.SR2605"),
        ("CZCE", "SPD TA609&TA701", 20260105, "CZCE.SPD TA609&TA701"),
        ("SHFE", "rb1801", 20171113, "SHFE.rb1801"),
    ],
)
def test_canonical_ids(
    products: Products, exchange: str, symbol: str, day: int, expected: str
) -> None:
    assert products.canonical(exchange, symbol, day) == expected


def test_symbols_split_into_letters_and_the_rest() -> None:
    assert split_symbol("rb1801") == ("rb", "1801")
    assert split_symbol("L_F2603") == ("L_F", "2603")
    assert split_symbol("m2605-C-3000") == ("m", "2605-C-3000")
    assert split_symbol("2605") == ("", "2605")
    assert split_symbol("") == ("", "")


def test_exchanges_are_found_by_letters_and_case(products: Products) -> None:
    assert products.exchange_of("p2605") == "DCE"
    assert products.exchange_of("PF605") == "CZCE"
    assert products.exchange_of("P2605") is None


FIRST = (
    '{"from": "2020-01-01", "multiplier": 10, "tick_size": 1, "lots": [1, 5, 0], "margin": 0.1, '
    '"limit_ratio": 0.1, "day": "commodity"}'
)


def _file(rows: str, day_sessions: str = "{}") -> ProductsFile:
    product = f'{{"id": "X.x", "zh": "x", "en": "x", "sector": "s", "rows": [{rows}]}}'
    text = f'{{"day_sessions": {day_sessions}, "products": [{product}]}}'
    return msgspec.json.decode(text, type=ProductsFile)


def test_faults_name_the_key() -> None:
    unordered = _file(f'{FIRST}, {{"from": "2019-01-01"}}')
    assert [key for key, *_ in unordered.products[0].faults()] == ["rows"]
    bare = _file('{"from": "2020-01-01", "multiplier": 10}')
    assert len(list(bare.products[0].faults())) == 5
    strange = _file(FIRST.replace("commodity", "moonlight"))
    assert [key for key, *_ in strange.faults()] == ["products.0.rows.0.day"]
    backward = _file(FIRST, '{"odd": ["10:00-09:00"]}')
    assert [key for key, *_ in backward.faults()] == ["day_sessions.odd"]
    assert not list(_file(FIRST).faults())
