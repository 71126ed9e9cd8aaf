"""How the broker computes, from ``OnRspQryBrokerTradingParams`` (FACTS A11, A12)."""

from collections.abc import Mapping
from typing import Any, Self

from homalos.model.event import Record

_MARGIN_PRICES = {"1": "pre_settlement", "2": "last", "3": "average", "4": "open"}
_COUNTS = {"1": "both", "2": "loss_only", "3": "profit_only", "4": "neither"}


class BrokerTerms(Record, frozen=True):
    """Words as in ``trading.margin_price`` and ``trading.available_counts``; a code that is not
    known is shown as it came."""

    margin_price: str
    """Price for the margin of lots opened today."""
    available_counts: str
    """Which floating results count as available money."""
    closed_profit_available: bool
    """Whether what was earned today may be used today."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        price, counts = str(row["MarginPriceType"]), str(row["Algorithm"])
        return cls(
            _MARGIN_PRICES.get(price, price),
            _COUNTS.get(counts, counts),
            row["AvailIncludeCloseProfit"] == "0",
        )
