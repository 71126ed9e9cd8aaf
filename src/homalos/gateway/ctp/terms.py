"""How the broker computes, from ``OnRspQryBrokerTradingParams`` (FACTS A11, A12)."""

from collections.abc import Mapping
from typing import Any, Self

from homalos.model.event import Record

_MARGIN_PRICES = {"1": "pre_settlement", "2": "last", "3": "average", "4": "open"}
_COUNTS = {"1": "both", "2": "loss_only", "3": "profit_only", "4": "neither"}


class BrokerTerms(Record, frozen=True):
    """Words as in ``trading.margin_price`` and ``trading.available_counts``; a code that is not
    known is shown as it came. ``closed_profit_available``:
    ``trading.available_includes_closed_profit``."""

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

    def differs(self, ours: Self) -> str:
        """Where the books reckon otherwise than the broker, with the cure; "": nowhere."""
        cures = [
            f"trading.{name}: {theirs}"
            for name, theirs, own in (
                ("margin_price", self.margin_price, ours.margin_price),
                ("available_counts", self.available_counts, ours.available_counts),
                (
                    "available_includes_closed_profit",
                    str(self.closed_profit_available).lower(),
                    str(ours.closed_profit_available).lower(),
                ),
            )
            if theirs != own
        ]
        if not cures:
            return ""
        return f"the broker reckons otherwise; set / 与期货公司口径不同，请设置 {', '.join(cures)}"
