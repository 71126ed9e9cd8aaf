"""The quality gate: the door in front of the bus. What passes may be believed by strategies.

Real feeds send junk: unset prices, yesterday's last tick at every connect, pushes of the
settlement price half an hour after the close, the last tick twice, ticks dated a day ahead. One
bad tick poisons a bar, a stop and a day's records, so each tick is judged against its session and
the last accepted one of its contract. Nothing is refused silently: every verdict is counted.
"""

from collections.abc import Callable

from msgspec.structs import replace

from homalos.config.sections.market import MarketSection
from homalos.kernel.clock import Clock
from homalos.market.sessions import Segment, Sessions
from homalos.model.enums import Phase
from homalos.model.ids import InstrumentId
from homalos.model.market import Instrument, Tick
from homalos.model.times import MILLISECOND, SECOND, china_day

ACCEPTED = "accepted"
UNKNOWN_INSTRUMENT = "unknown_instrument"
MALFORMED = "malformed"
BAD_PRICE = "bad_price"
BAD_VOLUME = "bad_volume"
JUNK_TIME = "junk_time"
OUT_OF_SESSION = "out_of_session"
SETTLEMENT_PUSH = "settlement_push"
STALE_REPEAT = "stale_repeat"
FUTURE_TIME = "future_time"
DUPLICATE = "duplicate"
BACKWARD_TIME = "backward_time"
BACKWARD_VOLUME = "backward_volume"
WRONG_DAY = "wrong_day"

REASONS = (
    ACCEPTED,
    UNKNOWN_INSTRUMENT,
    MALFORMED,
    BAD_PRICE,
    BAD_VOLUME,
    JUNK_TIME,
    OUT_OF_SESSION,
    SETTLEMENT_PUSH,
    STALE_REPEAT,
    FUTURE_TIME,
    DUPLICATE,
    BACKWARD_TIME,
    BACKWARD_VOLUME,
    WRONG_DAY,
)
REPAIRS = ("equal_time", "natural_day", "resync")

PRICE_MAX = 1e12
"""Above it a number is no price (CTP writes 1.797e308 for "none")."""
VOLUME_MAX = (1 << 31) - 1
"""CTP counts lots in a 32-bit integer."""

_OPEN = frozenset((Phase.AUCTION, Phase.AUCTION_MATCH, Phase.CONTINUOUS))
_EARLIEST = 631_152_000 * SECOND  # 1990-01-01
_LATEST = 4_102_444_800 * SECOND  # 2100-01-01
_HALF_SECOND = 500 * MILLISECOND


class _Slot:
    """One contract: the session it is in, and what came last."""

    __slots__ = (
        "day",
        "doubted",
        "doubts",
        "end",
        "exchange",
        "last",
        "product",
        "raw",
        "segment",
        "start",
        "ts",
        "volume",
    )

    def __init__(self, exchange: str, product: str) -> None:
        self.exchange = exchange
        self.product = product
        self.segment: Segment | None = None
        """The open session of the last accepted tick, and its fields at hand."""
        self.start = 0
        self.end = 0
        self.day = 0
        self.raw = 0
        """Time of the last accepted tick as it came."""
        self.ts = 0
        """The same as it went on: unique in the contract."""
        self.volume = 0
        self.last: Tick | None = None
        self.doubts: list[Tick] = []
        """Ticks in a row that were refused because they contradict ``doubted``."""
        self.doubted: Tick | None = None


