"""A journal cut at every record, and torn inside it, recovered beside the exchange's true state.

A session is recorded once. At each record the whole disk is remembered as it was just after it was
written, and just before the next one was: what a process leaves that is killed there. From each of
these pictures a start recovers. The journal's end is torn besides: the next record has begun, and
is not whole.

``power``: the journal alone is cut, the exchange has gone on to the session's end: a power cut took
what was not synced, or an old copy was put back. ``settled``: besides, the exchange has settled the
day meanwhile and tells no fills of it any more, so that nothing explains what has changed.
"""

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.faults import outcome
from tests.faults.core import SEGMENT, Core, House, Witness
from tests.faults.market import CLOSE, CLOSED, LATE, NIGHT, SCRIPTED, configured, ticks

from homalos.app import journal_replay
from homalos.exchange.ledger import FILE as LEDGER
from homalos.kernel.journal import Journal, Kind, segments
from homalos.kernel.records import RECORD
from homalos.kernel.state import state_hash
from homalos.model.enums import TradingState
from homalos.model.event import Event
from homalos.model.events import SetTradingState
from homalos.model.ids import InstrumentId
from homalos.model.reconciling import AcceptVenue, AssignLoss
from homalos.model.times import MINUTE, SECOND

WAYS = ("killed after", "killed before", "power")
SETTLED = "settled"
SMALL_FILES = ("run.json", "control.json")
RECOVERED = ("books", "orders")
"""The parts of the state that the fold of a journal makes, without strategies and ticks."""


class Picture(NamedTuple):
    """The disk at one moment."""

    end: int
    """Bytes of the session's segment that are written."""
    ledger: int
    """Which of the exchange's files it was: a settlement begins another one."""
    length: int
    small: tuple[bytes | None, ...]
    ts: int
    day: int
    """The exchange's trading day."""
    sent: int
    """Orders that had reached the venue."""


class Recorder(Journal):
    """Takes the pictures."""

    def __init__(self, folder: Path) -> None:
        self._needed_from = self._synced = 0
        super().__init__(folder, segment_bytes=SEGMENT, keep=100)
        self.data = folder.parent
        self.before: list[Picture] = []
        self.after: list[Picture] = []
        self.core: Core | None = None
        self.ledgers: list[int] = []
        """Descriptors of the exchange's files: the last content of each."""
        self._inodes: list[int] = []

    def sync(self) -> None:
        super().sync()
        self._synced = self._offset

    @property
    def needed_from(self) -> int:
        return self._needed_from

    @needed_from.setter
    def needed_from(self, segment: int) -> None:
        """A power cut takes what is not synced; the number of the checkpoint stays."""
        if segment and segment == self.segment:
            assert self._synced == self._offset, "the checkpoint is not on the disk yet"
        self._needed_from = segment

    def append(self, kind: Kind, seq: int, ts: int, event: Event, step: int = 0) -> None:
        self.before.append(self._picture())
        super().append(kind, seq, ts, event, step)
        self.after.append(self._picture())

    def _picture(self) -> Picture:
        path = self.data / "exchange" / LEDGER
        found = path.stat()
        if found.st_ino not in self._inodes:
            self._inodes.append(found.st_ino)
            self.ledgers.append(os.open(path, os.O_RDONLY))
        small = tuple(_content(self.data / name) for name in SMALL_FILES)
        which = self._inodes.index(found.st_ino)
        if self.core is None:  # it is being made
            return Picture(self._offset, which, found.st_size, small, 0, 0, 0)
        day, sent = self.core.exchange.trading_day, len(self.core.door.sent)
        now = self.core.clock.now()
        return Picture(self._offset, which, found.st_size, small, now, day, sent)

    def contents(self) -> list[bytes]:
        """Of the exchange's files, whole; a later size of one begins with the earlier."""
        found = []
        for fd in self.ledgers:
            os.lseek(fd, 0, os.SEEK_SET)
            found.append(os.read(fd, 1 << 30))
            os.close(fd)
        self.ledgers = []
        return found


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


class Session(NamedTuple):
    """A recorded session, and what every moment of it left on the disk."""

    data: Path
    house: House
    segment: Path
    journal: bytes
    ledgers: list[bytes]
    before: list[Picture]
    after: list[Picture]
    hashes: dict[int, tuple[str, str]]
    """Of ``RECOVERED`` and of all state, by the journal's length, where all was worked off."""
    sent: list[str]

    @property
    def records(self) -> int:
        return len(self.after)

    @property
    def closes(self) -> int:
        """Records until the end of the exchange's session."""
        return sum(picture.ts < CLOSE for picture in self.after)


