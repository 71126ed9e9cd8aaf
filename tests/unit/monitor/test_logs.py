"""Lines reach console and file in China's time, without secrets; the loop only keeps events."""

import gzip
import io
import logging
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from loguru import logger
from tests.unit.storage import samples

from homalos.config.sections.logging import LoggingSection
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock, sleep, wall_ns
from homalos.model.catalogue import CATALOGUE
from homalos.model.enums import Channel, OrderStatus, Severity, StrategyState, TradingState
from homalos.model.event import Event
from homalos.model.events import (
    AlertRaised,
    ConfigChanged,
    ConnectionChanged,
    Denial,
    HandlerFailed,
    OrderDenied,
    OrderRejected,
    Reconciled,
    StrategyStateChanged,
    TradeFilled,
    TradingStateChanged,
)
from homalos.model.times import MINUTE
from homalos.model.trading import Order
from homalos.monitor.lines import LINES, Language, Levels, describe, line_of
from homalos.monitor.logs import LogActor, Logs
from homalos.monitor.redaction import Redactor
from homalos.monitor.repeats import Repeats

Make = Callable[..., Logs]


@pytest.fixture
def console() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def make(tmp_path: Path, console: io.StringIO) -> Iterator[Make]:
    made: list[Logs] = []

    def build(section: LoggingSection | None = None, **more: object) -> Logs:
        logs = Logs(section or LoggingSection(), tmp_path, console=console, **more)  # type: ignore[arg-type]
        logs.start()
        made.append(logs)
        return logs

    yield build
    for logs in made:
        logs.stop()


def written(tmp_path: Path) -> str:
    return (tmp_path / "homalos.log").read_text(encoding="utf-8")


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        sleep(0.01)
    raise AssertionError("it did not happen within five seconds")


def test_a_line_is_on_the_console_and_in_the_file(
    make: Make, tmp_path: Path, console: io.StringIO
) -> None:
    logs = make()
    logger.info("started {} of {}", 1, 2)
    logger.debug("too fine")
    logs.stop()
    assert "started 1 of 2" in console.getvalue()
    (line,) = written(tmp_path).splitlines()
    match = re.match(
        r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) INFO +(\S+) \| started 1 of 2$", line
    )
    assert match, line
    china = timezone(timedelta(hours=8))
    at = datetime.strptime(match[1], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=china)
    assert abs(datetime.now(china) - at) < timedelta(minutes=1)


def test_braces_in_a_message_are_left_alone(make: Make, tmp_path: Path) -> None:
    logs = make()
    logger.info('{{"a": 1}} <red>')
    logger.info("{}", '{"b": 2}')
    logs.stop()
    assert '{"b": 2}' in written(tmp_path)
    assert "<red>" in written(tmp_path)


def test_levels_change_while_it_runs_and_no_line_is_lost_or_doubled(
    make: Make, tmp_path: Path
) -> None:
    logs = make()
    logger.debug("before")
    logs.configure(LoggingSection(level="DEBUG", console_level="ERROR"))
    for n in range(100_000):
        logger.info("line {}.", n)
        logger.debug("after")
        if n > 20 and "after" in written(tmp_path):
            break
        sleep(0.01)
    logs.stop()
    text = written(tmp_path)
    assert "before" not in text
    assert "after" in text
    assert [int(x) for x in re.findall(r"\| line (\d+)\.", text)] == list(range(n + 1))


def test_while_two_intakes_stand_side_by_side_a_line_is_taken_once(
    make: Make, tmp_path: Path
) -> None:
    logs = make()
    second = logs._add_intake("INFO")
    logger.info("once")
    logger.remove(second)
    logs.stop()
    assert written(tmp_path).count("once") == 1


