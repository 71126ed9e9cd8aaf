"""The smaller commands of the command line; each answers an exit code."""

import argparse
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import msgspec

from homalos import defaults_dir
from homalos.app.stopping import KILL_FILE, kill_text
from homalos.config.faults import ConfigError
from homalos.config.loader import Loaded, load
from homalos.console.sessions import CLI_TOKEN, create_token, read_tokens, revoke_token
from homalos.kernel.clock import monotonic_ns, sleep
from homalos.model.enums import KillScope
from homalos.model.times import SECOND, china_text

DONE, FAILED, WRONG = 0, 1, 2


def load_config(config: Path | None, overrides: tuple[str, ...] | list[str]) -> Loaded | None:
    """The configuration, or ``None`` after all its faults were printed to stderr."""
    try:
        return load(config or config_dir(), overrides=tuple(overrides), environ=os.environ)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return None


def home() -> Path:
    """Where the trader's folders are: the clone that this runs from, else the current folder."""
    root = defaults_dir().parent
    return root if (root / "start.py").is_file() else Path.cwd()


def config_dir() -> Path:
    """``config/`` of this installation if there is one, else the shipped one."""
    own = home() / "config"
    return own if (own / "system.yaml").is_file() else defaults_dir()


def show_config(options: argparse.Namespace) -> int:
    """Every key with its value and the layer it came from; faults, all at once, otherwise."""
    if options.reference:
        from homalos.config.document import reference

        sys.stdout.write(reference(options.reference))
        return DONE
    loaded = load_config(options.config, options.overrides)
    if loaded is None:
        return WRONG
    from homalos.config.document import listing

    sys.stdout.write(listing(loaded))
    return DONE


# ---------------------------------------------------------------- to a running daemon


class _NoDaemonError(Exception):
    """No daemon answers for this data folder."""


class _RefusedError(RuntimeError):
    """The daemon answers that the command itself is wrong."""