class TickGate:
    """Judges every tick; hands the good ones to ``accept`` (``bus.post``).

    ``recorded``: the ticks come from a file or a store; their times are not compared with the
    clock. ``verdicts`` counts by reason. ``repairs`` counts ticks that passed with one field set
    right: ``equal_time`` (a second snapshot of one time, CZCE: moved half a second on),
    ``natural_day`` (CZCE's night ticks bear the natural day), ``resync``.
    """

    def __init__(
        self,
        sessions: Sessions,
        clock: Clock,
        section: MarketSection,
        accept: Callable[[Tick], None],
        *,
        recorded: bool = False,
    ) -> None:
        self.verdicts: dict[str, int] = dict.fromkeys(REASONS, 0)
        self.repairs: dict[str, int] = dict.fromkeys(REPAIRS, 0)
        self._sessions = sessions
        self._clock = clock
        self._accept = accept
        self._recorded = recorded
        self._slots: dict[InstrumentId, _Slot] = {}
        self.configure(section)

    def configure(self, section: MarketSection) -> None:
        """Apply the keys that hold at once."""
        self._grace = section.closing_grace_ms * MILLISECOND
        self._past = section.stale_after_s * SECOND
        self._future = section.future_after_s * SECOND
        self._resync = section.resync_ticks

    def listed(self, instrument: Instrument) -> None:
        """Take ticks of this contract from now on. A second time it changes nothing that is known
        about its ticks."""
        slot = self._slots.get(instrument.id)
        if slot is None:
            self._slots[instrument.id] = _Slot(instrument.exchange, instrument.product)
        else:
            slot.exchange = instrument.exchange
            slot.product = instrument.product

    @property
    def refused(self) -> dict[str, int]:
        """Refused ticks by reason, the reasons that occurred only."""
        return {name: n for name, n in self.verdicts.items() if n and name != ACCEPTED}

    def admit(self, tick: Tick) -> None:
        """Hand on a good tick, count the verdict. Whatever the tick holds, judging never raises."""
        try:
            slot = self._slots[tick.instrument]
            ts = tick.ts_event
            if (
                slot.start <= ts < slot.end
                and ts > slot.ts
                and slot.volume <= tick.volume <= VOLUME_MAX
                and tick.trading_day == slot.day
                and 0.0 < tick.last_price < PRICE_MAX  # type: ignore[operator]  # None: see below
                and ((bid := tick.bid_price) is None or 0.0 < bid < PRICE_MAX)
                and ((ask := tick.ask_price) is None or 0.0 < ask < PRICE_MAX)
                and (self._recorded or -self._future <= self._clock.now() - ts <= self._past)
            ):
                slot.raw = slot.ts = ts
                slot.volume = tick.volume
                slot.last = tick
                verdict = ACCEPTED
            else:
                tick, verdict = self._judge(slot, tick)
        except Exception:  # noqa: BLE001  junk of any kind ends here
            tick, verdict = self._judge_junk(tick)
        self.verdicts[verdict] += 1
        if verdict is ACCEPTED:
            self._accept(tick)

    # ------------------------------------------------------------ the slow path

    def _judge_junk(self, tick: Tick) -> tuple[Tick, str]:
        try:
            slot = self._slots.get(tick.instrument)
            if slot is None:
                return tick, UNKNOWN_INSTRUMENT
            return self._judge(slot, tick)
        except Exception:  # noqa: BLE001  a field of a wrong type, an unhashable name
            return tick, MALFORMED

    def _judge(self, slot: _Slot, tick: Tick) -> tuple[Tick, str]:
        """The verdict on a tick that is not plainly good, and the tick as it may go on. Nothing
        of the slot changes but by an accepted tick, so junk cannot block what follows."""
        fault = _fault_of_fields(tick) or self._fault_of_clock(tick.ts_event)
        if fault is not None:
            return tick, fault
        segment = slot.segment
        if segment is None or not segment.start <= tick.ts_event < segment.end:
            segment = self._session(slot, tick.ts_event)
        if segment is None:
            return tick, self._closed(slot, tick)
        if tick.trading_day != segment.trading_day:
            if slot.exchange != "CZCE" or tick.trading_day != china_day(tick.ts_event):
                return tick, WRONG_DAY
            tick = replace(tick, trading_day=segment.trading_day)
            self.repairs["natural_day"] += 1
        fault = self._fault_of_order(slot, tick)
        if fault is not None:
            return tick, fault
        return self._take(slot, tick, segment), ACCEPTED

    def _fault_of_clock(self, ts: int) -> str | None:
        if self._recorded:
            return None
        late = self._clock.now() - ts
        if late > self._past:
            return STALE_REPEAT
        return FUTURE_TIME if late < -self._future else None

    def _session(self, slot: _Slot, ts: int) -> Segment | None:
        """The open session of ``ts``. A closing tick stamped a little after the end belongs to
        the session that ended."""
        segment = self._sessions.segment_at(slot.exchange, slot.product, ts)
        if segment.phase not in _OPEN:
            segment = self._sessions.segment_at(slot.exchange, slot.product, ts - self._grace)
        return segment if segment.phase in _OPEN else None

    def _closed(self, slot: _Slot, tick: Tick) -> str:
        """Why a tick outside every session came: repeats of the last one are no news."""
        last = slot.last
        if last is None or tick.volume != last.volume or tick.trading_day != last.trading_day:
            return OUT_OF_SESSION
        if tick.ts_event <= slot.raw:
            return STALE_REPEAT
        now = self._sessions.segment_at(slot.exchange, slot.product, tick.ts_event)
        return SETTLEMENT_PUSH if now.trading_day > last.trading_day else OUT_OF_SESSION

    def _fault_of_order(self, slot: _Slot, tick: Tick) -> str | None:
        """Older than what was accepted, or the same again; see ``_believes`` for the way out."""
        last = slot.last
        if last is None or tick.trading_day > last.trading_day:
            return None
        older = tick.ts_event < slot.raw
        if _same_market(tick, last) and (older or tick.ts_event == slot.raw):
            return STALE_REPEAT if older else DUPLICATE
        if older:
            fault = BACKWARD_TIME if tick.trading_day == last.trading_day else STALE_REPEAT
        elif tick.volume < last.volume:
            fault = BACKWARD_VOLUME
        else:
            return None
        return None if self._believes(slot, tick) else fault

    def _believes(self, slot: _Slot, tick: Tick) -> bool:
        """Whether so many ticks in a row contradict the last one, and agree, that it is wrong."""
        doubts = slot.doubts
        if slot.doubted is not slot.last or (
            doubts and (tick.ts_event < doubts[-1].ts_event or tick.volume < doubts[-1].volume)
        ):
            doubts.clear()
            slot.doubted = slot.last
        doubts.append(tick)
        if len(doubts) < self._resync:
            return False
        doubts.clear()
        slot.ts = 0
        self.repairs["resync"] += 1
        return True

    def _take(self, slot: _Slot, tick: Tick, segment: Segment) -> Tick:
        """Book an accepted tick; a time that was there before is moved on to be unique."""
        raw = ts = tick.ts_event
        if ts <= slot.ts:
            ts = slot.ts + MILLISECOND
            if slot.exchange == "CZCE":
                ts = max(raw + _HALF_SECOND, ts)
            tick = replace(tick, ts_event=ts)
            self.repairs["equal_time"] += 1
        if segment is not slot.segment:
            slot.segment = segment
            slot.start = segment.start
            slot.end = segment.end
            slot.day = segment.trading_day
        slot.raw = raw
        slot.ts = ts
        slot.volume = tick.volume
        slot.last = tick
        return tick


def _fault_of_fields(tick: Tick) -> str | None:
    """Junk in the fields themselves. Before the first trade of the day there is no last price,
    but then there must be a bid or an ask."""
    if tick.ts_event.__class__ is not int or not _EARLIEST <= tick.ts_event <= _LATEST:
        return JUNK_TIME
    if tick.volume.__class__ is not int or not 0 <= tick.volume <= VOLUME_MAX:
        return BAD_VOLUME
    for price in (tick.last_price, tick.bid_price, tick.ask_price):
        if price is not None and not 0.0 < price < PRICE_MAX:
            return BAD_PRICE
    if tick.last_price is None and (
        tick.volume > 0 or (tick.bid_price is None and tick.ask_price is None)
    ):
        return BAD_PRICE
    return None


def _same_market(one: Tick, other: Tick) -> bool:
    """Whether two snapshots tell the same market: settlement, limits and times left aside."""
    return (
        one.volume == other.volume
        and one.last_price == other.last_price
        and one.bid_price == other.bid_price
        and one.bid_lots == other.bid_lots
        and one.ask_price == other.ask_price
        and one.ask_lots == other.ask_lots
        and one.open_interest == other.open_interest
        and one.turnover == other.turnover
        and one.depth == other.depth
    )
