"""A gateway around the simulated venue's that spoils its k-th answer, or the k-th request to it.

An answer is what the venue says of orders: a report, a fill, a refused cancel, a snapshot that was
asked for. The line itself, listings and phases pass.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from homalos.gateway.protocol import Approved, Gateway, LineHealth, OpaquePosition, VenueSnapshot
from homalos.gateway.sim import SimGateway
from homalos.kernel.timers import Timers
from homalos.model.event import Event
from homalos.model.events import CancelRejected, OrderReported, TradeReported
from homalos.model.ids import AccountId, InstrumentId
from homalos.model.market import Instrument, Tick
from homalos.model.times import SECOND
from homalos.model.trading import Order

ANSWERS = (OrderReported, TradeReported, CancelRejected)


class Spoil(NamedTuple):
    """One fault. ``kind``: a key of ``KINDS``; ``k``: of which answer or request, from 1."""

    kind: str = ""
    k: int = 0


WELL = Spoil()
KINDS = {
    "lost": 0.0,
    "doubled": 0.0,
    "again": 5.0,
    "delayed": 1.0,
    "late": 20.0,
    "swapped": 0.0,
    "cut": 10.0,
}
"""What becomes of an answer, and the seconds that belong to it. ``again``: once more, later;
``late``: after the daemon has asked what is so; ``cut``: the line goes down before it."""
REQUESTS = ("unsent", "raised")
"""``unsent``: the request is lost on its way; ``raised``: it arrives, and the call raises."""


class FaultDoor(Gateway):
    """See the module. ``simulated`` False: the core believes nothing but what is explained."""

    def __init__(self, inner: SimGateway, timers: Timers, spoil: Spoil, *, simulated: bool) -> None:
        self._inner = inner
        self._timers = timers
        self._spoil = spoil
        self.name = inner.name
        self.simulated = simulated
        self.now: Callable[[], int] = inner._clock.now
        self.answers = 0
        self.requests = 0
        self.sent: list[str] = []
        """Ids of the orders that reached the venue, in order."""
        self._held: Callable[[], None] | None = None
        self._ears: tuple[Callable[[Event], None], Callable[[Tick], None]] | None = None

    @property
    def up(self) -> bool:
        """Whether there is a line."""
        return self._inner._post is not None

    # ------------------------------------------------------------ answers

    def connect(self, post: Callable[[Event], None], admit: Callable[[Tick], None]) -> None:
        def hear(event: Event) -> None:
            if isinstance(event, ANSWERS):
                self._answer(lambda: post(event))
            else:
                post(event)

        self._ears = (hear, admit)
        self._inner.connect(hear, admit)

    def query(self, account: AccountId, done: Callable[[VenueSnapshot], None]) -> None:
        self._inner.query(account, lambda venue: self._answer(lambda: done(venue), once=True))

    def _answer(self, deliver: Callable[[], None], *, once: bool = False) -> None:
        """``once``: an answer that the protocol gives once."""
        self.answers += 1
        held, self._held = self._held, None
        if self.answers == self._spoil.k and self._spoil.kind in KINDS:
            self._spoiled(deliver, once)
        else:
            deliver()
        if held is not None:
            held()

    def _spoiled(self, deliver: Callable[[], None], once: bool) -> None:
        kind, after = self._spoil.kind, int(KINDS[self._spoil.kind] * SECOND)
        if kind in ("doubled", "again"):
            deliver()
        if kind == "cut":
            self._inner.close()
            self._later(after, self._reconnect)
        elif kind == "swapped":
            self._held = deliver
        elif kind == "doubled" and not once:
            deliver()
        elif kind != "lost" and not (once and kind in ("doubled", "again")):
            self._later(after, deliver)

    def _later(self, after: int, what: Callable[[], None]) -> None:
        self._timers.call_at(self.now() + after, what)

    def _reconnect(self) -> None:
        assert self._ears is not None
        self._inner.connect(*self._ears)

    # ------------------------------------------------------------ requests

    def _ask(self, what: Callable[[], int]) -> int:
        self.requests += 1
        mine = self._spoil.kind if self.requests == self._spoil.k else ""
        if mine == "unsent":
            return 0
        code = what()
        if mine == "raised":
            raise OSError("the library raised")
        return code

    def send(self, order: Approved[Order]) -> int:
        def go() -> int:
            self.sent.append(order.value.id)
            return self._inner.send(order)

        return self._ask(go)

    def cancel(self, order: Order) -> int:
        return self._ask(lambda: self._inner.cancel(order))

    # ------------------------------------------------------------ the rest

    def close(self) -> None:
        self._inner.close()

    def subscribe(self, instruments: Iterable[InstrumentId]) -> None:
        self._inner.subscribe(instruments)

    def instruments(self) -> tuple[Instrument, ...]:
        return self._inner.instruments()

    def health(self) -> tuple[LineHealth, ...]:
        return self._inner.health()

    def opaque_positions(self) -> tuple[OpaquePosition, ...]:
        return self._inner.opaque_positions()