def record(data: Path, beats: int = 24, *, turn: bool = True) -> Session:
    """A run of a few seconds that ended well, then the session, which is killed at its end.
    ``turn``: the end of the trading day and its settlement are in it."""
    data.mkdir(parents=True)
    house = House(data, configured(SCRIPTED, "trading.reconcile_s=60"), begin=LATE)
    first = Core(house).start()
    first.go(ticks(LATE, 8))
    first.stop()
    made: list[Recorder] = []

    def journal(folder: Path) -> Recorder:
        made.append(Recorder(folder))
        return made[0]

    core = Core(house, journal=journal)
    (recorder,) = made
    recorder.core = core
    hashes: dict[int, tuple[str, str]] = {}

    def note() -> None:
        hashes[recorder._offset] = (recovered(core), core.engine.state_hash())

    core.start()
    core.go(ticks(LATE + 6 * SECOND, 2 * beats), note)
    if turn:
        core.quiet((CLOSE - core.clock.now()) / SECOND + 70, note)
    sent = list(core.door.sent)
    segment = segments(data / "journal")[-1][1]
    core.die()
    return Session(
        data, house, segment, segment.read_bytes(), recorder.contents(), recorder.before,
        recorder.after, hashes, sent,
    )  # fmt: skip


def recovered(core: Core) -> str:
    state = core.engine.state()
    return state_hash({name: state[name] for name in RECOVERED})


class Cut(NamedTuple):
    """``number``: so many records of the session are left, of the next one ``torn`` bytes."""

    way: str
    number: int
    torn: int
    garbage: bool = False
    """What stands behind the torn bytes is not zeros."""


def cuts(session: Session, seed: int, ways: tuple[str, ...] = WAYS) -> Iterator[Cut]:
    """Every record in every way; the seed decides where the next one is torn."""
    chance = random.Random(seed)
    for way in ways:
        for number in range(1, session.closes if way == SETTLED else session.records):
            begin, end = session.after[number - 1].end, session.after[number].end
            torn = 0 if way == "killed after" else chance.randrange(end - begin)
            yield Cut(way, number, torn, _of_power(way) and chance.random() < 0.5)


def _of_power(way: str) -> bool:
    return way in ("power", SETTLED)


def lay_out(session: Session, cut: Cut, data: Path) -> Witness:
    """Make the disk of that moment in ``data``; what had been seen from outside by then."""
    picture = _picture(session, cut)
    (data / "journal").mkdir(parents=True)
    (data / "exchange").mkdir()
    for path in sorted((session.data / "journal").iterdir()):
        if path.stem < session.segment.stem:
            shutil.copyfile(path, data / "journal" / path.name)
    (data / "journal" / session.segment.name).write_bytes(_torn(session, cut))
    ledger = session.ledgers[picture.ledger][: picture.length]
    (data / "exchange" / LEDGER).write_bytes(ledger)
    small = picture.small if cut.way == "killed before" else session.after[cut.number - 1].small
    for name, content in zip(SMALL_FILES, small, strict=True):
        if content is not None:
            (data / name).write_bytes(content)
    seen = session.house.seen
    return Witness(list(session.sent[: picture.sent]), seen.wishes, dict(seen.intents), {})


def _picture(session: Session, cut: Cut) -> Picture:
    """What the exchange has. After a power cut it went on, to the last second of its session or
    over its settlement."""
    if cut.way == "killed before":
        return session.before[cut.number]
    if cut.way == "killed after":
        return session.after[cut.number - 1]
    if cut.way == "power" and cut.number <= session.closes:  # it still tells of the day
        return session.after[session.closes - 1]
    return session.after[-1]


def _torn(session: Session, cut: Cut) -> bytes:
    """The head of a record is written last, so a torn one without it reads as zeros; a power cut
    knows no such order, and leaves what it likes."""
    begin = session.after[cut.number - 1].end
    data = bytearray(session.journal)
    data[begin:] = bytes(len(data) - begin)
    whole = session.journal[begin : begin + cut.torn]
    if _of_power(cut.way):
        data[begin : begin + cut.torn] = whole
        if cut.garbage and cut.torn:
            data[begin + cut.torn - 1] ^= 0x55
    else:
        data[begin + RECORD.size : begin + cut.torn] = whole[RECORD.size :]
    return bytes(data)


