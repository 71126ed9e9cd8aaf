"""The counters themselves: of each contract and of each exchange, one trading day."""

from collections.abc import Callable
from typing import Any

from homalos.model.ids import InstrumentId
from homalos.model.market import Instrument
from homalos.trading.programme.actions import Actions
from homalos.trading.programme.level import Level
from homalos.trading.programme.terms import ContractTerms, ExchangeTerms

Bounds = tuple[int, int]
"""Soft and warning percent."""
BUY, SELL = 1, 2
BOTH = BUY | SELL


class ExchangeCount:
    """Of the account at one exchange."""

    __slots__ = ("actions", "bursts", "exchange", "messages", "quick", "terms")

    def __init__(self, exchange: str) -> None:
        self.exchange = exchange
        self.terms = ExchangeTerms()
        self.actions = Actions(self.terms.burst_messages)
        self.messages = Level()
        self.bursts = Level()
        self.quick = 1
        """From the soft limit of bursts on, so many messages within a second leave at the most."""

    def settle(self, terms: ExchangeTerms, bounds: Bounds) -> None:
        """Take these limits."""
        self.terms = terms
        self.actions.resize(terms.burst_messages)
        self.quick = max(1, min(terms.burst_messages - 1, terms.burst_messages * bounds[0] // 100))
        self.messages.bound(terms.messages, *bounds)
        self.bursts.bound(terms.bursts, *bounds)
        self.note_bursts()

    def note_bursts(self) -> None:
        """What the times say, once they are in order."""
        self.bursts.own = self.actions.bursts
        self.bursts.total = self.bursts.own + self.bursts.others

    def levels(self) -> tuple[tuple[str, str, Level], ...]:
        return ("messages", "信息量", self.messages), ("bursts", "秒内频繁报撤单", self.bursts)

    def clear(self) -> None:
        self.actions.clear()
        self.messages.clear()
        self.bursts.clear()


class ContractCount:
    """Of the account in one contract. ``traded``: orders with a fill."""

    __slots__ = (
        "cancels", "exchange", "instrument", "large_cancels", "listed", "messages", "orders",
        "self_trades", "sides", "terms", "traded",
    )  # fmt: skip

    def __init__(self, instrument: InstrumentId, exchange: ExchangeCount) -> None:
        self.instrument = instrument
        self.exchange = exchange
        self.listed: Instrument | None = None
        """By which ``terms`` were made; ``None``: not known yet, and so no limit."""
        self.terms = ContractTerms()
        self.orders = 0
        self.traded = 0
        self.self_trades = Level()
        self.cancels = Level()
        self.large_cancels = Level()
        self.messages = Level()
        self.sides: dict[str, int] = {}
        """By the exchange's trade id, the sides that were ours."""

    def settle(self, terms: ContractTerms, bounds: Bounds) -> None:
        """Take these limits."""
        self.terms = terms
        self.self_trades.bound(terms.self_trades, *bounds)
        self.cancels.bound(terms.cancels, *bounds)
        self.large_cancels.bound(terms.large_cancels, *bounds)
        self.messages.bound(terms.messages, *bounds)

    def levels(self) -> tuple[tuple[str, str, Level], ...]:
        return (
            ("self-trades", "自成交", self.self_trades),
            ("cancels", "撤单", self.cancels),
            ("large cancels", "大额撤单", self.large_cancels),
            ("messages", "信息量", self.messages),
        )

    def trade(self, trade_id: str, side: int) -> bool:
        """One side of a trade was ours; whether both are now, and were not before."""
        before = self.sides.get(trade_id, 0)
        after = self.sides[trade_id] = before | side
        if before == BOTH or after != BOTH:
            return False
        self.self_trades.add(1)
        return True

    def order_to_trade(self) -> float | None:
        """Messages over orders with a fill, less 1 (报单成交比); without a fill over 1, as SHFE
        has it; ``None``: nothing was sent."""
        if not self.messages.own:
            return None
        return round(self.messages.own / max(1, self.traded) - 1, 2)

    def clear(self) -> None:
        self.orders = self.traded = 0
        self.listed = None  # its rows may be others tomorrow
        for _, _, level in self.levels():
            level.clear()
        self.sides.clear()


class Counts:
    """What the rules look at (``view.programme``)."""

    __slots__ = ("contracts", "exchanges")

    def __init__(self) -> None:
        self.contracts: dict[InstrumentId, ContractCount] = {}
        self.exchanges: dict[str, ExchangeCount] = {}

    def contract(self, instrument: InstrumentId) -> ContractCount:
        count = self.contracts.get(instrument)
        if count is None:
            exchange = self.exchange(instrument.partition(".")[0])
            count = self.contracts[instrument] = ContractCount(instrument, exchange)
        return count

    def exchange(self, name: str) -> ExchangeCount:
        count = self.exchanges.get(name)
        if count is None:
            count = self.exchanges[name] = ExchangeCount(name)
        return count

    def clear(self) -> None:
        """A new trading day: all begin at zero."""
        for contract in self.contracts.values():
            contract.clear()
        for exchange in self.exchanges.values():
            exchange.clear()

    def state(self) -> tuple[object, ...]:
        """What this account did; the times of a second ago decide nothing any more."""
        return (
            tuple(
                (id_, c.orders, c.traded, c.self_trades.own, c.cancels.own, c.large_cancels.own,
                 c.messages.own)
                for id_, c in sorted(self.contracts.items())
                if c.messages.own or c.sides
            ),
            tuple(
                (name, e.messages.own, e.bursts.own)
                for name, e in sorted(self.exchanges.items())
                if e.messages.own
            ),
        )  # fmt: skip


Resolve = Callable[[InstrumentId], Instrument | None]


def contract_row(count: ContractCount) -> dict[str, Any]:
    """For the page."""
    return {
        "instrument": count.instrument,
        "exempt": count.terms.exempt,
        "source": count.terms.source,
        "orders": count.orders,
        "orders_traded": count.traded,
        "order_to_trade": count.order_to_trade(),
        "large_lots": count.terms.large_lots or None,
        "fak_fok_count": count.terms.fak_fok,
        "self_trades": count.self_trades.row(),
        "cancels": count.cancels.row(),
        "large_cancels": count.large_cancels.row(),
        "messages": count.messages.row(),
    }


def exchange_row(count: ExchangeCount) -> dict[str, Any]:
    """For the page."""
    return {
        "exchange": count.exchange,
        "exempt": count.terms.exempt,
        "source": count.terms.source,
        "messages": count.messages.row(),
        "bursts": count.bursts.row(),
        "burst_messages": count.terms.burst_messages,
    }
