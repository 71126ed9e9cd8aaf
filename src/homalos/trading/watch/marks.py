"""Valid marks: the prices at which held lots are valued for losses.

The last price of a tick is one only in continuous trading, and not when the tick is the first of
its contract after a connect or at the start of a session, too old, or a push of the settlement.
Where a market is locked, longs at the lower limit and shorts at the upper are marked at the limit,
for nobody takes them at any other price. Quotes are looked at, not listened to: ticks cost nothing
here, and of several between two looks the last counts.

A fill is no mark: one far price of ours would mark all that is held. What was traded since the last
mark counts as if it had been traded at it, until a newer one shows what it was worth: so new lots
count at what they cost, however long ago the contract was marked last. The mark of what is held no
more is forgotten.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from homalos.model.enums import Phase
from homalos.model.ids import InstrumentId, StrategyId
from homalos.model.market import Tick
from homalos.model.times import MINUTE, SECOND
from homalos.model.trading import Trade
from homalos.model.watching import MarkNote
from homalos.trading.books import Books
from homalos.trading.contract import Contract
from homalos.trading.registry import VenueStatus

NO_QUOTE = "no quote"
NOT_CONTINUOUS = "not in continuous trading"
FIRST = "the first tick after a connect or at a session's start"
STALE = "too old"
SETTLEMENT = "a push of the settlement price"
NO_PRICE = "no last price"
QUIET = "no new quote"
PHASE_UNKNOWN = "nobody has told its phase"

BLIND_AFTER = MINUTE
"""So long no quote of a contract that trades was valid, though quotes came; or none ever came."""
QUIET_AFTER = 10 * MINUTE
"""So long no quote came: a market that is not made, or a line that is silent."""


class Fill(NamedTuple):
    """A trade since the last mark of its contract. ``lots``: bought, less than 0: sold."""

    strategy: StrategyId
    lots: int
    price: float
    quote: Tick | None = None
    """The last when it came, which says nothing about it."""


class Mark:
    """Of one contract. ``trading_day`` 0: it never had a valid one."""

    __slots__ = (
        "long", "primed", "refused", "seen", "short", "since", "trading_day", "ts", "why",
    )  # fmt: skip

    def __init__(self, now: int = 0) -> None:
        self.since = now
        """Event time from which a valid mark is waited for."""
        self.refused = 0
        """Event time at which the last quote was refused that was not a first one."""
        self.long: float | None = None
        self.short: float | None = None
        self.trading_day = 0
        self.ts = 0
        self.seen: Tick | None = None
        """The last quote that was looked at."""
        self.primed = False
        """The first tick has passed."""
        self.why = NO_QUOTE
        """Why the last quote was not valid; empty: it was."""


def locked(tick: Tick, contract: Contract) -> tuple[bool, bool]:
    """Whether longs cannot be sold (nobody bids at the lower limit), or shorts cannot be bought
    back (nobody offers at the upper one)."""
    half = contract.instrument.tick_size / 2
    bid, ask, lower, upper = tick.bid_price, tick.ask_price, tick.lower_limit, tick.upper_limit
    bids, asks = bid is not None and tick.bid_lots > 0, ask is not None and tick.ask_lots > 0
    down = not bids and asks and lower is not None and ask is not None and ask < lower + half
    up = not asks and bids and upper is not None and bid is not None and bid > upper - half
    return down, up


def fault(mark: Mark, tick: Tick, phase: Phase | None, now: int, oldest: int) -> str:
    """Why a new quote is no valid mark; empty: it is one. ``oldest``: its greatest age, ns."""
    if phase is not Phase.CONTINUOUS:
        return NOT_CONTINUOUS
    before = mark.seen
    if not mark.primed or before is None:
        return FIRST
    if now - tick.ts_event > oldest:
        return STALE
    if tick.settlement is not None and tick.volume <= before.volume:
        return SETTLEMENT
    return ""


class Marks:
    """Of every contract that is held."""

    def __init__(self, books: Books, venue: VenueStatus) -> None:
        self._books = books
        self._venue = venue
        self._marks: dict[InstrumentId, Mark] = {}
        self._fills: dict[InstrumentId, list[Fill]] = {}

    def filled(self, trade: Trade) -> None:
        """A trade is booked; one that a comparison told late is older than the mark."""
        id_ = trade.instrument
        mark = self._marks.get(id_)
        if mark is not None and mark.trading_day and trade.ts_event > mark.ts - SECOND:
            fill = Fill(trade.strategy, trade.side.sign * trade.lots, trade.price,
                        self._books.quotes.get(id_))  # fmt: skip
            self._fills.setdefault(id_, []).append(fill)

    def keep(self, held: Iterable[Contract]) -> None:
        """Forget what is not held any more."""
        ids = {contract.instrument.id for contract in held}
        for id_ in self._marks.keys() - ids:
            del self._marks[id_]
            self._fills.pop(id_, None)

    def look(self, held: Iterable[Contract], now: int, oldest: int) -> set[InstrumentId]:
        """Look at the quotes of what is held; the contracts that have a new mark."""
        fresh: set[InstrumentId] = set()
        quotes, marks = self._books.quotes, self._marks
        for contract in held:
            id_ = contract.instrument.id
            mark = marks.get(id_)
            if mark is None:
                mark = marks[id_] = Mark(now)
            tick = quotes.get(id_)
            if tick is not None and tick is not mark.seen and self._take(mark, tick, contract,
                                                                         now, oldest):  # fmt: skip
                fresh.add(id_)
                self._shown(id_, tick)
        return fresh

    def _shown(self, id_: InstrumentId, tick: Tick) -> None:
        """The new mark shows what was traded before it came."""
        if id_ in self._fills:
            self._fills[id_] = [fill for fill in self._fills[id_] if fill.quote is tick]

    def _take(self, mark: Mark, tick: Tick, contract: Contract, now: int, oldest: int) -> bool:
        phase = self._phase(contract)
        mark.why = fault(mark, tick, phase, now, oldest)
        mark.seen = tick
        if phase is Phase.CONTINUOUS:
            mark.primed = True
        if mark.why:
            mark.refused = mark.refused if mark.why == FIRST else now
            return False
        mark.since = now
        down, up = locked(tick, contract)
        last = tick.last_price
        long = tick.lower_limit if down else last
        short = tick.upper_limit if up else last
        if long is None and short is None:
            mark.why = NO_PRICE
            return False
        mark.long = mark.long if long is None else long
        mark.short = mark.short if short is None else short
        mark.trading_day, mark.ts = self._books.trading_day, tick.ts_event
        return True

    def blind(self, held: Iterable[Contract], now: int) -> Iterator[tuple[InstrumentId, str]]:
        """Contracts that trade, as far as anybody knows, and have had no valid mark for long."""
        for contract in held:
            id_ = contract.instrument.id
            mark, phase = self._marks.get(id_), self._phase(contract)
            if mark is None:
                continue
            if phase is not Phase.CONTINUOUS and phase is not None:
                mark.since = now
                continue
            waited = now - mark.since
            refuses = mark.why and now - mark.refused <= BLIND_AFTER
            unheard = mark.seen is None and phase is Phase.CONTINUOUS
            if waited >= BLIND_AFTER and (refuses or unheard):
                yield id_, PHASE_UNKNOWN if phase is None else mark.why
            elif waited >= QUIET_AFTER and phase is Phase.CONTINUOUS:
                yield id_, mark.why or QUIET

    def _phase(self, contract: Contract) -> Phase | None:
        item = contract.instrument
        return self._venue.phases.get((item.exchange, item.product))

    def begin_anew(self, now: int, exchange: str = "", product: str = "") -> None:
        """A connect, or a session's start of one product: the next tick is a first one."""
        for id_, mark in self._marks.items():
            contract = self._books.contract(id_)
            item = None if contract is None else contract.instrument
            if not exchange or item is None or (item.exchange, item.product) == (exchange, product):
                mark.primed, mark.seen = False, self._books.quotes.get(id_)
                mark.since = now

    # ------------------------------------------------------------ questions

    def known(self) -> Iterable[InstrumentId]:
        return self._marks.keys()

    def price(self, instrument: InstrumentId, net: int) -> float | None:
        """Of net lots of a book; ``None``: never a valid one."""
        mark = self._marks.get(instrument)
        if mark is None:
            return None
        return mark.long if net > 0 else mark.short

    def profit(self, contract: Contract, trading_day: int) -> float:
        """Position profit by date (盯市) at the last valid mark; at the basis (0) without one.
        ``trading_day`` not 0: a mark of another day counts as none."""
        mark = self._marks.get(contract.instrument.id)
        if mark is None or (trading_day and mark.trading_day != trading_day):
            return 0.0
        points = 0.0
        if mark.long is not None:
            points += mark.long * contract.long.lots - contract.long.basis_sum
        if mark.short is not None:
            points -= mark.short * contract.short.lots - contract.short.basis_sum
        return points * contract.multiplier - self.unshown(contract.instrument.id)

    def unshown(self, instrument: InstrumentId, strategy: StrategyId | None = None) -> float:
        """Yuan by which the trades since the last mark look better at it than they may be, of one
        strategy or of all."""
        fills = self._fills.get(instrument)
        if not fills:
            return 0.0
        mark, contract = self._marks[instrument], self._books.contract(instrument)
        price = mark.short if mark.long is None else mark.long
        if price is None or contract is None:
            return 0.0
        return contract.multiplier * sum(
            fill.lots * (price - fill.price)
            for fill in fills
            if strategy is None or fill.strategy == strategy
        )

    def missing(self, held: Iterable[Contract], trading_day: int) -> Iterator[tuple[str, str]]:
        """Contracts that count at their basis for want of a mark of this day, and why."""
        for contract in held:
            id_ = contract.instrument.id
            mark = self._marks.get(id_)
            if mark is None or mark.trading_day != trading_day:
                yield id_, NO_QUOTE if mark is None else mark.why

    # ------------------------------------------------------------ keeping

    def notes(self) -> tuple[MarkNote, ...]:
        return tuple(
            MarkNote(id_, mark.trading_day, mark.long, mark.short, mark.ts, self._since(id_))
            for id_, mark in sorted(self._marks.items())
            if mark.trading_day
        )

    def _since(self, id_: InstrumentId) -> tuple[tuple[StrategyId, int, float], ...]:
        return tuple((f.strategy, f.lots, f.price) for f in self._fills.get(id_, ()))

    def load(self, notes: Iterable[MarkNote]) -> None:
        """As they were noted: the next tick of each contract is a first one."""
        self._marks.clear()
        self._fills.clear()
        for note in notes:
            mark = self._marks[note.instrument] = Mark()
            mark.long, mark.short = note.long, note.short
            mark.trading_day, mark.ts = note.trading_day, note.ts
            if note.fills:
                self._fills[note.instrument] = [Fill(*row) for row in note.fills]
