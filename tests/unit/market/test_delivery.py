"""Last trading days of real contracts, and the days from which a person may hold nothing."""

import json
import lzma
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.generators.markets import market_tables

from homalos.config.sections.delivery import DeliveryRow
from homalos.config.sections.products import ProductsFile
from homalos.market.delivery import Client, Deliveries
from homalos.model.ids import InstrumentId
from homalos.model.market import Instrument
from homalos.model.times import HOUR, SECOND, china_midnight

PRODUCTS, SESSIONS = market_tables()
CALENDAR = SESSIONS.calendar


def contract(id_: str, day: int = 20240102) -> Instrument:
    found = PRODUCTS.instrument(InstrumentId(id_), day)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("id_", "wanted"),
    [
        ("SHFE.rb2405", 20240515),
        ("SHFE.cu2406", 20240617),  # the 15th was a Saturday
        ("SHFE.au2602", 20260224),  # the 15th to the 23rd were the spring festival
        ("SHFE.fu2405", 20240430),
        ("INE.sc2405", 20240430),
        ("INE.lu2410", 20240930),
        ("INE.bc2405", 20240515),
        ("INE.ec2408", 20240826),
        ("INE.nr2405", 20240515),
        ("DCE.m2405", 20240517),
        ("DCE.jd2405", 20240528),
        ("DCE.eg2405", 20240528),
        ("DCE.lh2405", 20240528),
        ("CZCE.SR2405", 20240517),
        ("CZCE.ZC2601", 20260109),
        ("CFFEX.IF2403", 20240315),
        ("CFFEX.IF2402", 20240219),  # the third Friday was in the spring festival
        ("CFFEX.TF2403", 20240308),
        ("CFFEX.T2403", 20240308),
        ("CFFEX.TL2606", 20260612),
        ("GFEX.si2405", 20240517),
    ],
)
def test_last_trading_days_as_they_were(id_: str, wanted: int) -> None:
    assert contract(id_).last_trading_day == wanted


HISTORY = {
    "DCE.eg2001": "2020-01-31 was declared a holiday afterwards",
    "DCE.jd2001": "as eg2001",
    "SHFE.fu2002": "as eg2001",
    "SHFE.bu2709": "the holidays of 2027 are provisional",
}


def _sc_early(id_: str) -> bool:
    """The table has the day after for these: sc1809 did end on 2018-08-31."""
    return id_.startswith("INE.sc") and id_ < "INE.sc2003"


def test_against_the_reference_tables(shared_data: Path) -> None:
    """Every futures contract whose end two reference tables know, 2016 to 2028."""
    known: dict[str, tuple[str, str, int, int]] = {}
    with lzma.open(shared_data / "ref" / "expired_quotes.json.lzma") as file:
        for id_, row in json.load(file).items():
            if row["ins_class"] == "FUTURE":
                end = datetime.fromtimestamp(row["expire_datetime"] + 8 * 3600, UTC)
                month = row["delivery_year"] * 100 + row["delivery_month"]
                day = int(end.strftime("%Y%m%d"))
                known[id_] = row["exchange_id"], row["product_id"], month, day
    rows = json.loads((shared_data / "ref" / "instruments.json").read_text())["instruments"]
    for symbol, row in rows.items():
        if row["product_class"] == "1":
            month = row["delivery_year"] * 100 + row["delivery_month"]
            name = row["exchange_id"], row["product_id"], month, int(row["expire_date"])
            known.setdefault(f"{row['exchange_id']}.{symbol}", name)
    assert len(known) > 3_000
    wrong = {}
    for id_, (exchange, product, month, day) in known.items():
        found = PRODUCTS.delivery.last_trading_day(exchange, product, month)
        if found != day and not _sc_early(id_):
            wrong[id_] = found
    assert {id_: day for id_, day in wrong.items() if day} == {
        id_: wrong.get(id_) for id_ in HISTORY
    }
    unknown = [id_ for id_, day in wrong.items() if not day]
    assert unknown == [id_ for id_ in unknown if id_.startswith("DCE.jd") and id_ < "DCE.jd1703"]


@pytest.mark.parametrize(
    ("id_", "client", "flat"),
    [  # brokers' notices of 2021, 2023 and 2025 name these days
        ("SHFE.rb2304", "person", 20230412),
        ("SHFE.fu2304", "person", 20230328),
        ("SHFE.fu2103", "person", 20210223),
        ("INE.sc2304", "person", 20230321),
        ("INE.lu2304", "person", 20230321),
        ("INE.bc2304", "person", 20230412),
        ("INE.nr2304", "person", 20230404),
        ("DCE.a2601", "person", 20251231),
        ("CZCE.SR2401", "person", 20231229),
        ("GFEX.si2405", "person", 20240430),
        ("CFFEX.T2403", "person", 20240229),
        ("CFFEX.IF2403", "person", 0),
        ("INE.ec2408", "person", 0),
        ("SHFE.rb2304", "institution", 0),
        ("DCE.a2601", "institution", 0),
    ],
)
def test_the_day_on_whose_close_nothing_may_be_held(id_: str, client: Client, flat: int) -> None:
    item = contract(id_, 20251201 if id_.endswith("01") else 20240102)
    days = PRODUCTS.delivery.days(item, client, 0, 0)
    assert days is not None
    assert days.must_flat == flat
    assert days.last_open == (flat or item.last_trading_day)


