"""A denial is told in both languages."""

import pytest
from tests.unit.trading.desk import Desk

from homalos.model.events import Denial, OrderDenied
from homalos.trading.risk.rules import RULES
from homalos.trading.risk.words import in_both


@pytest.mark.parametrize("rule", [rule.name for rule in RULES] + ["instrument", "price", "held"])
def test_every_rule_has_its_words(rule: str) -> None:
    english, _, chinese = in_both(Denial(rule, 2.0, 1.0, "too much")).message.partition(" / ")
    assert english == "too much"
    assert any("\u4e00" <= sign <= "\u9fff" for sign in chinese)


def test_what_speaks_both_already_and_what_is_the_traders_own_stay() -> None:
    for denial in (Denial("flatten", 0, 0, "closing / 平仓"), Denial("my_rule", 0, 0, "no")):
        assert in_both(denial) == denial


def test_they_reach_the_order_and_its_denials() -> None:
    desk = Desk()
    desk.submit(lots=100_000)
    (denied,) = desk.seen(OrderDenied)
    assert all(" / " in denial.message for denial in denied.denials)
    assert "单笔手数过多" in denied.order.message
