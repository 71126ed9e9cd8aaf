"""The exchange's one guard: whatever may write the ledger passes here, timers included.

When the disk refuses, nothing may be answered any more: the exchange is lost until its next start,
which begins from what the ledger has. It says so once, and whoever called lives on.
"""

from collections.abc import Callable
from typing import TypeVarTuple, Unpack

from loguru import logger

from homalos.exchange.ledger import LedgerError
from homalos.exchange.phases import Scheduler

Ts = TypeVarTuple("Ts")


class Doors:
    """See the module. It is the scheduler of all the exchange's own timers."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.lost = ""
        """Why the exchange is gone; "" while it lives."""
        self.tell: Callable[[str], None] | None = None
        self._scheduler = scheduler

    def call_at(self, when: int, callback: Callable[[], None]) -> object:
        return self._scheduler.call_at(when, lambda: self.run(callback))

    def run(self, action: Callable[[Unpack[Ts]], None], *args: *Ts) -> None:
        """Do it, unless the exchange is lost; a ledger that fails loses it, and raises nothing."""
        if self.lost:
            return
        try:
            action(*args)
        except LedgerError as error:
            self.lose(error)

    def must_be_open(self) -> None:
        """``LedgerError``: the exchange is lost."""
        if self.lost:
            raise LedgerError(self.lost)

    def lose(self, error: LedgerError) -> None:
        """The ledger has failed: say so, once."""
        if self.lost:
            return
        self.lost = str(error)
        logger.error("the simulated exchange is gone: {}", self.lost)
        if self.tell is not None:
            self.tell(self.lost)
