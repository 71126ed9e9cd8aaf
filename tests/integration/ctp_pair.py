"""The real daemon on CTP with ``homalos exchange`` beside it, and their books held together."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.integration.daemon import Daemon, Refused, until
from tests.integration.front import FrontProcess

from homalos.exchange.sources.profiles import ORDINARY, PROFILES, main_month

PRODUCTS = ("SHFE.ag", "DCE.i", "CZCE.TA")
"""Exchanges with other rules: closing today's lots, synthesised fills, three digits."""
SOURCE = (
    f"exchange.generator_products=[{','.join(PRODUCTS)}]",
    "exchange.generator_history_bars=240",
    "front.queries_per_s=0",
)
PASSWORD = "sim"
CENT = 0.005
OVER = ("filled", "cancelled", "rejected")
MONEY = (
    "pre_balance", "deposit", "withdraw", "closed_profit", "position_profit", "fees", "margin",
    "frozen_margin", "balance", "available",
)  # fmt: skip


class CtpDaemon(Daemon):
    """A daemon whose lines go to a front; the password comes from its environment."""

    @staticmethod
    def environment() -> dict[str, str]:
        secrets = {"HOMALOS_SECRET__CTP_PASSWORD": PASSWORD, "HOMALOS_SECRET__CTP_AUTH_CODE": "any"}
        return Daemon.environment() | secrets | {"HOMALOS_CTP_RECONNECT_MS": "100"}