def test_a_line_logged_while_the_intake_is_replaced_is_kept(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = make()
    add = logger.add

    def slow_add(*args: Any, **more: Any) -> int:
        logger.info("in between")
        return add(*args, **more)

    monkeypatch.setattr(logger, "add", slow_add)
    second = logs._add_intake("INFO")
    monkeypatch.undo()
    logger.remove(second)
    logs.stop()
    assert written(tmp_path).count("in between") == 1


def test_the_console_has_a_level_of_its_own(
    make: Make, tmp_path: Path, console: io.StringIO
) -> None:
    logs = make(LoggingSection(level="DEBUG", console_level="ERROR"))
    logger.debug("fine")
    logger.error("grave")
    logs.stop()
    assert "fine" in written(tmp_path)
    assert "fine" not in console.getvalue()
    assert "grave" in console.getvalue()


def test_an_exception_is_told_without_the_values_of_its_variables(
    make: Make, tmp_path: Path
) -> None:
    logs = make()
    hidden = "the value of a local"

    def fails() -> None:
        raise ValueError(len(hidden))

    try:
        fails()
    except ValueError:
        logger.exception("it failed")
    logs.stop()
    text = written(tmp_path)
    assert "it failed" in text
    assert "ValueError: 20" in text
    assert hidden not in text


def test_what_libraries_say_through_logging_comes_too(make: Make, tmp_path: Path) -> None:
    logs = make()
    logging.getLogger("uvicorn.error").warning("port %d in use", 8000)
    logging.getLogger("chatty").debug("no")
    logs.stop()
    assert "WARNING" in written(tmp_path)
    assert "uvicorn.error: port 8000 in use" in written(tmp_path)
    assert not any(type(h).__name__ == "_FromStdlib" for h in logging.root.handlers)


def test_secrets_are_blotted_out(make: Make, tmp_path: Path, console: io.StringIO) -> None:
    logs = make(secrets=["hunter2!"])
    logger.info("login with hunter2! refused")
    logger.info("GET /ws?token=abcdef123&x=1")
    try:
        raise RuntimeError("password=swordfish rejected")
    except RuntimeError:
        logger.exception("venue")
    logs.stop()
    for text in (written(tmp_path), console.getvalue()):
        assert "hunter2!" not in text
        assert "abcdef123" not in text
        assert "swordfish" not in text
        assert "&x=1" in text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("auth_code: 'X9'", "auth_code: '***'"),
        ('{"password": "pä ss"}', '{"password": "*** ss"}'),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("密码：秘密", "密码：***"),
        ("tokens 5 left", "tokens 5 left"),
    ],
)
def test_what_looks_secret(text: str, clean: str) -> None:
    assert Redactor().clean(text) == clean


def test_of_two_secrets_the_longer_goes_first() -> None:
    redactor = Redactor(["abcd", "abcdef"])
    redactor.add("ab")  # too short to be one
    assert redactor.clean("abcdef abcd ab") == "*** *** ab"


def test_events_become_lines_in_both_languages(make: Make, tmp_path: Path) -> None:
    bus = Bus(SimClock(samples.OPEN))
    logs = make(language="zh")
    LogActor(bus, logs).attach()
    bus.post(TradeFilled(samples.trade(1)))
    denial = Denial("max_order_lots", 20.0, 10.0, "20 lots, 10 allowed")
    bus.post(OrderDenied(samples.order(2), (denial,)))
    bus.post(AlertRaised(Severity.CRITICAL, "store", "disk full", wall_ns()))
    bus.run_until_idle()
    logs.stop()
    text = written(tmp_path)
    assert "成交：ma SHFE.rb1801 买 开 2 @ 3800，手续费 3.80" in text
    assert "max_order_lots: 20 lots, 10 allowed [2017-11-13 09:00:00.000]" in text
    assert re.search(r"CRITICAL alert \| store：disk full \[2017.*\]$", text, re.MULTILINE)


