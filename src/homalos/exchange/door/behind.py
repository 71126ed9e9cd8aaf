"""What happens to an account behind its sessions' back: foreign orders, forced closes."""

from homalos.exchange.contract import Contract
from homalos.exchange.door.core import Core
from homalos.exchange.door.orders import OrderDesk
from homalos.exchange.door.ports import ForeignOrder
from homalos.exchange.door.views import OFFSETS, Echo, order_id
from homalos.exchange.records import NewOrder
from homalos.model.enums import Direction, Offset, OrderKind, Side
from homalos.model.ids import AccountId, InstrumentId, OrderId

FOREIGN_FRONT = 90
"""FrontID of the other programs and of the risk desk."""
RISK_USER = "risk"
LACK_OF_DEPOSIT = "1"
FORCED = "2"


class Behind:
    """See the module."""

    def __init__(self, core: Core, desk: OrderDesk) -> None:
        self._core = core
        self._desk = desk
        self._count = 0

    def order(self, order: ForeignOrder) -> OrderId:
        """``LookupError``: no such account or contract; ``ValueError``: CTP would refuse it."""
        exchange = self._core.exchange
        contract = exchange.contract(order.instrument)
        if contract is None or not exchange.has_account(order.account):
            raise LookupError(f"there is no account {order.account} or no {order.instrument}")
        price = self._price(contract, order.side) if order.price is None else order.price
        self._core.sessions += 1
        self._count += 1
        id_ = order_id(FOREIGN_FRONT, self._core.sessions, self._count)
        user = RISK_USER if order.force_close else order.account
        echo = Echo(
            str(self._count), user[:15],
            offset=FORCED if order.force_close else OFFSETS[order.offset],
            force_close=LACK_OF_DEPOSIT if order.force_close else "0",
        )  # fmt: skip
        self._desk.foreign(
            NewOrder(
                order.account, id_, order.instrument, order.side, order.offset, OrderKind.LIMIT,
                order.tif, price, order.lots, tag=echo.tag(),
            )
        )  # fmt: skip
        return id_

    def _price(self, contract: Contract, side: Side) -> float:
        """The price limit that an order of this side may go to, else the other side's price."""
        lower, upper = self._core.exchange.limits(contract.instrument.id)
        limit = upper if side is Side.BUY else lower
        if limit is not None:
            return limit
        tick = contract.tick
        quoted = None if tick is None else tick.ask_price if side is Side.BUY else tick.bid_price
        price = quoted or (None if tick is None else tick.last_price)
        if price is None:
            raise ValueError(f"{contract.instrument.id} has no price yet: give one")
        return price

    def cancel(self, account: AccountId, order_id: OrderId) -> None:
        """``LookupError``: there is no such order."""
        if self._core.exchange.order(account, order_id) is None:
            raise LookupError(f"account {account} has no order {order_id} today")
        self._core.exchange.cancel(account, order_id)

    def force_close(
        self, account: AccountId, instrument: InstrumentId, direction: Direction, lots: int
    ) -> tuple[OrderId, ...]:
        """The risk desk closes at the price limit: today's and older lots by two orders on SHFE
        and INE. ``ValueError``: there are not so many free lots."""
        side = Side.SELL if direction is Direction.LONG else Side.BUY
        held = next(
            (
                position
                for position in self._core.exchange.positions(account)
                if position.instrument == instrument and position.direction is direction
            ),
            None,
        )
        if held is None:
            raise ValueError(f"account {account} holds no {direction} {instrument}")
        old = held.yesterday_lots - held.frozen_yesterday
        new = held.today_lots - held.frozen_today
        wanted = lots or old + new
        if not 0 < wanted <= old + new:
            raise ValueError(f"account {account} has {old + new} free {direction} {instrument}")
        parts = [(Offset.CLOSE, wanted)]
        if self._core.described(instrument).splits_today:
            yesterday = min(old, wanted)
            parts = [(Offset.CLOSE, yesterday), (Offset.CLOSE_TODAY, wanted - yesterday)]
        return tuple(
            self.order(ForeignOrder(account, instrument, side, offset, count, force_close=True))
            for offset, count in parts
            if count
        )
