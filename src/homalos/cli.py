"""``homalos [command]``. Exit codes: 0 done, 1 failed, 2 wrong usage or config."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from homalos import __version__

DONE, FAILED, WRONG = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; no command means ``run``."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help", "--version")):
        words.insert(0, "run")
    options = parser().parse_args(words)
    _place_data(options)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except KeyboardInterrupt:
        return 130


def _place_data(options: argparse.Namespace) -> None:
    """Without ``--data-dir``: ``data/`` and ``logs/`` of this installation, wherever we are."""
    if not hasattr(options, "data_dir"):
        return
    if options.data_dir is None:
        from homalos.commands import home

        own = getattr(options, "own_folder", "")  # of a program that runs beside the daemon
        options.data_dir, options.logs_dir = home() / "data" / own, home() / "logs" / own
    else:
        options.logs_dir = options.data_dir / "logs"


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="homalos", description="A trading daemon for Chinese futures / 中国期货交易守护进程"
    )
    top.add_argument("--version", action="version", version=f"homalos {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in (
        _add_run,
        _add_exchange,
        _add_import,
        _add_bench,
        _add_doctor,
        _add_journal,
        _add_config,
        _add_calendar,
        _add_login,
        _add_token,
        _add_kill,
        _add_reconcile,
        _add_settlement,
        _add_breaker,
        _add_setup,
    ):
        add(commands)
    return top


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _command(
    commands: Commands, name: str, text: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    sub: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    sub.set_defaults(command=run)
    return sub


def _config_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--config", type=Path, metavar="F", help="system.yaml or its folder / 配置")
    sub.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="overrides",
        help="override a key, e.g. risk.max_order_lots=5 / 覆盖配置项",
    )


def _data_option(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--data-dir", type=Path, metavar="D", help="data folder / 数据目录")


# ---------------------------------------------------------------- run


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    value = float(text)
    if not 0 < value <= 100_000:
        raise argparse.ArgumentTypeError("a number above 0, or max")
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65_535:
        raise argparse.ArgumentTypeError("a port from 1 to 65535, or 0")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError("seconds above 0")
    return value


def _add_run(commands: Commands) -> None:
    sub = _command(commands, "run", "run the daemon / 启动守护进程", _run)
    _config_options(sub)
    _data_option(sub)
    sub.add_argument(
        "--port", type=_port, metavar="P", help="port of the console, 0: none / 控制台端口"
    )
    sub.add_argument(
        "--replay",
        metavar="SOURCE",
        help="store:YYYYMMDD, or a recorded file or folder / 回放来源",
    )
    sub.add_argument(
        "--speed",
        type=_speed,
        default=argparse.SUPPRESS,
        metavar="N|max",
        help="pace of a simulated market / 速度",
    )
    sub.add_argument(
        "--for", type=_seconds, dest="seconds", metavar="SECONDS", help="stop after / 运行秒数"
    )
    sub.add_argument(
        "--shadow",
        action="store_const",
        const=["ctp.shadow=true"],
        default=[],
        help="over CTP: send nothing, list what would have been sent / 影子模式，不发报单",
    )


def _run(options: argparse.Namespace) -> int:
    from homalos.app.daemon import RunOptions, run_daemon
    from homalos.commands import load_config

    loaded = load_config(options.config, [*options.overrides, *options.shadow])
    if loaded is None:
        return WRONG
    speed = getattr(options, "speed", None if options.replay else "default")
    return run_daemon(
        RunOptions(
            loaded=loaded,
            data_dir=options.data_dir,
            logs_dir=options.logs_dir,
            strategies_dir=loaded.folder.parent / "strategies",
            port=options.port,
            replay=options.replay,
            speed=speed,
            seconds=options.seconds,
        )
    )


# ---------------------------------------------------------------- exchange


def _add_exchange(commands: Commands) -> None:
    text = "a local CTP front on the simulated exchange / 本地 CTP 模拟前置"
    sub = _command(commands, "exchange", text, _exchange)
    sub.set_defaults(own_folder="ctp-front")
    _config_options(sub)
    _data_option(sub)
    sub.add_argument("--accounts", type=Path, metavar="F", help="users of the front / 账户文件")
    sub.add_argument("--faults", type=Path, metavar="F", help="faults from the start on / 故障文件")
    sub.add_argument("--replay", metavar="SOURCE", help="a recorded file or folder / 回放来源")
    sub.add_argument(
        "--speed", type=_speed, default=1.0, metavar="N|max", help="pace, default 1 / 倍速，默认 1"
    )
    for name, what in (("md", "md 行情"), ("td", "td 交易"), ("control", "control 控制")):
        sub.add_argument(
            f"--{name}-port", type=_port, metavar="P", help=f"{what}; 0: any free / 0 为任意"
        )
    sub.add_argument(
        "--hold", action="store_true", help="the market waits for tell go / 等待 tell go 才开始行情"
    )
    sub.add_argument(
        "--for", type=_seconds, dest="seconds", metavar="SECONDS", help="stop after / 运行秒数"
    )
    verbs = sub.add_subparsers(title="commands", metavar="tell | libraries | password")
    _add_exchange_verbs(verbs)


def _add_exchange_verbs(verbs: Commands) -> None:
    text = "ask or tell a running front / 查询与控制运行中的前置"
    told = _command(verbs, "tell", text, _tell_exchange)
    told.add_argument(
        "words",
        nargs="+",
        metavar="COMMAND [WORD ...] [JSON]",
        help="status, go, speed, books, deposit, fault add ... (docs/exchange.md)",
    )
    told.add_argument(
        "--data-dir",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="D",
        help="data folder / 数据目录",
    )
    text = "where the drop-in CTP libraries are / 仿真 CTP 动态库所在目录"
    _command(verbs, "libraries", text, _exchange_libraries)
    text = "a password's hash for the accounts file / 生成账户文件用的密码哈希"
    _command(verbs, "password", text, _exchange_password)


def _exchange(options: argparse.Namespace) -> int:
    from homalos.commands import load_config
    from homalos.exchange_command import ExchangeOptions, run_exchange

    loaded = load_config(options.config, options.overrides)
    if loaded is None:
        return WRONG
    return run_exchange(
        ExchangeOptions(
            loaded=loaded,
            data_dir=options.data_dir,
            logs_dir=options.logs_dir,
            accounts=options.accounts,
            replay=options.replay,
            speed=options.speed,
            md_port=options.md_port,
            td_port=options.td_port,
            control_port=options.control_port or 0,
            faults=options.faults,
            hold=options.hold,
            seconds=options.seconds,
        )
    )


def _tell_exchange(options: argparse.Namespace) -> int:
    from homalos.commands import tell_exchange

    return tell_exchange(options)


def _exchange_libraries(options: argparse.Namespace) -> int:
    from homalos.commands import exchange_libraries

    return exchange_libraries()


def _exchange_password(options: argparse.Namespace) -> int:
    from homalos.commands import exchange_password

    return exchange_password()


# ---------------------------------------------------------------- data


def _add_import(commands: Commands) -> None:
    sub = _command(commands, "import", "import recorded data / 导入历史数据", _import)
    sub.add_argument("what", choices=["ticks"])
    sub.add_argument("path", type=Path)
    sub.add_argument("--format", choices=["ctp-csv", "l1-csv"], required=True)
    _config_options(sub)
    _data_option(sub)


def _import(options: argparse.Namespace) -> int:
    from homalos.commands import import_ticks

    return import_ticks(options)


def _add_calendar(commands: Commands) -> None:
    sub = _command(commands, "calendar", "the trading calendar / 交易日历", _calendar)
    sub.add_argument("action", choices=["update"])
    _config_options(sub)


def _calendar(options: argparse.Namespace) -> int:
    from homalos.commands import update_calendar

    return update_calendar(options)


def _add_journal(commands: Commands) -> None:
    sub = _command(commands, "journal", "read the journal / 查看日志账", _journal)
    sub.add_argument("action", choices=["verify", "show", "replay"])
    _data_option(sub)
    kinds = ["ingress", "outcome", "checkpoint"]
    sub.add_argument("--kind", choices=kinds, help="show: only these records")
    sub.add_argument("--event", metavar="NAME", help="show: only this class of event")
    sub.add_argument("--last", type=int, default=0, metavar="N", help="show: only the last N")
    sub.add_argument("--run", type=int, metavar="N", help="replay: this run, not the last / 运行号")
    sub.add_argument(
        "--strategies", type=Path, metavar="DIR", help="replay: the strategies' folder / 策略目录"
    )
    sub.add_argument(
        "--risk-rules", type=Path, metavar="DIR",
        help="replay: the folder of your risk rules, if not risk_rules beside the strategies'"
        " / 自定义风控规则目录",
    )  # fmt: skip
    sub.add_argument(
        "--anyway",
        action="store_true",
        help="replay: also where code, strategies or config are not as they were / 强制回放",
    )
    _config_options(sub)


def _journal(options: argparse.Namespace) -> int:
    from homalos.journal_commands import journal

    return journal(options)


# ---------------------------------------------------------------- machine, config, measurements


def _add_bench(commands: Commands) -> None:
    sub = _command(commands, "bench", "measure this machine / 基准测试", _bench)
    sub.add_argument("names", nargs="*", metavar="NAME")
    sub.add_argument("--json", type=Path, metavar="F", help="write the results here")


def _bench(options: argparse.Namespace) -> int:
    from homalos.bench.suite import run_suite

    return run_suite(options.names, sys.stdout, options.json)


def _add_doctor(commands: Commands) -> None:
    sub = _command(commands, "doctor", "check this machine / 检查本机环境", _doctor)
    _data_option(sub)
    sub.add_argument("--port", type=int, default=8000)
    sub.add_argument("--lang", choices=["zh", "en"])


def _doctor(options: argparse.Namespace) -> int:
    from homalos.doctor import run_doctor

    return run_doctor(sys.stdout, options.data_dir, options.port, options.lang)


def _add_config(commands: Commands) -> None:
    sub = _command(commands, "config", "show and check the configuration / 查看与检查配置", _config)
    _config_options(sub)
    sub.add_argument("--reference", choices=["zh", "en"], help="document every key")


def _config(options: argparse.Namespace) -> int:
    from homalos.commands import show_config

    return show_config(options)


def _add_reconcile(commands: Commands) -> None:
    text = "books against venue: differences, and your word on them / 账本与柜台对账"
    sub = _command(commands, "reconcile", text, _reconcile)
    what = sub.add_mutually_exclusive_group()
    what.add_argument("--ask", action="store_true", help="compare now / 立即对账")
    what.add_argument(
        "--accept", action="store_true", help="take the venue's word for these / 以柜台为准"
    )
    what.add_argument(
        "--assign",
        nargs=4,
        metavar=("CONTRACT", "DIRECTION", "STRATEGY", "LOTS"),
        help="these missing lots were this strategy's / 将缺少的持仓计入该策略",
    )
    _data_option(sub)


def _reconcile(options: argparse.Namespace) -> int:
    from homalos.commands import reconcile

    return reconcile(options)


def _trading_day(text: str) -> int:
    from homalos.model.times import to_date

    to_date(int(text))
    return int(text)


def _add_settlement(commands: Commands) -> None:
    text = "settlement statements against the books / 结算单核对结果"
    sub = _command(commands, "settlement", text, _settlement)
    sub.add_argument("--day", type=_trading_day, metavar="YYYYMMDD", help="one day, whole / 某日")
    _data_option(sub)


def _settlement(options: argparse.Namespace) -> int:
    from homalos.settlement_command import settlement

    return settlement(options)


def _add_breaker(commands: Commands) -> None:
    text = "circuit breakers that are open, and closing one / 查看与解除熔断"
    sub = _command(commands, "breaker", text, _breaker)
    what = sub.add_mutually_exclusive_group()
    what.add_argument("--close", metavar="STRATEGY", help="close a strategy's / 解除策略熔断")
    what.add_argument(
        "--close-account", action="store_true", help="close the account's / 解除账户熔断"
    )
    sub.add_argument("--reason", default="command line")
    _data_option(sub)


def _breaker(options: argparse.Namespace) -> int:
    from homalos.commands import breaker

    return breaker(options)


def _add_setup(commands: Commands) -> None:
    sub = _command(commands, "setup", "install optional parts / 安装可选组件", _setup)
    sub.add_argument("what", choices=["ctp", "native"])


def _setup(options: argparse.Namespace) -> int:
    if options.what == "native":
        from homalos.setup.native_parts import build_native

        return build_native()
    from homalos.setup.ctp import install_ctp

    return install_ctp()


# ---------------------------------------------------------------- to a running daemon


def _add_login(commands: Commands) -> None:
    sub = _command(commands, "login", "a new link to the console / 取得控制台登录链接", _login)
    _data_option(sub)


def _login(options: argparse.Namespace) -> int:
    from homalos.commands import login

    return login(options)


def _add_token(commands: Commands) -> None:
    sub = _command(commands, "token", "bearer tokens for programs / 程序访问令牌", _token)
    sub.add_argument("action", choices=["create", "revoke", "list"])
    sub.add_argument("name", nargs="?")
    _data_option(sub)


def _token(options: argparse.Namespace) -> int:
    from homalos.commands import token

    return token(options)


def _add_kill(commands: Commands) -> None:
    sub = _command(commands, "kill", "halt and cancel all orders / 停止交易并全撤", _kill)
    sub.add_argument("--reason", default="command line")
    sub.add_argument(
        "--scope",
        choices=["cancel", "strategy", "daemon", "account"],
        default="cancel",
        help="cancel: positions stay; strategy: close one strategy's; daemon: close all that "
        "strategies and you hold here; account: close every lot / cancel 只撤单，其余同时平仓",
    )
    sub.add_argument("--strategy", metavar="NAME", help="with --scope strategy / 策略名")
    _data_option(sub)


def _kill(options: argparse.Namespace) -> int:
    from homalos.commands import kill

    return kill(options)
