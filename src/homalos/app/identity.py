"""What a run's outcome depends on beside what happens in it: the code, the trader's own files."""

import hashlib
import platform
from collections.abc import Iterable
from pathlib import Path

import homalos
from homalos.config.changes import digest
from homalos.config.schema import Config
from homalos.model.journaled import RunStarted

RULES_DIR = "risk_rules"


def code_hash() -> str:
    """SHA-256 over every Python source of the program, names included."""
    root = Path(homalos.__file__).parent
    whole = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        whole.update(path.relative_to(root).as_posix().encode())
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def rules_beside(strategies: Path) -> Path:
    """The folder of the trader's own risk rules that goes with one of strategies."""
    return strategies.parent / RULES_DIR


def own_files(strategies: Path, rules: Path | None = None) -> tuple[tuple[str, str], ...]:
    """The trader's sources, with their SHA-256: strategies, and risk rules, beside their folder
    where no other is named."""
    found: list[tuple[str, str]] = []
    for name, folder in (
        (strategies.name, strategies), (RULES_DIR, rules or rules_beside(strategies)),
    ):  # fmt: skip
        for path in sorted(folder.rglob("*.py")) if folder.is_dir() else ():
            inside = f"{name}/{path.relative_to(folder).as_posix()}"
            found.append((inside, hashlib.sha256(path.read_bytes()).hexdigest()))
    return tuple(found)


def python() -> str:
    return platform.python_version()


def differences(
    run: RunStarted, strategies: Path, rules: Path, config: Config | None, recorded: Config
) -> Iterable[str]:
    """In words, what is not as it was in ``run``; ``config`` None: the recorded one is used."""
    if run.code != code_hash():
        yield (
            f"the program is another one: it ran as {run.version}, sources {run.code[:12]} / "
            "程序代码已变"
        )
    if run.python.split(".")[:2] != python().split(".")[:2]:
        yield f"it ran on Python {run.python}, this is {python()} / Python 版本不同"
    then, now = dict(run.files), dict(own_files(strategies, rules))
    for name in sorted(then.keys() | now.keys()):
        if then.get(name) != now.get(name):
            what = "is new" if name not in then else "is gone" if name not in now else "has changed"
            yield f"{name} {what} since / 策略或规则文件已变"
    if config is not None and digest(config) != digest(recorded):
        yield f"the config is another one: {digest(recorded)[:12]} then / 配置已变"
