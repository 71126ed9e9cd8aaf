"""A desk with a day of trades and the keeper of its statements; the sample says the same."""

from typing import Any

from tests.unit.trading.desk import DAY, RB, Desk, M, venue_state
from tests.unit.trading.settlement.samples import FULL, replaced

from homalos.model.enums import Severity, Side
from homalos.model.event import Event
from homalos.model.events import AlertRaised, TradingDayChanged
from homalos.model.settlement import (
    DayClosed,
    SettlementCorrected,
    StatementCompared,
    StatementRead,
)
from homalos.trading.settlement.keeper import SettlementKeeper
from homalos.trading.settlement.parse import parse

NEXT = 20260106
THIRD = 20260107
# The numbers and the fees of the desk: 7.00, 10.515 -> 10.52, 3.00.
SAMPLE = replaced(
    ("6901 |", "     1 |"), ("6902 |", "     2 |"), ("6903 |", "     3 |"),
    ("     10.55|", "     10.52|"), ("     10.00|", "      3.00|"), ("27.55", "20.52"),
    ("1004982.45", "1004989.48"), text=FULL,
)  # fmt: skip
DEARER = (("     10.52|", "     11.52|"), ("20.52", "21.52"), ("1004989.48", "1004988.48"))
"""One fee is a yuan more."""
CALL = (("应追加资金 Margin Call：                    0.00",
         "应追加资金 Margin Call：                 3000.00"),)  # fmt: skip


def text_of(*pairs: tuple[str, str]) -> str:
    return replaced(*pairs, text=SAMPLE)


class ClosingDesk(Desk):
    """``trades``: the day of the sample is traded."""

    def __init__(self, *, expects: bool = True, trades: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self.keeper = SettlementKeeper(self.bus, self.books, expects=expects)
        self.manager.sync.closing = self.keeper.close_day
        self.keeper.attach()
        if trades:
            self.books.set_cash(5000.0, 0.0)
            self.trade(Side.BUY, 2, 3500.0)
            self.trade(Side.SELL, 1, 3505.0)
            self.tick(M, 2800.0)
            self.trade(Side.SELL, 2, 2800.0, M, strategy="beta")
            self.tick(RB, 3499.0)
            self.tick(M, 2799.0)

    def roll(self, day: int = NEXT, deposit: float = 0.0) -> None:
        """The venue has another trading day, and agrees."""
        self.venue.snapshot = venue_state(
            positions=self.books.positions(), balance=1_004_989.48, day=day, deposit=deposit
        )
        self.post(TradingDayChanged("test", day, self.clock.now()))

    def closed(self) -> DayClosed:
        found: DayClosed
        (found,) = self.kept(DayClosed)
        return found

    def kept(self, kind: type[Any]) -> list[Any]:
        """Records of the journal."""
        return [event for event in self.recorded if isinstance(event, kind)]

    def statement(self, text: str = SAMPLE, digest: str = "", day: int = DAY) -> None:
        found = parse(text)
        name = digest or f"{hash(text) & 0xFFFFFFFF:x}"
        self.post(
            StatementRead(
                self.books.account_id, day, f"{day}.txt", name, found, self.clock.now()
            )
        )  # fmt: skip

    def results(self) -> list[tuple[int, str]]:
        return [(row.trading_day, row.result) for row in self.seen(StatementCompared)]

    def corrections(self) -> list[tuple[str, float, bool]]:
        rows = self.seen(SettlementCorrected)
        return [(row.correction.strategy, row.correction.amount, row.booked) for row in rows]

    def alerts(self, severity: Severity) -> list[str]:
        rows: list[AlertRaised] = self.seen(AlertRaised)
        return [row.text for row in rows if (row.severity, row.source) == (severity, "settlement")]

    def past(self) -> list[Event]:
        """The journal's outcomes so far, decoded."""
        return list(self.recorded)
