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


def test_profit_that_may_not_be_used_today_has_its_key() -> None:
    strict = BrokerTerms.of(
        {"MarginPriceType": "4", "Algorithm": "1", "AvailIncludeCloseProfit": "2"}
    )
    assert "trading.available_includes_closed_profit: false" in strict.differs(OURS)
    assert "trading.available_includes_closed_profit: true" in OURS.differs(strict)
    assert strict.differs(strict) == ""
