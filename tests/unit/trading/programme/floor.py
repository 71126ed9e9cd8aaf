"""A trading desk with the counters of programme trading on it."""

from typing import Any

from msgspec.structs import replace
from tests.unit.trading.desk import RB, Desk

from homalos.config.sections.risk import RiskSection
from homalos.config.sections.risk_programme import ProgrammeRow
from homalos.model.enums import Offset, OrderKind, OrderStatus, Side, TimeInForce
from homalos.model.events import AlertRaised, Denial, OrderDenied, OrderReported, TradeReported
from homalos.model.ids import UNATTRIBUTED, InstrumentId, OrderId, TradeId, VenueOrderId
from homalos.model.trading import Order
from homalos.trading.programme.keeper import Programme

WIDE = {
    name: 0 for name in RiskSection.__struct_fields__ if name.startswith("max_") and "_per_" in name
} | {"max_identical_orders": 0, "max_open_orders": 10_000}
"""No other rule of rates speaks up."""

ROW = ProgrammeRow(
    id="SHFE", self_trades=5, cancels=10, large_cancels=5, large_lots=30, fak_fok=False,
    messages=100, account_messages=150, bursts=5, burst_messages=10,
)  # fmt: skip


def section(*rows: ProgrammeRow, **changes: Any) -> RiskSection:
    return RiskSection(programme=rows or (ROW,), **(WIDE | changes))


class Floor(Desk):
    """``changes`` of the one row."""

    def __init__(self, risk: RiskSection | None = None, **changes: Any) -> None:
        self.risk = risk or section(replace(ROW, **changes))
        super().__init__(ready=False, risk=self.risk)
        self.programme = Programme(
            self.bus, self.timers, self.books, self.manager, self.risk, simulated=True
        )
        self.gate.view.programme = self.programme.counts
        self.programme.attach()
        self.open()

    def rested(self, **changes: Any) -> OrderId:
        id_ = self.submit(**changes)
        self.report(id_, OrderStatus.ACCEPTED)
        return id_

    def cancelled(self, count: int, **changes: Any) -> None:
        """So many orders that rest and are cancelled, a second apart."""
        for _ in range(count):
            id_ = self.rested(**changes)
            self.advance(1)
            self.cancel(id_)
            self.report(id_, OrderStatus.CANCELLED)
            self.advance(1)

    def count(self, id_: InstrumentId = RB) -> dict[str, int]:
        found = self.programme.counts.contracts[id_]
        return {
            "orders": found.orders, "cancels": found.cancels.own,
            "large": found.large_cancels.own, "self": found.self_trades.own,
            "messages": found.messages.own,
        }  # fmt: skip

    def alerts(self) -> list[str]:
        return [a.text for a in self.seen(AlertRaised) if a.source == "programme"]

    def seen_last_denial(self) -> tuple[Denial, ...]:
        denials: tuple[Denial, ...] = self.seen(OrderDenied)[-1].denials
        return denials

    def rules_denied(self) -> list[str]:
        return [denial.rule for fact in self.seen(OrderDenied) for denial in fact.denials]


def foreign(number: int, status: OrderStatus = OrderStatus.ACCEPTED, **changes: Any) -> Order:
    """An order of another terminal, as the venue's whole answer has it."""
    made = Order(
        OrderId(""), OrderId(""), "demo", UNATTRIBUTED, RB, Side.BUY, Offset.OPEN,  # type: ignore[arg-type]
        OrderKind.LIMIT, TimeInForce.GFD, 3400.0, 2, 1_767_576_600_000_000_000 + number,
        status=status, venue_order_id=VenueOrderId(f"F{number:>11}"),
    )  # fmt: skip
    return replace(made, **changes)


def heard(order: Order, ts: int) -> OrderReported:
    return OrderReported(
        None, order.venue_order_id, order.instrument, order.status, order.traded_lots, 0, "", ts, ts
    )


def side_of(trade_id: str, side: Side, day: int, id_: InstrumentId = RB) -> TradeReported:
    """One side of a trade by orders of other terminals."""
    return TradeReported(
        None, VenueOrderId(f"T{trade_id}{side.value}"), TradeId(trade_id), id_, side, Offset.OPEN,
        3500.0, 1, day, 1, 1,
    )  # fmt: skip