def test_every_event_has_a_line_that_can_be_made() -> None:
    """Each template names fields that exist, and every class is one that monitors may hear."""
    samples_of = {
        "order": samples.order(1), "trade": samples.trade(1), "denials": (), "agreed": True,
        "severity": Severity.INFO, "connected": True,
    }  # fmt: skip
    for event, line in LINES.items():
        assert "monitor" in CATALOGUE[event].consumers, event
        values = [samples_of.get(f, "x") for f in event.__struct_fields__]
        made = event(*values)
        for language in ("en", "zh"):
            for said in (line, line_of(made)):
                assert "{" not in describe(made, said, language)  # type: ignore[arg-type]
        if line.subject is not None:
            hash(line.subject(made))


def _rejected() -> Order:
    return msgspec.structs.replace(samples.order(1), code=31, message="资金不足")


def _agree(agreed: bool = True) -> Reconciled:
    return Reconciled("sim", agreed, () if agreed else ("rb: 1, 2", "m: 3, 4"), 1)


@pytest.mark.parametrize(
    ("event", "en", "zh"),
    [
        (
            ConnectionChanged("sim", Channel.TRADING, True, "", 1),
            "sim: the trading line is up",
            "sim：交易线路已连接",
        ),
        (
            ConnectionChanged("sim", Channel.MARKET_DATA, False, "no heartbeat", 1),
            "sim: the market data line is down: no heartbeat",
            "sim：行情线路已断开：no heartbeat",
        ),
        (_agree(), "sim: books and venue agree", "sim：账簿与交易所一致"),
        (
            _agree(False),
            "sim: books and venue differ: rb: 1, 2; m: 3, 4",
            "sim：账簿与交易所不一致：rb: 1, 2; m: 3, 4",
        ),
        (
            TradingStateChanged(
                TradingState.HALTED, TradingState.ACTIVE, "li", "lunch", TradingState.HALTED, 1
            ),
            "trading is halted, it was active; by li: lunch",
            "交易状态：已停止（原为：可交易），li：lunch",
        ),
        (
            TradingStateChanged(
                TradingState.HALTED, TradingState.HALTED, "li", "lunch", TradingState.HALTED, 1
            ),
            "trading stays halted; by li: lunch",
            "交易状态仍为：已停止，li：lunch",
        ),
        (
            ConfigChanged((("risk.max_order_lots", "5", "6"), ("a.b", "1", "2")), 1),
            "configuration changed: risk.max_order_lots: 5 -> 6; a.b: 1 -> 2",
            "配置已更新：risk.max_order_lots: 5 -> 6; a.b: 1 -> 2",
        ),
        (
            StrategyStateChanged("ma", StrategyState.RUNNING, "", 1),
            "ma is running",
            "策略 ma 运行中",
        ),
        (
            OrderRejected(_rejected()),
            "order rejected by the venue: 1-000001 ma SHFE.rb1801 buy open 2 @ 3800: 资金不足 (31)",
            "报单被交易所拒绝：1-000001 ma SHFE.rb1801 买 开 2 @ 3800：资金不足 (31)",
        ),
        (
            OrderRejected(msgspec.structs.replace(_rejected(), code=-2, message="")),
            "order not sent: 1-000001 ma SHFE.rb1801 buy open 2 @ 3800 (-2)",
            "报单未发出：1-000001 ma SHFE.rb1801 买 开 2 @ 3800 (-2)",
        ),
    ],
)
def test_lines_are_sentences(event: Event, en: str, zh: str) -> None:
    said: dict[Language, str] = {"en": en, "zh": zh}
    for language, text in said.items():
        assert describe(event, line_of(event), language) == text


def test_that_books_and_venue_agree_is_news_once() -> None:
    """Until they differ or the trading line was lost; every five minutes it is no news."""
    levels = Levels()

    def told(event: Event) -> str:
        return levels.of(event, line_of(event))

    assert [told(_agree()) for _ in range(3)] == ["INFO", "DEBUG", "DEBUG"]
    assert told(_agree(False)) == "ERROR"
    assert [told(_agree()) for _ in range(2)] == ["INFO", "DEBUG"]
    assert told(ConnectionChanged("sim", Channel.MARKET_DATA, False, "", 1)) == "WARNING"
    assert told(_agree()) == "DEBUG"
    assert told(ConnectionChanged("sim", Channel.TRADING, False, "", 1)) == "WARNING"
    assert told(ConnectionChanged("sim", Channel.TRADING, True, "", 1)) == "INFO"
    assert [told(_agree()) for _ in range(2)] == ["INFO", "DEBUG"]


