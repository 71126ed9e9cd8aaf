"""The pages list every rule as it is: made from the rules (``homalos.trading.risk.reference``)."""

from pathlib import Path

import pytest

from homalos.config.sections.risk import RiskSection
from homalos.trading.risk.reference import table
from homalos.trading.risk.rules import RULES

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.mark.parametrize(("language", "page"), [("en", "operation.md"), ("zh", "operation_zh.md")])
def test_the_page_has_the_table(language: str, page: str) -> None:
    assert table(language) in (DOCS / page).read_text(encoding="utf-8")


def test_every_limit_is_some_rules() -> None:
    apart = {"missing_data", "user_rule_us", "drawdown_since", "max_mark_age_ms", "watches"}
    apart |= {"delivery_warn_days", "must_flat_action", "must_flat_minutes"}  # of the keeper alone
    read = {key for rule in RULES for key in rule.keys}
    assert read == set(RiskSection.__struct_fields__) - apart


def test_rules_have_names_of_their_own() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(rule.en and rule.zh for rule in RULES)
