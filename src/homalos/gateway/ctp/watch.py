"""The watch over a feed: has it gone silent, does it lose or refuse ticks."""

from collections.abc import Callable
from typing import Any

from homalos.gateway.ctp.subscriptions import Subscriptions
from homalos.kernel.clock import Clock
from homalos.market.sessions import Sessions
from homalos.model.enums import Phase, Severity
from homalos.model.times import MINUTE, SECOND

__all__ = ["FeedWatch"]

REPEAT = 5 * MINUTE
"""One kind of loss is told once in this time, with what came in between."""

_KINDS = {
    "dropped": (
        Severity.ERROR,
        "ticks lost: the loop was too slow and ctp.ring_mib is full",
        "行情丢失：事件循环过慢，缓冲 ctp.ring_mib 已满",
    ),
    "junk": (Severity.WARNING, "ticks without a valid time", "时间无效的行情"),
    "stale": (
        Severity.WARNING,
        "ticks more than 30 minutes off the exchange's clock",
        "与交易所时钟相差超过 30 分钟的行情",
    ),
    "unknown": (Severity.WARNING, "ticks of contracts never listed", "未知合约的行情"),
}
"""Counters of the port's ``stats()``."""
_SNAPSHOT = frozenset({"junk", "stale"})
"""At each subscription comes one snapshot a contract, which may be hours old: that is no fault."""


class FeedWatch:
    """Looked after every ``period`` seconds while the line is ready."""

    def __init__(
        self,
        sessions: Sessions,
        clock: Clock,
        subscriptions: Subscriptions,
        alarm: Callable[[Severity, str], None],
        stale_after: float,
    ) -> None:
        self.period = min(1.0, stale_after / 4)
        self.silent = ""
        """What to tell of a feed that has gone silent; "" while it speaks."""
        self._sessions = sessions
        self._clock = clock
        self._subscriptions = subscriptions
        self._alarm = alarm
        self._stale_after = round(stale_after * SECOND)
        self._delivered = 0
        self._quiet_since: int | None = None
        """Since when (monotonic) nothing has come in continuous trading; ``None``: it has, or it
        is not trading time."""
        self._told: dict[str, int] = {}
        self._told_at: dict[str, int] = {}
        self._unlisted: set[str] = set()

    def begin(self, stats: Any) -> None:
        """Logged in anew."""
        self._quiet_since = None
        self.silent = ""
        for kind in _SNAPSHOT:
            self._told[kind] = getattr(stats, kind) + len(self._subscriptions)

    def look(self, stats: Any) -> None:
        self._look_for_ticks(stats.delivered)
        now = self._clock.monotonic()
        for kind, (severity, en, zh) in _KINDS.items():
            new = getattr(stats, kind) - self._told.get(kind, 0)
            if new <= 0 or now - self._told_at.get(kind, now - REPEAT) < REPEAT:
                continue
            self._told[kind] = getattr(stats, kind)
            self._told_at[kind] = now
            self._alarm(severity, f"ctp md: {new} {en} / {new} 笔{zh}")
        self._look_for_unlisted()

    # ------------------------------------------------------------ inside

    def _look_for_ticks(self, delivered: int) -> None:
        now = self._clock.monotonic()
        spoke, self._delivered = delivered != self._delivered, delivered
        if not self._trading():
            self._quiet_since, self.silent = None, ""
            return
        if spoke or self._quiet_since is None:
            self._quiet_since = now
            if spoke and self.silent:
                self.silent = ""
                self._alarm(Severity.INFO, "ctp md: ticks come again / 行情恢复")
            return
        silence = now - self._quiet_since
        if silence >= self._stale_after:
            first = not self.silent
            self.silent = (
                f"no tick of any of {len(self._subscriptions)} contracts for"
                f" {silence // SECOND} s / 行情中断"
            )
            if first:
                self._alarm(Severity.ERROR, f"ctp md: {self.silent}")

    def _trading(self) -> bool:
        now = self._clock.now()
        return any(
            self._sessions.phase(exchange, product, now) is Phase.CONTINUOUS
            for exchange, product in self._subscriptions.products
        )

    def _look_for_unlisted(self) -> None:
        new = [id for id in self._subscriptions.unlisted() if id not in self._unlisted]  # noqa: A001
        if new:
            self._unlisted.update(new)
            names = ", ".join(new[:5]) + (f" ... ({len(new)})" if len(new) > 5 else "")
            self._alarm(
                Severity.WARNING,
                f"ctp md: not a contract of this venue, no ticks will come: {names} / 前置无此合约",
            )