def test_the_log_has_the_agreement_once(make: Make, tmp_path: Path) -> None:
    bus = Bus(SimClock(1))
    logs = make()
    LogActor(bus, logs).attach()
    for _ in range(3):
        bus.post(_agree())
    bus.run_until_idle()
    logs.stop()
    assert written(tmp_path).count("books and venue agree") == 1


def test_a_message_of_the_venue_cannot_forge_a_line() -> None:
    order = samples.order(1, OrderStatus.REJECTED, message="no\n2017-11-13 CRITICAL all is well")
    assert "\n" not in describe(OrderRejected(order), LINES[OrderRejected], "en")


def test_endless_repeats_are_counted(make: Make, tmp_path: Path) -> None:
    bus = Bus(SimClock(1))
    logs = make(LoggingSection(repeats_per_minute=3))
    LogActor(bus, logs).attach()
    for n in range(50):
        bus.post(HandlerFailed("ma", "Tick", f"ZeroDivisionError {n}", wall_ns()))
    bus.post(HandlerFailed("grid", "Tick", "KeyError", wall_ns()))
    bus.run_until_idle()
    logs.stop()
    text = written(tmp_path)
    assert text.count("ma failed on Tick") == 3 + 1
    assert "repeated 47 times: ma failed on Tick: ZeroDivisionError 49 [" in text
    assert "grid failed" in text


def test_a_subject_may_speak_again_after_its_minute() -> None:
    repeats = Repeats(1)
    assert repeats.allow("k", 0, "INFO", "s", "a")
    assert not repeats.allow("k", 1, "INFO", "s", "b")
    assert list(repeats.ended(MINUTE - 1)) == []
    (told,) = repeats.ended(MINUTE)
    assert (told.count, told.text) == (1, "b")
    assert repeats.allow("k", MINUTE, "INFO", "s", "c")


def test_yesterdays_file_is_compressed_and_old_ones_go(make: Make, tmp_path: Path) -> None:
    """Rotation by China's midnight, through loguru itself: a record of tomorrow is written."""
    old = tmp_path / "homalos.2020-01-01_00-00-00_000000.log.gz"
    old.write_bytes(b"x")
    import os

    os.utime(old, (0, 0))
    logs = make(LoggingSection(keep_days=5))
    logger.info("today")
    wait_for(lambda: "today" in written(tmp_path))
    logs._write("INFO", "test", "tomorrow", wall_ns() + 24 * 60 * MINUTE)
    logs.stop()
    assert "tomorrow" in written(tmp_path)
    assert "today" not in written(tmp_path)
    (archived,) = tmp_path.glob("*.log.gz")
    assert archived != old
    assert "today" in gzip.decompress(archived.read_bytes()).decode()


def test_a_flood_is_bounded_and_told(make: Make, tmp_path: Path) -> None:
    bus = Bus(SimClock(1))
    logs = Logs(LoggingSection(), tmp_path, console=io.StringIO())
    LogActor(bus, logs).attach()
    for n in range(20_500):  # nobody drains: it was not started
        bus.post(AlertRaised(Severity.INFO, "feed", "x" if n else "first", wall_ns()))
    bus.run_until_idle()
    logs.start()
    logs.stop()
    assert logs.dropped == 500
    assert "500 lines lost" in written(tmp_path)


def test_order_lines_below_the_level_are_not_made(make: Make, tmp_path: Path) -> None:
    bus = Bus(SimClock(1))
    logs = make()
    LogActor(bus, logs).attach()
    from homalos.model.events import OrderSubmitted

    bus.post(OrderSubmitted(msgspec.structs.replace(samples.order(1))))
    bus.run_until_idle()
    logs.stop()
    assert written(tmp_path) == ""
