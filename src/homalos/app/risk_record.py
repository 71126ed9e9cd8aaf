"""Which risk limits and rules were in force when: every version is kept, none is ever deleted.

``data/risk-versions/000012.json`` holds one version whole: number, time, who, why, what changed
against the one before, all limits, and the text of the trader's own rules. One is written when
an edit has come into force, and at a start that finds other limits than the last run ended with.
The folder of the trader's rules is looked at here, too: an edit becomes an event, no more.
"""

import asyncio
import getpass
import hashlib
from pathlib import Path
from typing import Any

import msgspec
from loguru import logger

from homalos.app.files import replace_file
from homalos.engine import Engine
from homalos.model.event import Event
from homalos.model.events import ConfigChanged, RiskRulesEdited
from homalos.model.times import china_text
from homalos.trading.risk.user_rules import files

FOLDER = "risk-versions"
LOOK_S = 1.0
_ACTOR = "risk record"


class RiskVersion(msgspec.Struct, frozen=True):
    """One file of the folder."""

    version: int
    when: str
    """China's time."""
    ts: int
    """The same as event time, ns UTC."""
    who: str
    why: str
    changes: tuple[tuple[str, str, str], ...]
    """(key or rule, old, new)."""
    limits: dict[str, Any]
    user_rules: dict[str, str]
    """Text of each file, by name."""


class RiskVersions:
    """Of one data folder. ``limits_file``: whose owner is named for an edit."""

    def __init__(self, data: Path, engine: Engine, limits_file: Path) -> None:
        self._folder = data / FOLDER
        self._engine = engine
        self._file = limits_file
        self._last: RiskVersion | None = None

    def attach(self) -> None:
        """After the reloader and the rules: what they refuse is no version."""
        bus = self._engine.bus
        bus.subscribe(ConfigChanged, self._on_config, actor=_ACTOR, role="monitor")
        bus.subscribe(RiskRulesEdited, self._on_rules, actor=_ACTOR, role="monitor")

    def start(self) -> None:
        """Compare with what the last run left. Raises ``OSError``: it cannot be kept."""
        self._folder.mkdir(exist_ok=True)
        known = sorted(self._folder.glob("[0-9]*.json"))
        if known:
            self._last = self._read(known[-1])
        self._keep(_user(), "start")

    def _read(self, path: Path) -> RiskVersion | None:
        """A damaged record is told and left where it is; its number is not used again."""
        try:
            return msgspec.json.decode(path.read_bytes(), type=RiskVersion)
        except msgspec.MsgspecError as error:
            logger.error("{} is damaged ({}): the next version is kept whole", path, error)
            return RiskVersion(int(path.stem), "", 0, "", "", (), {}, {})

    def _on_config(self, event: ConfigChanged) -> None:
        if any(key.startswith("risk.") for key, _, _ in event.changes):
            self._keep(_owner(self._file), f"edit of {self._file.name}")

    def _on_rules(self, event: RiskRulesEdited) -> None:
        self._keep(event.who, "edit of the risk rules")

    def _keep(self, who: str, why: str) -> None:
        """Write what is in force, unless it is what was."""
        limits = msgspec.json.decode(msgspec.json.encode(self._engine.config.risk))
        rules = self._engine.user_rules
        sources = {} if rules is None else rules.sources()
        last = self._last
        if last is not None and (last.limits, last.user_rules) == (limits, sources):
            return
        now = self._engine.clock.now()
        number = 1 if last is None else last.version + 1
        changes = () if last is None else _changes(last, limits, sources)
        version = RiskVersion(
            number, china_text(now), now, who, why, changes, limits, sources
        )  # fmt: skip
        text = msgspec.json.format(msgspec.json.encode(version), indent=2)
        replace_file(self._folder / f"{number:06d}.json", text)
        self._last = version


class RuleFolder:
    """Looks at the folder of the trader's rules once a second; two equal looks are a saved edit."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self._folder = folder
        self._engine = engine
        self._seen = self._told = _signature(folder)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._watch(), name="risk rules")

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Post an edit that has come to rest."""
        now = _signature(self._folder)
        if now == self._seen and now != self._told:
            self._told = now
            paths = files(self._folder)
            found = tuple((path.stem, _digest(path)) for path in paths)
            who = _owner(paths[0] if paths else self._folder)
            event: Event = RiskRulesEdited(who, found, self._engine.clock.now())
            self._engine.bus.post(event)
        self._seen = now

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def health(self) -> str | None:
        if self._task is not None and self._task.done():
            return "nobody watches the folder of the risk rules"
        return None


def _changes(
    last: RiskVersion, limits: dict[str, Any], sources: dict[str, str]
) -> tuple[tuple[str, str, str], ...]:
    rows = [
        (f"risk.{key}", _json(last.limits.get(key)), _json(limits.get(key)))
        for key in sorted(last.limits.keys() | limits.keys())
        if last.limits.get(key) != limits.get(key)
    ]
    for name in sorted(last.user_rules.keys() | sources.keys()):
        before, after = last.user_rules.get(name), sources.get(name)
        if before != after:
            rows.append((name, _sha(before), _sha(after)))
    return tuple(rows)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _sha(text: str | None) -> str:
    return "" if text is None else hashlib.sha256(text.encode()).hexdigest()[:12]


def _signature(folder: Path) -> tuple[tuple[str, int, int], ...]:
    rows = []
    for path in files(folder):
        try:
            about = path.stat()
        except OSError:
            continue  # gone between the two looks
        rows.append((path.name, about.st_mtime_ns, about.st_size))
    return tuple(rows)


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _owner(path: Path) -> str:
    """Whose file it is: an editor that saves anew makes it the editing person's."""
    try:
        return path.owner()
    except (OSError, KeyError, NotImplementedError):
        return _user()


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
