"""The difference of two configurations, and laying it on one of them."""

import datetime as dt

import msgspec
import pytest

from homalos import defaults_dir
from homalos.config.changes import Change, at_once, difference, digest, patched
from homalos.config.loader import load
from homalos.config.schema import Config
from homalos.config.sections.risk import RiskSection
from homalos.config.sections.strategy import StrategyEntry

ROWS = (StrategyEntry(id="a", file="a.py"), StrategyEntry(id="b", file="b.py", params={"n": 5}))


def test_no_difference() -> None:
    assert difference(Config(), Config()) == ()


def test_a_changed_key_is_named_with_both_values() -> None:
    new = Config(risk=RiskSection(max_order_lots=7))
    old_lots = RiskSection().max_order_lots
    assert difference(Config(), new) == (Change("risk.max_order_lots", str(old_lots), "7"),)


def test_rows_of_the_same_ids_are_compared_one_by_one() -> None:
    changed = (ROWS[0], msgspec.structs.replace(ROWS[1], params={"n": 6}))
    found = difference(Config(strategies=ROWS), Config(strategies=changed))
    assert found == (Change("strategies.1.params", '{"n":5}', '{"n":6}'),)


def test_another_list_of_rows_is_one_change() -> None:
    found = difference(Config(strategies=ROWS), Config(strategies=ROWS[:1]))
    assert [change.key for change in found] == ["strategies"]


def test_a_difference_laid_on_the_old_gives_the_new() -> None:
    old = Config(strategies=ROWS)
    rows = (msgspec.structs.replace(ROWS[0], instruments=("SHFE.rb",), enabled=False), ROWS[1])
    new = Config(risk=RiskSection(collar_percent=0.1 + 0.2), strategies=rows)
    assert patched(old, difference(old, new)) == new
    assert digest(patched(old, difference(old, new))) == digest(new) != digest(old)


def test_a_key_of_another_version_is_refused() -> None:
    with pytest.raises(LookupError):
        patched(Config(), [Change("risk.gone", "1", "2")])


def test_when_a_key_applies() -> None:
    assert at_once("risk.max_order_lots")
    assert not at_once("app.account")
    assert not at_once("strategies.3.id")


def test_every_shipped_value_survives_the_way_through_json() -> None:
    """Dates, rows and keys whose name is no attribute (``from``) included."""
    shipped = load(defaults_dir(), environ={}).config
    for section in ("products", "calendar"):
        value = getattr(shipped, section)
        again = msgspec.json.decode(msgspec.json.encode(value), type=type(value))
        assert again == value
    products = shipped.products
    first = products.products[0]
    row = msgspec.structs.replace(first.rows[0], since=dt.date(2011, 2, 3))
    rows = (row, *first.rows[1:])
    changed = (msgspec.structs.replace(first, rows=rows), *products.products[1:])
    new = msgspec.structs.replace(
        shipped, products=msgspec.structs.replace(products, products=changed)
    )
    (change,) = difference(shipped, new)
    assert change.key == "products.products.0.rows.0.from"
    assert patched(shipped, [change]) == new


def test_a_long_value_that_waits_for_a_restart_is_told_by_its_digest() -> None:
    shipped = load(defaults_dir(), environ={}).config
    (change,) = [c for c in difference(Config(), shipped) if c.key == "products.products"]
    assert "sha256" in change.new
    assert len(change.new) < 100
