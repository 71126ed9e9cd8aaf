"""Any gateway, with what it answers inside a call written into the journal.

What a venue says later enters by ``post`` and is journaled there. Two things come back at once, or
into a function: return codes, and answers to a query. Here they are written down as they enter, so
that a replay can give them back at the same place.
"""

from collections.abc import Callable, Iterable

from homalos.gateway.protocol import (
    Approved,
    Gateway,
    LineHealth,
    OpaquePosition,
    VenueSnapshot,
)
from homalos.kernel.bus import Bus
from homalos.model.event import Event
from homalos.model.ids import AccountId, InstrumentId, OrderId
from homalos.model.journaled import GatewayReturned, VenueAnswered
from homalos.model.market import Instrument, Tick
from homalos.model.trading import Order


class JournaledGateway:
    """``Gateway`` around a gateway."""

    def __init__(self, inner: Gateway, bus: Bus) -> None:
        self._inner = inner
        self._bus = bus
        self._listed: tuple[Instrument, ...] = ()
        self._questions = 0
        self.name = inner.name
        self.simulated = inner.simulated

    def connect(self, post: Callable[[Event], None], admit: Callable[[Tick], None]) -> None:
        self._inner.connect(post, admit)

    def close(self) -> None:
        self._inner.close()

    def subscribe(self, instruments: Iterable[InstrumentId]) -> None:
        self._inner.subscribe(instruments)

    def send(self, order: Approved[Order]) -> int:
        """Only a refusal is written down: that an order left stands in the journal already."""
        code = self._inner.send(order)
        if code:
            self._record(order.value.id, "send", code)
        return code

    def cancel(self, order: Order) -> int:
        code = self._inner.cancel(order)
        self._record(order.id, "cancel", code)
        return code

    def _record(self, id_: OrderId, action: str, code: int) -> None:
        self._bus.record(GatewayReturned(id_, action, code, self._bus.clock.now()))

    def query(self, account: AccountId, done: Callable[[VenueSnapshot], None]) -> None:
        asking = True
        self._questions += 1
        question = self._questions

        def answered(venue: VenueSnapshot) -> None:
            self._note(venue, question, asking)
            try:
                done(venue)
            finally:
                if not asking:  # it came on its own, between two events
                    self._bus.clock.release()

        self._inner.query(account, answered)
        asking = False

    def _note(self, venue: VenueSnapshot, question: int, at_once: bool) -> None:
        instruments = self._inner.instruments()
        listed = () if instruments == self._listed else instruments
        self._listed = instruments
        self._bus.note(
            VenueAnswered(
                venue.trading_day, venue.account, venue.positions, venue.orders, venue.trades,
                listed, question, at_once,
            )
        )  # fmt: skip

    def instruments(self) -> tuple[Instrument, ...]:
        return self._inner.instruments()

    def health(self) -> tuple[LineHealth, ...]:
        return self._inner.health()

    def opaque_positions(self) -> tuple[OpaquePosition, ...]:
        return self._inner.opaque_positions()
