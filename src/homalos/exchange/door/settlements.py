"""Settlement statements and their confirmation, kept over restarts (FACTS A3).

A statement is cut into pieces of at most 500 bytes wherever they end, inside a character too.
"""

from pathlib import Path

import msgspec

from homalos.ctp.abi import ENCODING
from homalos.exchange.day import DayEnd
from homalos.exchange.door import dates, statement
from homalos.exchange.engine import Exchange
from homalos.kernel.clock import Clock
from homalos.model.ids import AccountId

PIECE = 500
FILE = "front.json"
KEPT_DAYS = 20


class Confirmed(msgspec.Struct):
    trading_day: int
    date: str
    time: str


class Book(msgspec.Struct):
    """What is kept: confirmations, statements by account and trading day, lives of the flows."""

    confirmed: dict[str, Confirmed] = msgspec.field(default_factory=dict)
    statements: dict[str, dict[int, str]] = msgspec.field(default_factory=dict)
    lives: int = 0


class Settlements:
    """See the module; ``folder`` ``None``: kept in memory alone."""

    def __init__(self, exchange: Exchange, clock: Clock, folder: Path | None) -> None:
        self._exchange = exchange
        self._clock = clock
        self._path = None if folder is None else folder / FILE
        self._book = self._read()

    def _read(self) -> Book:
        if self._path is None or not self._path.exists():
            return Book()
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Book)
        except (OSError, msgspec.DecodeError):
            return Book()

    def _write(self) -> None:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_suffix(".new")
            fresh.write_bytes(msgspec.json.encode(self._book))
            fresh.replace(self._path)

    def next_life(self) -> int:
        """Number of the flows that begin now: no other ones of this folder had it."""
        self._book.lives += 1
        self._write()
        return self._book.lives

    # ------------------------------------------------------------ confirmation

    def confirmed(self, account: AccountId) -> Confirmed | None:
        """The confirmation of this trading day."""
        found = self._book.confirmed.get(account)
        return found if found and found.trading_day == self._exchange.trading_day else None

    def confirm(self, account: AccountId) -> Confirmed:
        now = self._clock.now()
        found = Confirmed(self._exchange.trading_day, dates.natural(now), dates.hms(now))
        self._book.confirmed[account] = found
        self._write()
        return found

    # ------------------------------------------------------------ statements

    def pieces(self, account: AccountId, trading_day: str) -> list[bytes]:
        """The statement of a trading day; without one the last. Empty: there is none."""
        known = self._book.statements.get(account, {})
        if not trading_day:
            text = known[max(known)] if known else self._opening(account)
        else:
            text = known.get(int(trading_day), "") if trading_day.isdigit() else ""
        raw = text.encode(ENCODING, "replace")
        return [raw[at : at + PIECE] for at in range(0, len(raw), PIECE)]

    def day_of(self, account: AccountId, trading_day: str) -> str:
        known = self._book.statements.get(account, {})
        return trading_day or str(max(known) if known else self._exchange.trading_day)

    def _opening(self, account: AccountId) -> str:
        made = dates.natural(self._clock.now())
        return statement.opening(self._exchange.account(account), made)

    def settled(self, end: DayEnd) -> None:
        """A trading day is settled: write its statements."""
        exchange, made = self._exchange, dates.natural(self._clock.now())
        prices = dict(end.prices)
        instruments = {item.id: item for item in (*end.instruments, *exchange.instruments())}
        for account, before in end.accounts.items():
            kept = self._book.statements.setdefault(account, {})
            kept[end.trading_day] = statement.text(
                statement.Day(
                    end.trading_day, made, before, exchange.account(account),
                    exchange.positions(account), exchange.holdings(account), prices, instruments,
                )
            )  # fmt: skip
            for old in sorted(kept)[:-KEPT_DAYS]:
                del kept[old]
        self._write()
