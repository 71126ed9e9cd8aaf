"""The venue's whole word: orders, trades, positions and account as one ``VenueSnapshot``.

Four queries, one after another, seconds apart on a slow front. Taken together they are true only
if nothing traded meanwhile; if something did they are thrown away and asked again (FACTS A10, B16).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from homalos.ctp.records import OrderRow, TradeRow
from homalos.gateway.ctp import positions
from homalos.gateway.ctp.convert import Contracts
from homalos.gateway.ctp.orders import Orders
from homalos.gateway.ctp.seams import Queries, Row, Value
from homalos.gateway.protocol import OpaquePosition, VenueSnapshot
from homalos.kernel.clock import Clock
from homalos.model.ids import AccountId
from homalos.model.times import SECOND

FRESH = 5 * SECOND
"""An answer this young is still the venue's word, if nothing was heard or sent since it was asked
for."""
CURRENCY = "CNY"
LAGS = 3
"""How often an answer is thrown away because it lacks trades that the flow has told."""


class Answer(NamedTuple):
    snapshot: VenueSnapshot
    opaque: tuple[OpaquePosition, ...]


Done = Callable[[Answer], None]
Failed = Callable[[str, int, str], None]
"""The query that failed, its code and text."""


class Snapshots:
    """See the module. One is taken at a time; who asks meanwhile gets the same one."""

    def __init__(
        self, queries: Queries, orders: Orders, contracts: Contracts, clock: Clock,
        account: AccountId, broker: str,
    ) -> None:  # fmt: skip
        self._queries = queries
        self._orders = orders
        self._contracts = contracts
        self._clock = clock
        self._account = account
        self._whose: dict[str, Value] = {"BrokerID": broker, "InvestorID": account}
        self._steps = (
            ("ReqQryOrder", self._whose),
            ("ReqQryTrade", self._whose),
            ("ReqQryInvestorPosition", self._whose),
            ("ReqQryTradingAccount", {**self._whose, "CurrencyID": CURRENCY}),
        )
        self._waiting: list[tuple[Done, Failed]] = []
        self._rows: list[Sequence[Row]] = []
        self._trades = self._lags = 0
        self._begun = self._activity = 0
        """What ``Orders.activity`` was when this one, and the last one, were asked for."""
        self._taken_at = -FRESH
        self._last: Answer | None = None
        self.trading_day = 0

    def take(self, done: Done, failed: Failed) -> None:
        """``done`` is called once, now where the last answer still holds; nobody is called if the
        line drops."""
        if self._last is not None and self._holds():
            done(self._last)
            return
        self._waiting.append((done, failed))
        if len(self._waiting) == 1:
            self._lags = 0
            self._begin()

    def reset(self) -> None:
        """The line is down."""
        self._waiting.clear()
        self._last = None

    def _holds(self) -> bool:
        young = self._clock.monotonic() - self._taken_at < FRESH
        return young and self._activity == self._orders.activity

    def _begin(self) -> None:
        self._rows = []
        self._trades, self._begun = self._orders.trades, self._orders.activity
        self._ask()

    def _ask(self) -> None:
        name, fields = self._steps[len(self._rows)]
        self._queries.ask(
            name, fields, self._answered, lambda code, text: self._failed(name, code, text)
        )

    def _answered(self, rows: list[Row]) -> None:
        if not self._waiting:
            return
        if self._trades != self._orders.trades or self._behind(rows):
            self._begin()
            return
        self._rows.append(rows)
        if len(self._rows) < len(self._steps):
            self._ask()
            return
        account = next((r for r in rows if r["CurrencyID"] == CURRENCY), rows[0] if rows else None)
        if account is None:
            self._failed("ReqQryTradingAccount", 0, "no row / 无记录")
            return
        self._finish(account)

    def _behind(self, rows: list[Row]) -> bool:
        """Whether these are trades, and fewer than the flow has told: queries lag by up to seconds.
        A venue that never lists one is believed in the end."""
        if len(self._rows) != 1 or self._lags >= LAGS:
            return False
        behind = self._orders.missing(TradeRow.of(row) for row in rows)
        self._lags += behind
        return behind

    def _finish(self, account: Row) -> None:
        orders, trades, held, _ = self._rows
        now = self._clock.now()
        found = positions.holdings(held, self._contracts, self._account)
        snapshot = VenueSnapshot(
            self.trading_day,
            positions.money(account, self._account, self.trading_day, found.effects, now, found),
            found.positions,
            self._orders.snapshot_orders([OrderRow.of(row) for row in orders]),
            self._orders.snapshot_trades([TradeRow.of(row) for row in trades]),
        )
        self._last = Answer(snapshot, found.opaque)
        self._taken_at, self._activity = self._clock.monotonic(), self._begun
        waiting, self._waiting = self._waiting, []
        for done, _ in waiting:
            done(self._last)

    def _failed(self, name: str, code: int, text: str) -> None:
        waiting, self._waiting = self._waiting, []
        for _, failed in waiting:
            failed(name, code, text)