def _ask(data_dir: Path, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    """POST (GET without a body) to the daemon of ``data_dir``, with the token it left there."""
    folder = data_dir / "console"
    try:
        token = (folder / CLI_TOKEN).read_text()
        url = (folder / "url").read_text().strip()
    except OSError:
        raise _NoDaemonError from None
    request = urllib.request.Request(  # noqa: S310  the daemon's own loopback address
        url.rstrip("/") + path,
        data=None if body is None else msgspec.json.encode(body),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=5) as answer:
            reply: dict[str, Any] = msgspec.json.decode(answer.read())
            return reply
    except urllib.error.HTTPError as error:
        wrong = _RefusedError if error.code in (404, 422) else RuntimeError
        raise wrong(error.read().decode(errors="replace")) from None
    except OSError:
        raise _NoDaemonError from None


def _told(data_dir: Path) -> int:
    sys.stderr.write(
        f"no daemon with a console answers for {data_dir.absolute()}: is it running, and is this "
        "its --data-dir? / 该数据目录没有正在运行的守护进程\n"
    )
    return FAILED


def login(options: argparse.Namespace) -> int:
    """Print a link for one login within two minutes."""
    try:
        reply = _ask(options.data_dir, "/api/v1/auth/link", {})
    except _NoDaemonError:
        return _told(options.data_dir)
    url = (options.data_dir / "console" / "url").read_text().strip()
    print(f"{url}#t={reply['token']}")
    return DONE


def kill(options: argparse.Namespace) -> int:
    """Halt trading and cancel every order, and with a scope close positions: through the console,
    and where the daemon does not say within three seconds that it does so, by a file that it
    watches for."""
    scope, strategy = KillScope(options.scope), options.strategy or ""
    if (scope is KillScope.STRATEGY) != bool(strategy):
        sys.stderr.write("--scope strategy, and it alone, needs --strategy NAME / 需指定策略\n")
        return WRONG
    reason = options.reason.strip()[:200] or "command line"
    wanted = {"reason": reason, "scope": scope.value, "strategy": strategy}
    try:
        _ask(options.data_dir, "/api/v1/risk/kill", wanted)
        if (said := _obeyed(options.data_dir, scope, strategy)) is not None:
            print(said)
            return DONE
        sys.stderr.write("the daemon took it, but does not say that it is halted / 未确认停止\n")
    except _NoDaemonError:
        pass
    except _RefusedError as error:
        sys.stderr.write(f"refused / 拒绝: {error}\n")
        if scope is not KillScope.CANCEL:
            return WRONG
    except Exception as error:  # noqa: BLE001  whatever goes wrong, the file is still to be written
        sys.stderr.write(f"the console does not answer: {error}\n")
    if not options.data_dir.is_dir():
        return _told(options.data_dir)
    path = options.data_dir / KILL_FILE
    path.write_text(kill_text(reason, scope, strategy), encoding="utf-8")
    print(
        f"wrote {path}: a running daemon halts within a second, and the next start begins halted / "
        "已写入停止标志"
    )
    return DONE


def _obeyed(data_dir: Path, scope: KillScope, strategy: str) -> str | None:
    """What the daemon itself says of it, asked for three seconds."""
    give_up = monotonic_ns() + 3 * SECOND
    while monotonic_ns() < give_up:
        status = _ask(data_dir, "/api/v1/system/status", None)
        halted = scope is KillScope.STRATEGY or status["trading_state"] == "halted"
        if halted and scope is KillScope.CANCEL:
            return "halted / 已停止交易"
        for job in status["flatten"]:
            if halted and (job["scope"], job["strategy"]) == (scope.value, strategy):
                return _progress(job)
        sleep(0.1)
    return None


def _progress(job: dict[str, Any]) -> str:
    text = f"{job['stage']}: {job['lots']} lots to close, {job['orders']} orders to cancel / "
    text += f"待平 {job['lots']} 手，待撤 {job['orders']} 笔"
    return f"{text}; {job['text']}" if job["text"] else text


def token(options: argparse.Namespace) -> int:
    """Named bearer tokens: the secret is shown once, and only its hash is kept."""
    folder = options.data_dir / "console"
    if options.action == "list":
        for name in sorted(read_tokens(folder)):
            print(name)
        return DONE
    if not options.name:
        sys.stderr.write("a name is needed / 需要名称\n")
        return WRONG
    if options.action == "create":
        print(create_token(folder, options.name))
        return DONE
    if revoke_token(folder, options.name):
        return DONE
    sys.stderr.write(f"there is no token {options.name} / 没有该令牌\n")
    return FAILED


# ---------------------------------------------------------------- to a running CTP front


def tell_exchange(options: argparse.Namespace) -> int:
    """A command of the front's control door; its answer as JSON on stdout."""
    from homalos.exchange.door.control import CommandError, arguments_of, tell

    try:
        command, arguments = arguments_of(options.words)
        answer = tell(options.data_dir, command, arguments)
    except CommandError as error:
        sys.stderr.write(f"homalos: {error}\n")
        return FAILED
    if answer is not None:
        print(msgspec.json.format(msgspec.json.encode(answer)).decode())
    return DONE


def exchange_password() -> int:
    """A hash for the accounts file, of a password typed twice, or of one line of stdin."""
    from homalos.exchange.door.accounts import hash_password

    if not sys.stdin.isatty():
        print(hash_password(sys.stdin.readline().rstrip("\n")))
        return DONE
    import getpass

    first = getpass.getpass("password / 密码: ")
    if first != getpass.getpass("again / 再次输入: "):
        sys.stderr.write("homalos: they differ / 两次输入不一致\n")
        return FAILED
    print(hash_password(first))
    return DONE


def exchange_libraries() -> int:
    """The folder of the drop-in libraries, for LD_LIBRARY_PATH and for copying."""
    from homalos.ctp.libraries import NativeMissingError, dropin_libraries

    try:
        print(dropin_libraries())
    except NativeMissingError as error:
        sys.stderr.write(f"homalos: {error}\n")
        return FAILED
    return DONE


# ---------------------------------------------------------------- books against the venue

_RECONCILIATION = "/api/v1/reconciliation"


def reconcile(options: argparse.Namespace) -> int:
    """Without an option: show. ``--accept`` takes the venue's word for what was shown."""
    try:
        if options.ask:
            _ask(options.data_dir, f"{_RECONCILIATION}/ask", {})
            print("asked / 已请求对账")
            return DONE
        if options.assign:
            return _assign(options)
        state = _ask(options.data_dir, _RECONCILIATION, None)
        _show(state)
        return _accept(options, state) if options.accept else DONE
    except _NoDaemonError:
        return _told(options.data_dir)
    except RuntimeError as error:
        sys.stderr.write(f"refused / 拒绝: {error}\n")
        return FAILED


def _show(state: dict[str, Any]) -> None:
    for line in state["differences"]:
        print(line)
    if not state["differences"]:
        print("nothing differs that is not explained / 无未解释的差异")
    elif not state["confirmed"]:
        print("seen once: a second equal answer is waited for / 等待再次确认")
    for row in state["missing"]:
        owners = ", ".join(f"{owner['strategy']} {owner['lots']}" for owner in row["owners"])
        print(
            f"MISSING / 缺少  {row['instrument']} {row['direction']}: {row['lots']} lots, claimed "
            f"by / 账本持有 {owners}"
        )


def _accept(options: argparse.Namespace, state: dict[str, Any]) -> int:
    if not state["confirmed"]:
        sys.stderr.write("there is nothing to accept yet / 尚无可确认的差异\n")
        return FAILED
    _ask(options.data_dir, f"{_RECONCILIATION}/accept", {"differences": state["differences"]})
    print("accepted: the venue is asked once more, then the books take its word / 已确认")
    return DONE


def _assign(options: argparse.Namespace) -> int:
    instrument, direction, strategy, lots = options.assign
    if not lots.isdecimal() or direction not in ("long", "short"):
        sys.stderr.write("--assign CONTRACT long|short STRATEGY LOTS\n")
        return WRONG
    _ask(
        options.data_dir,
        f"{_RECONCILIATION}/assign",
        {
            "instrument": instrument,
            "direction": direction,
            "strategy": strategy,
            "lots": int(lots),
        },
    )
    _show(_ask(options.data_dir, _RECONCILIATION, None))
    return DONE


# ---------------------------------------------------------------- circuit breakers

_BREAKERS = "/api/v1/risk/breakers"


def breaker(options: argparse.Namespace) -> int:
    """Without an option: show those that are open."""
    try:
        if options.close or options.close_account:
            wanted = {"strategy": options.close or "", "reason": options.reason}
            _ask(options.data_dir, f"{_BREAKERS}/close", wanted)
            print("told / 已请求解除")
            return DONE
        rows = _ask(options.data_dir, _BREAKERS, None)["open"]
    except _NoDaemonError:
        return _told(options.data_dir)
    except RuntimeError as error:
        sys.stderr.write(f"refused / 拒绝: {error}\n")
        return FAILED
    for row in rows:
        until = china_text(row["until"])[:19]
        print(f"{row['strategy'] or 'the account / 账户'}  until / 至 {until}: {row['why']}")
    if not rows:
        print("none is open / 无熔断")
    return DONE


# ---------------------------------------------------------------- data


def import_ticks(options: argparse.Namespace) -> int:
    """Recorded ticks into the database, through the gate, with a report of what was refused."""
    from homalos.engine import Market
    from homalos.kernel.lock import DataLockError
    from homalos.market.formats import RecordingError
    from homalos.storage import importing
    from homalos.storage.progress import ProgressBar
    from homalos.storage.schema import StorageError

    loaded = load_config(options.config, options.overrides)
    if loaded is None:
        return WRONG
    config = loaded.config
    market = Market(config)
    bar = ProgressBar(sys.stderr)
    try:
        report = importing.import_ticks(
            options.path, options.format, options.data_dir, market.products, market.sessions,
            config.market, section=config.storage, progress=bar,
        )  # fmt: skip
    except (DataLockError, RecordingError, StorageError, OSError) as error:
        bar.close()
        sys.stderr.write(f"homalos: {error}\n")
        return FAILED
    bar.close()
    sys.stdout.write(report.text("zh" if config.app.language == "zh" else "en"))
    return DONE


def update_calendar(options: argparse.Namespace) -> int:
    """Closed days from a well-kept package into calendar.yaml; tells what changed."""
    from homalos.market import calendar_update

    folder = options.config or config_dir()
    path = folder / "calendar.yaml" if folder.is_dir() else folder.parent / "calendar.yaml"
    try:
        sys.stdout.write(calendar_update.update_calendar(path).text() + "\n")
    except calendar_update.CalendarUpdateError as error:
        sys.stderr.write(f"homalos: {error}\n")
        return FAILED
    return DONE
