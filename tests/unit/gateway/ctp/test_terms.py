"""How the broker reckons, against how the books do."""

from homalos.gateway.ctp.terms import BrokerTerms

OURS = BrokerTerms("open", "both", True)


def test_a_broker_that_reckons_otherwise_is_told_with_the_cure() -> None:
    row = {"MarginPriceType": "1", "Algorithm": "2", "AvailIncludeCloseProfit": "0"}
    text = BrokerTerms.of(row).differs(OURS)
    assert "trading.margin_price: pre_settlement" in text
    assert "trading.available_counts: loss_only" in text
    same = {"MarginPriceType": "4", "Algorithm": "1", "AvailIncludeCloseProfit": "0"}
    assert BrokerTerms.of(same).differs(OURS) == ""


def test_profit_that_may_not_be_used_today_is_told_though_no_key_sets_it() -> None:
    strict = BrokerTerms("open", "both", False)
    assert "more available money" in strict.differs(OURS)
    assert "set /" not in strict.differs(OURS)
    assert OURS.differs(strict) == ""
