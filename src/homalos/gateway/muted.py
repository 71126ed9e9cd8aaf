"""A gateway that sends nothing and answers what the journal says was answered."""

from collections.abc import Callable, Iterable

from homalos.gateway.protocol import Approved, LineHealth, OpaquePosition, VenueSnapshot
from homalos.kernel.clock import SimClock
from homalos.kernel.replay import Cursor
from homalos.model.event import Event
from homalos.model.ids import AccountId, InstrumentId, OrderId
from homalos.model.journaled import GatewayReturned, VenueAnswered
from homalos.model.market import Instrument, Tick
from homalos.model.trading import Order

Answer = Callable[[VenueSnapshot], None]


class MutedGateway:
    """``Gateway`` of a journal replay."""

    def __init__(self, name: str, simulated: bool, clock: SimClock, cursor: Cursor) -> None:
        self.name = name
        self.simulated = simulated
        self._clock = clock
        self._cursor = cursor
        self._listed: tuple[Instrument, ...] = ()
        self._questions = 0
        self._asked: dict[int, Answer] = {}

    def connect(self, post: Callable[[Event], None], admit: Callable[[Tick], None]) -> None:
        """No line is opened."""

    def close(self) -> None:
        """There is none."""

    def subscribe(self, instruments: Iterable[InstrumentId]) -> None:
        """Whatever came is in the journal."""

    def send(self, order: Approved[Order]) -> int:
        """0, or the code that was returned then; nothing leaves."""
        return self._returned(order.value.id, "send") or 0

    def cancel(self, order: Order) -> int:
        code = self._returned(order.id, "cancel")
        if code is None:
            now = self._clock.now()
            self._cursor.concluded(GatewayReturned(order.id, "cancel", 0, now))
        return code or 0

    def _returned(self, id_: OrderId, action: str) -> int | None:
        def is_it(event: Event) -> bool:
            assert isinstance(event, GatewayReturned)
            return (event.order_id, event.action) == (id_, action)

        found = self._cursor.take(GatewayReturned, is_it)
        return found.code if isinstance(found, GatewayReturned) else None

    def query(self, account: AccountId, done: Answer) -> None:
        self._questions += 1
        self._asked[self._questions] = done
        record = self._cursor.record
        found = self._cursor.take(VenueAnswered, self._is_at_once)
        if isinstance(found, VenueAnswered):
            assert record is not None
            self._clock.advance(record.ts)
            self._cursor.ingress += 1
            self.answer(found)

    def _is_at_once(self, event: Event) -> bool:
        assert isinstance(event, VenueAnswered)
        return event.at_once and event.question == self._questions

    def answer(self, event: VenueAnswered) -> bool:
        """Give the answer to whoever asked; ``False``: nobody did."""
        self._listed = event.instruments or self._listed
        done = self._asked.pop(event.question, None)
        if done is None:
            return False
        done(
            VenueSnapshot(
                event.trading_day, event.account, event.positions, event.orders, event.trades
            )
        )
        return True

    def instruments(self) -> tuple[Instrument, ...]:
        return self._listed

    def health(self) -> tuple[LineHealth, ...]:
        return ()

    def opaque_positions(self) -> tuple[OpaquePosition, ...]:
        return ()