def run(session: Session, cut: Cut, data: Path, *, replayed: bool = False) -> Core:
    """Recover there, compare everything, trade on, compare again; ``replayed``: replay the cut
    journal besides. ``AssertionError``."""
    house = House(data, session.house.config, lay_out(session, cut, data))
    past = outcome.past_of(house.events())
    if replayed:
        _replay(session, cut, house)
    core = Core(house).fold()
    day = core.exchange.trading_day
    old = {key: fill for key, fill in session.house.seen.fills.items() if key[3] < day}
    house.seen.fills.update(old)
    try:
        _check_fold(session, cut, core)
        core.start()
        if cut.way != "power":
            outcome.written_before_sent(core.account().orders, past)
        core.check(past)
        go_on(core)
        core.check(past)
    finally:
        core.die()
        shutil.rmtree(data)
    return core


class Word(NamedTuple):
    """What it took where nothing explained the difference."""

    halted: bool
    """It needed a person's word."""
    missing: int
    """Contracts and sides of which the account has fewer lots than the books."""


def run_settled(session: Session, cut: Cut, data: Path) -> Word:
    """A start that finds what nothing explains sends nothing and waits for a person, whose word
    makes the books the exchange's; where nothing was lost it goes on. ``AssertionError``."""
    house = House(data, session.house.config, lay_out(session, cut, data))
    core = Core(house).start()
    try:
        core.quiet(5)
        adjusting = core.engine.orders.sync.adjusting
        halted = core.state is not TradingState.ACTIVE
        assert halted == bool(adjusting.differences), core.state
        assert core.alerts or not halted, "a person is told"
        missing = _give_word(core) if halted else 0
        outcome.books_equal(core.ours(), core.venue())
        go_on(core)
        outcome.books_equal(core.ours(), core.venue())
        return Word(halted, missing)
    finally:
        core.die()
        shutil.rmtree(data)


def _give_word(core: Core) -> int:
    """Accept the exchange's word, say whose the lots were that are gone, let them trade again."""
    bus, adjusting = core.engine.bus, core.engine.orders.sync.adjusting
    core.go(ticks(NIGHT + SECOND, 4, core.exchange.trading_day, _settled(core)))
    core.quiet(65)  # these ticks told the settlement: two more looks at what differs now
    assert core.door.sent == [], "it trades on books that are not the exchange's"
    assert core.state is TradingState.HALTED
    bus.post(AcceptVenue(adjusting.differences, "test", core.clock.now()))
    bus.run_until_idle()
    core.quiet(5)
    assert not adjusting.differences, adjusting.differences
    missing = adjusting.missing
    for row in missing:
        owner, lots = row.owners[0]
        assert lots >= row.lots
        now = core.clock.now()
        bus.post(AssignLoss(row.instrument, row.direction, owner, row.lots, "test", now))
    bus.run_until_idle()
    assert not adjusting.missing, adjusting.missing
    bus.post(SetTradingState(TradingState.ACTIVE, "test", "looked", core.clock.now()))
    bus.run_until_idle()
    return len(missing)


def _check_fold(session: Session, cut: Cut, core: Core) -> None:
    """Where all was worked off, the fold is what the run had in memory."""
    known = session.hashes.get(session.after[cut.number - 1].end)
    if known is not None:
        assert recovered(core) == known[0], "the fold of the journal is not what the run had"


def _replay(session: Session, cut: Cut, house: House) -> None:
    """The cut journal makes the same run again, as far as it goes."""
    folder = house.data / "journal"
    found = journal_replay.find(folder, None)
    if found.at.segment != int(session.segment.stem):
        return  # the session's first record is cut off
    own = journal_replay.Own.of(house.strategies)
    report = journal_replay.replay(folder, found, journal_replay.check(found, own, None), own)
    assert report.difference is None, report.difference
    known = session.hashes.get(session.after[cut.number - 1].end)
    assert known is None or report.state_hash == known[1], "the replay comes to another state"


def go_on(core: Core, count: int = 12) -> None:
    """The market goes on: trading is on, nobody who only watches misses a tick."""
    begin = core.clock.now() + SECOND
    if CLOSE - MINUTE // 4 < begin < NIGHT:
        core.quiet((NIGHT - core.clock.now()) / SECOND)
        begin = NIGHT + SECOND
    settled = CLOSED if begin < NIGHT else _settled(core)
    seen, fed = core.watched(), core.fed
    core.go(ticks(begin, count, core.exchange.trading_day, settled))
    outcome.goes_on(core.state.value, core.watched() - seen, core.fed - fed)


def _settled(core: Core) -> dict[InstrumentId, float]:
    """At which the last day ended."""
    known = core.exchange._state.settlements
    return {id_: known[id_] for id_ in CLOSED}
