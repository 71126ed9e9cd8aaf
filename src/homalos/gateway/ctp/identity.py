"""Which orders are ours: OrderRef and OrderId, the sessions we had, the mark in OrderMemo.

CTP names an order by (FrontID, SessionID, OrderRef) and gives new FrontID and SessionID at every
login; a trade bears neither (FACTS A6). OrderRef must grow within a session and should be unique
over the whole day. So it is made from the order's own id: ``run-n.part`` becomes
``run x 1,000,000 + n x 10 + part``, which grows over restarts as run does and can be turned back
without a table. Where that number would not grow (ids that were sent out of order, more than
99,999 intents in one run, an id of another form) the next one is taken, and written down first.

Kept in the data folder: ``ctp-identity.json``, the sessions of the trading day and our mark,
written at each login, before anything can be sent; ``ctp-refs.txt``, the exceptions.
"""

import os
import zlib
from pathlib import Path

import msgspec

from homalos.model.ids import OrderId

RUN = 1_000_000
PER_INTENT = 10
MAX_REF = 999_999_999_999
"""OrderRef is char[13]. Some old back ends may read it as a 32-bit number (not verified): so
long as run stays below 2,148 it is one."""
_MARK = 4
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIR = 36 * 36
_PAIRS = tuple(high + low for high in _DIGITS for low in _DIGITS)


class _File(msgspec.Struct):
    mark: str
    """Begins every OrderMemo of this data folder: another Homalos of the account has another."""
    trading_day: int = 0
    last_ref: int = 0
    sessions: list[tuple[int, int]] = []
    """(FrontID, SessionID) of the trading day."""


class Identity:
    """See the module. ``run``: this start's number, as order ids bear it; ``seed``: anything that
    differs between data folders, for a new mark."""

    def __init__(self, folder: Path, run: int, seed: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "ctp-identity.json"
        self._refs_path = folder / "ctp-refs.txt"
        self._file = self._load(seed)
        self._sessions = set(self._file.sessions)
        self._ids: dict[int, OrderId] = {}
        self._refs: dict[OrderId, int] = {}
        self._last = max(self._file.last_ref, run * RUN)
        self._load_refs()
        self.session = (0, 0)
        """(FrontID, SessionID) of now."""

    # ------------------------------------------------------------ the session

    def login(self, trading_day: int, front: int, session: int, max_ref: str) -> None:
        """A session has begun: on disk before this returns. ``OSError``: it cannot be written."""
        if trading_day != self._file.trading_day:
            self._file.trading_day = trading_day
            self._sessions.clear()
            self._ids.clear()
            self._refs.clear()
            self._refs_path.unlink(missing_ok=True)
        self.session = (front, session)
        self._sessions.add(self.session)
        self._last = max(self._last, _number(max_ref))
        self._file.last_ref = self._last
        self._file.sessions = sorted(self._sessions)
        self._save()

    @property
    def trading_day(self) -> int:
        """Of the last login; 0: there was none."""
        return self._file.trading_day

    def ours(self, front: int, session: int) -> bool:
        """Whether orders of this session are ours."""
        return (front, session) in self._sessions

    # ------------------------------------------------------------ refs

    def take(self, id_: OrderId) -> int:
        """The OrderRef under which ``id_`` is to be sent now; 0: there is none left."""
        ref = _straight(id_)
        if ref <= self._last:
            ref = self._last + 1
            if ref > MAX_REF:
                return 0
            self._note(ref, id_)
        self._last = ref
        return ref

    def order_id(self, ref: int) -> OrderId | None:
        """The id that was sent as ``ref``; ``None``: no ref of ours."""
        known = self._ids.get(ref)
        if known is not None:
            return known
        run, rest = divmod(ref, RUN)
        number, part = divmod(rest, PER_INTENT)
        if not run or not number:
            return None
        return OrderId(f"{run}-{number:06d}" + (f".{part}" if part else ""))

    def ref(self, id_: OrderId) -> int:
        """The OrderRef that ``id_`` has, if it was ever sent; 0: it cannot have been."""
        return self._refs.get(id_) or _straight(id_)

    # ------------------------------------------------------------ the mark

    def memo(self, ref: int) -> str:
        """OrderMemo of an order: it comes back even where front, session and ref do not
        (清流重启), if the broker's back end carries it."""
        return self._file.mark + _base36(ref)

    def of_memo(self, memo: str) -> OrderId | None:
        """Whose order bears this memo; ``None``: not ours, or not carried."""
        if len(memo) <= _MARK or not memo.startswith(self._file.mark):
            return None
        try:
            return self.order_id(int(memo[_MARK:], 36))
        except ValueError:
            return None

    # ------------------------------------------------------------ files

    def _load(self, seed: str) -> _File:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_File)
        except FileNotFoundError:
            pass
        except msgspec.DecodeError:
            # A torn file: whose orders are ours is then known by the memo and the venue's ids.
            self._path.replace(self._path.with_suffix(".broken"))
        return _File(_base36(zlib.crc32(seed.encode()))[-_MARK:].rjust(_MARK, "h"))

    def _save(self) -> None:
        temporary = self._path.with_suffix(".new")
        with temporary.open("wb") as file:
            file.write(msgspec.json.encode(self._file))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)

    def _load_refs(self) -> None:
        if not self._refs_path.exists():
            return
        for line in self._refs_path.read_text(encoding="utf-8", errors="replace").splitlines():
            ref, _, id_ = line.partition(" ")
            if ref.isdigit() and id_:
                self._remember(int(ref), OrderId(id_))
                self._last = max(self._last, int(ref))

    def _note(self, ref: int, id_: OrderId) -> None:
        with self._refs_path.open("a", encoding="utf-8") as file:
            file.write(f"{ref} {id_}\n")
        self._remember(ref, id_)

    def _remember(self, ref: int, id_: OrderId) -> None:
        self._ids[ref] = id_
        self._refs[id_] = ref


def _straight(id_: OrderId) -> int:
    """The number that stands for ``run-n.part``; 0: it has none."""
    run_text, _, rest = id_.partition("-")
    part = 0
    if not rest.isdigit():
        rest, _, part_text = rest.partition(".")
        if not (rest.isdigit() and part_text.isdigit() and 0 < int(part_text) < PER_INTENT):
            return 0
        part = int(part_text)
    if not run_text.isdigit():
        return 0
    run, number = int(run_text), int(rest)
    if not run or not 0 < number < RUN // PER_INTENT:
        return 0
    ref = run * RUN + number * PER_INTENT + part
    return ref if ref <= MAX_REF else 0


def _number(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() else 0


def _base36(number: int) -> str:
    digits = ""
    while number >= _PAIR:
        number, pair = divmod(number, _PAIR)
        digits = _PAIRS[pair] + digits
    return (_PAIRS[number].removeprefix("0") or "0") + digits