def test_a_broker_that_asks_earlier_and_entries_that_end_before() -> None:
    days = PRODUCTS.delivery.days(contract("SHFE.rb2405"), "person", 2, 3)
    assert days is not None
    # 05-15 is the last, the third before it 05-10; two earlier 05-08; entries end three before.
    assert (days.last_trading_day, days.must_flat, days.last_open) == (20240515, 20240508, 20240430)
    assert (days.multiple, days.multiple_by, days.multiple_from) == (30, 20240430, 20240506)


def test_lots_of_a_contract_without_multiples() -> None:
    days = PRODUCTS.delivery.days(contract("SHFE.ru2405"), "person", 0, 0)
    assert days is not None
    assert (days.multiple, days.multiple_by, days.multiple_from) == (1, 0, 0)


def test_what_no_row_tells_is_unknown() -> None:
    none = Deliveries((), CALENDAR)
    assert none.last_trading_day("SHFE", "rb", 202405) == 0
    item = msgspec.structs.replace(contract("SHFE.rb2405"), last_trading_day=0)
    assert PRODUCTS.delivery.days(item, "person", 0, 3) is None
    assert PRODUCTS.delivery.last_trading_day("DCE", "jd", 201702) == 0
    assert PRODUCTS.delivery.last_trading_day("SHFE", "rb", 0) == 0


def test_a_person_without_a_row_is_out_before_the_delivery_month() -> None:
    bare = Deliveries((DeliveryRow(of=("SHFE",), last_day="day 15"),), CALENDAR)
    days = bare.days(contract("SHFE.rb2405"), "person", 0, 0)
    assert days is not None
    assert days.must_flat == 20240430


def test_nobody_is_flat_after_the_last_trading_day() -> None:
    item = msgspec.structs.replace(contract("DCE.m2405"), last_trading_day=20240425)
    days = PRODUCTS.delivery.days(item, "person", 0, 0)
    assert days is not None
    assert days.must_flat == 20240425


def test_a_later_row_wins_field_by_field() -> None:
    rows = (
        DeliveryRow(of=("SHFE",), last_day="day 15", person_flat="3 before"),
        DeliveryRow(of=("SHFE.rb",), multiple=30),
        DeliveryRow(of=("SHFE.rb",), last_day="trading day 2"),
    )
    rule = Deliveries(rows, CALENDAR).row("SHFE", "rb")
    assert (rule.last_day, rule.person_flat, rule.multiple) == ("trading day 2", "3 before", 30)


def test_a_name_that_the_file_does_not_have_is_a_fault() -> None:
    file = ProductsFile(delivery=(DeliveryRow(of=("SHFE.xx",), multiple=2),))
    assert [where for where, _, _ in file.faults()] == ["delivery.0.of"]


@pytest.mark.parametrize("text", ["day 31", "the 15th", "trading day 0", "friday 6", "day 0"])
def test_a_rule_that_nobody_could_follow_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"of": ["SHFE"], "last_day": text}, DeliveryRow)


def test_a_bond_future_closes_early_on_its_last_day_alone() -> None:
    bond, index = contract("CFFEX.T2603", 20260105), contract("CFFEX.IF2603", 20260105)
    close = SESSIONS.early_close(bond, 20260313)
    assert close == china_midnight(20260313) + 11 * HOUR + 1_800 * SECOND
    assert SESSIONS.early_close(bond, 20260312) is None
    assert SESSIONS.early_close(index, index.last_trading_day) is None


MONTHS = st.builds(lambda y, m: y * 100 + m, st.integers(2016, 2026), st.integers(1, 12))
NAMES = st.sampled_from(sorted((p.exchange, p.id) for p in PRODUCTS.all(20260105)))


@given(NAMES, MONTHS, st.integers(0, 10), st.integers(0, 10))
def test_days_are_trading_days_in_their_order(
    name: tuple[str, str], month: int, early: int, closed: int
) -> None:
    exchange, product = name
    last = PRODUCTS.delivery.last_trading_day(exchange, product, month)
    if not last:
        assert (product, month < 201703) == ("jd", True)
        return
    item = msgspec.structs.replace(
        contract("SHFE.rb2405"), exchange=exchange, product=product, delivery_month=month,
        last_trading_day=last,
    )  # fmt: skip
    days = PRODUCTS.delivery.days(item, "person", early, closed)
    assert days is not None
    assert CALENDAR.is_trading_day(last)
    assert last // 100 == month or CALENDAR.next_day(last) // 100 == month
    for day in (days.must_flat, days.last_open, days.multiple_from, days.multiple_by):
        assert not day or CALENDAR.is_trading_day(day)
    if days.must_flat:
        assert days.must_flat <= last
        assert CALENDAR.shift(days.last_open, closed) == days.must_flat
    else:
        assert days.last_open == last
    assert not days.multiple_from or days.multiple_by // 100 < month == days.multiple_from // 100


@given(st.integers(0, 40), st.sampled_from(CALENDAR.trading_days(20240101, 20261231)))
def test_a_shift_forth_and_back(count: int, day: int) -> None:
    there = CALENDAR.shift(day, count)
    assert CALENDAR.shift(there, -count) == day
    assert len(CALENDAR.trading_days(day, there)) == count + 1