class Pair:
    """A front, and a daemon at work on it. ``contracts`` are those that strategies trade."""

    def __init__(self, root: Path, contracts: Iterable[str] = (), every: int = 2) -> None:
        self.root = root
        self.front = FrontProcess(root)
        self.contracts = tuple(contracts)
        self.every = every
        self.daemon: CtpDaemon | None = None

    # ------------------------------------------------------------ start and stop

    def start_front(self, *words: str, sets: tuple[str, ...] = SOURCE) -> None:
        """Held, until ``tell go``."""
        self.front.start("--hold", *words, sets=sets)
        if not self.contracts:
            day = int(self.front.tell("status")["trading_day"])
            self.contracts = tuple(main_contract(name, day) for name in PRODUCTS)

    def restart_front(self, *words: str, sets: tuple[str, ...] = SOURCE) -> None:
        """Anew on the same data and the same ports, running."""
        ports = {f"--{name}-port": str(self.front.ports[name]) for name in ("md", "td")}
        again = [word for pair in ports.items() for word in pair]
        self.front.start(*words, *again, sets=sets)

    def make_daemon(self) -> CtpDaemon:
        lines = [
            f"  - {{id: churn-{n}, file: churn.py, instruments: [{name}], "
            f"params: {{every: {self.every}, lots: {n + 1}}}}}\n"
            for n, name in enumerate(self.contracts)
        ]
        daemon = CtpDaemon(self.root, "strategies:\n" + "".join(lines))
        daemon.risk("max_orders_per_s: 100000\nmax_orders_per_min: 1000000\n")
        self.daemon = daemon
        return daemon

    def sets(self, *more: str) -> tuple[str, ...]:
        """What makes a daemon trade over CTP at this front."""
        return (
            "gateway.md=ctp", "gateway.td=ctp", "app.account=sim", "ctp.broker=9999",
            f"ctp.td_fronts=[{self.front.td}]", f"ctp.md_fronts=[{self.front.md}]",
            "ctp.app_id=homalos_test", "ctp.libraries=dropin", "ctp.clock=market",
            "ctp.query_interval_ms=0", "ctp.quiet_ms=100", "ctp.login_timeout_s=1",
            "ctp.query_timeout_s=1", "trading.auto_arm=on", "trading.reconcile_s=60", *more,
        )  # fmt: skip

    def start_daemon(self, *more: str) -> CtpDaemon:
        """Started, its page up; trading comes when both lines are ready."""
        daemon = self.daemon or self.make_daemon()
        daemon.start(sets=self.sets(*more))
        return daemon

    def until_ready(self, seconds: float = 30) -> None:
        """Both lines in, books agreed with the venue, armed."""
        daemon = self.at_work

        def ready() -> bool:
            status = daemon.status()
            lines = status["td_connected"] and status["md_connected"]
            return bool(lines and status["trading_state"] == "active")

        until(ready, seconds, f"ready: {daemon.status()['lines']}")

    @property
    def at_work(self) -> CtpDaemon:
        assert self.daemon is not None
        return self.daemon

    def trade(self, count: int, seconds: float = 60) -> None:
        """Until the exchange has booked so many more trades."""
        before = len(self.books()["trades"])
        until(lambda: len(self.books()["trades"]) >= before + count, seconds, f"{count} trades")

    def stop(self) -> None:
        """Both end well."""
        assert self.at_work.stop() == 0, self.at_work.err()
        assert self.front.stop() == 0, self.front.err()

    def kill(self) -> None:
        if self.daemon is not None:
            self.daemon.kill()
        self.front.kill()

    # ------------------------------------------------------------ strategies

    def act(self, action: str) -> None:
        """Start or stop every strategy; where one is in that state already nothing happens."""
        for row in self.at_work.ask("/api/v1/strategies"):
            try:
                self.at_work.ask(f"/api/v1/strategies/{row['id']}/{action}", {})
            except Refused as refused:
                if refused.status != 409:
                    raise

    def arm(self) -> None:
        """A person's word."""
        body = {"state": "active", "reason": "a test"}
        self.at_work.ask("/api/v1/risk/state", body)
        until(lambda: self.at_work.status()["trading_state"] == "active", 10, "armed")

    # ------------------------------------------------------------ books

    def books(self) -> dict[str, Any]:
        """The exchange's own."""
        found: dict[str, Any] = self.front.tell("books", user="sim")
        return found

    def quiesce(self, seconds: float = 40) -> None:
        """No strategy acts, no order works, the books of both sides hold the same trades; then the
        market stands still, and with it the account."""
        self.act("stop")

        def look() -> list[str]:
            working = [f"works there: {r['id']}" for r in self.books()["orders"]
                       if r["status"] not in OVER]  # fmt: skip
            return working + self._open_here() + self._trades() + self._positions()

        self._until_none(look, seconds, "quiet")
        self.front.tell("speed", speed=0.00001)

    def _open_here(self) -> list[str]:
        status = self.at_work.status()
        lines = [f"{row['channel']} {row['state']}" for row in status["lines"] if not row["ready"]]
        return lines + ([f"{status['open_orders']} open here"] if status["open_orders"] else [])

    @staticmethod
    def _until_none(look: Callable[[], list[str]], seconds: float, what: str) -> None:
        left = ["never looked"]

        def done() -> bool:
            left[:] = look()
            return not left

        try:
            until(done, seconds, what)
        except AssertionError:
            raise AssertionError(f"no {what}:\n" + "\n".join(left)) from None

    def compare(self, seconds: float = 20) -> None:
        """Account, positions and trades alike, to the cent and the lot."""
        self._until_none(
            lambda: [*self._trades(), *self._positions(), *self._account()], seconds, "agreement"
        )

    def _trades(self) -> list[str]:
        books = self.books()
        theirs = Counter(
            (row["instrument"], row["trade_id"], row["side"], row["price"], row["lots"])
            for row in books["trades"]
        )
        ours = Counter(
            self.at_work.rows(
                "SELECT instrument, id, side, price, lots FROM trades WHERE trading_day = ?",
                books["trading_day"],
            )
        )
        found = [f"trade missing here: {row}" for row in theirs - ours]
        return found + [f"trade only here: {row}" for row in ours - theirs]

    def _positions(self) -> list[str]:
        theirs = _lots(self.books()["positions"])
        ours = _lots(self.at_work.ask("/api/v1/positions"))
        return [
            f"{key}: (today, yesterday) here {ours.get(key)}, there {theirs.get(key)}"
            for key in sorted(theirs.keys() | ours.keys())
            if ours.get(key) != theirs.get(key)
        ]

    def _account(self) -> list[str]:
        theirs, ours = self.books()["account"], self.at_work.ask("/api/v1/account")
        return [
            f"{name}: here {ours[name]}, there {theirs[name]}"
            for name in MONEY
            if abs(ours[name] - theirs[name]) > CENT
        ]


def _lots(rows: list[dict[str, Any]]) -> dict[tuple[str, str], tuple[int, int]]:
    return {
        (row["instrument"], row["direction"]): (row["today_lots"], row["yesterday_lots"])
        for row in rows
        if row["today_lots"] or row["yesterday_lots"]
    }


def main_contract(product: str, trading_day: int) -> str:
    """The contract that the generated market trades."""
    year, month = main_month(PROFILES.get(product, ORDINARY), trading_day)
    return f"{product}{year % 100:02d}{month:02d}"
