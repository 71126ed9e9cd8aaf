"""The contracts on the floor: who is listed, in which order, who comes and who leaves.

A contract leaves when the day after its last trading day begins. Lots that are still open in it
leave their accounts with it, at its last settlement: in cash and without a fee, whatever the
product. Nothing is delivered here.
"""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from homalos.exchange import codes, reports
from homalos.exchange.clearing import Clearing
from homalos.exchange.contract import Contract
from homalos.exchange.desk import Desk
from homalos.exchange.listing import at_its_word
from homalos.exchange.phases import Phases
from homalos.exchange.records import Delisted, Ended, Listed
from homalos.exchange.settlement import settlement_price
from homalos.market.delivery import is_over
from homalos.market.products import Products
from homalos.model.enums import OrderStatus
from homalos.model.ids import AccountId, InstrumentId
from homalos.model.market import Instrument
from homalos.model.trading import Position


class Board:
    """See the module. The only writer of ``contracts``."""

    def __init__(
        self,
        desk: Desk,
        phases: Phases,
        products: Products,
        clearing: Clearing,
        contracts: dict[InstrumentId, Contract],
    ) -> None:
        self.contracts = contracts
        """In the order of listing: of a product, the one that trades most first."""
        self.coming: Callable[[int], Iterable[Instrument]] = _nothing_new
        """Told a trading day that begins: the source's contracts of it, in their order; empty:
        those that there are."""
        self._desk = desk
        self._phases = phases
        self._products = products
        self._clearing = clearing
        self._left: dict[AccountId, list[Position]] = {}

    def list(self, item: Instrument) -> Contract:
        floor = self._phases.floor(item.exchange, item.product)
        contract = self.contracts[item.id] = Contract(item, floor)
        if self._desk.state.instruments.get(item.id) != item:
            self._desk.write(Listed(item))
        return contract

    def left(self, account: AccountId) -> tuple[Position, ...]:
        """What left with its contract when this trading day began: no lots, at the last price."""
        return tuple(self._left.get(account, ()))

    # ------------------------------------------------------------ a new day

    def new_day(self, trading_day: int, now: int) -> None:
        """Contracts as they are from this day on. Where anything changed all are told, so that
        their order is told, too."""
        self._left.clear()
        before = tuple(contract.instrument for contract in self.contracts.values())
        self.expire(trading_day, now)
        for contract in self.contracts.values():
            known = self._products.instrument(contract.instrument.id, trading_day)
            item = contract.instrument if known is None else at_its_word(known, trading_day)
            if item != contract.instrument:
                contract.instrument = item
                self._desk.write(Listed(item))
        self._come(self.coming(trading_day), now)
        after = tuple(contract.instrument for contract in self.contracts.values())
        if self._desk.listener is not None and after != before:
            for item in after:
                self._desk.listener.on_listed(item)

    def _come(self, items: Iterable[Instrument], now: int) -> None:
        """List what is new, and put all into the source's order; others stay behind them."""
        order = []
        for item in items:
            order.append(item.id)
            if item.id not in self.contracts:
                contract = self.list(item)
                if not contract.floor.trading_day:
                    self._phases.begin(contract.floor, now)
        found = {id_: self.contracts[id_] for id_ in order} | self.contracts
        self.contracts.clear()
        self.contracts.update(found)

    def expire(self, trading_day: int, now: int) -> None:
        """Contracts that are over on ``trading_day`` leave the floor."""
        over = [id_ for id_, c in self.contracts.items() if is_over(c.instrument, trading_day)]
        for id_ in over:
            contract = self.contracts[id_]
            for order in (*contract.buys, *contract.sells):
                status = order.status
                self._desk.write(
                    Ended(order.account, order.id, OrderStatus.CANCELLED, 0, codes.EXPIRED, now)
                )
                self._desk.say(*reports.cancelled(order, status, now))
            price = self._last(contract.instrument)
            self._remember(id_, price)
            del self.contracts[id_]
            self._desk.write(Delisted(id_, price, now))
            if self._desk.listener is not None:
                self._desk.listener.on_delisted(contract.instrument)

    def _last(self, item: Instrument) -> float | None:
        """The last settlement; of a day that is not settled, what it would be by now."""
        state = self._desk.state
        mark = state.marks.get(item.id)
        if mark is not None and mark.trading_day == state.trading_day:
            return settlement_price(item, mark)
        return state.settlements.get(item.id)

    def _remember(self, id_: InstrumentId, price: float | None) -> None:
        for account in self._desk.state.accounts:
            for row in self._clearing.positions(account):
                if row.instrument == id_:
                    cost = row.cost_price if price is None else price
                    self._left.setdefault(account, []).append(_gone(row, cost))


def _gone(row: Position, price: float) -> Position:
    return replace(
        row, today_lots=0, yesterday_lots=0, frozen_today=0, frozen_yesterday=0, margin=0.0,
        position_profit=0.0, position_profit_by_trade=0.0, cost_price=price, last_price=price,
    )  # fmt: skip


def _nothing_new(trading_day: int) -> tuple[Instrument, ...]:
    return ()
