"""Losses, drawdowns, and the levels at which a watch acts: part of risk.yaml. 0 is off."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

import msgspec

from homalos.config.key import Section, key
from homalos.config.sections.risk_rates import RateKeys

_YUAN = 1_000_000_000_000


def _money(en: str, zh: str) -> msgspec.Meta:
    return key(
        f"{en}; 0: off.", f"{zh}，0 为关闭。", unit="yuan", ge=0, le=_YUAN, applies="at once"
    )


def _percent(en: str, zh: str) -> msgspec.Meta:
    return key(f"{en}; 0: off.", f"{zh}，0 为关闭。", unit="%", ge=0, le=1_000, applies="at once")


class WatchLevel(Section):
    """A level at which the watch acts."""

    of: Annotated[
        Literal["account", "strategy"],
        key(
            "Whose: the account's, or each strategy's by itself.",
            "监控对象：账户，或每个策略各自。",
            applies="at once",
        ),
    ] = "account"
    what: Annotated[
        Literal["day_loss", "drawdown", "margin_use"],
        key(
            "Loss of the trading day, drawdown from the highest equity, or margin over equity (the "
            "account's alone).",
            "当日亏损、自最高权益的回撤、或保证金占权益比例（仅账户）。",
            applies="at once",
        ),
    ] = "day_loss"
    percent: Annotated[
        float, _percent("The level in percent (the account's)", "触发值，百分比（仅账户）")
    ] = 0.0
    yuan: Annotated[float, _money("Or in yuan", "或触发值，元")] = 0.0
    action: Annotated[
        Literal["warn", "reduce", "stop", "flatten"],
        key(
            "warn: an alert. reduce: trading state reducing (the account's). stop: stop the "
            "strategy. flatten: stop and close its book; of the account: halt, and close what the "
            "daemon holds.",
            "warn 告警；reduce 账户只许减仓；stop 停止策略；flatten 停止策略并平仓，账户则停止交易"
            "并平掉本程序的持仓。",
            applies="at once",
        ),
    ] = "warn"
    strategies: Annotated[
        tuple[str, ...],
        key(
            "These strategies alone; none: each, but not manual, your own book.",
            "仅对这些策略（可含 manual），空为每个策略，不含手工账本 manual。",
            applies="at once",
        ),
    ] = ()

    def faults(self) -> Iterator[tuple[str, str, str]]:
        if (self.percent > 0) is (self.yuan > 0):
            yield (
                "",
                "a level has either percent or yuan, above 0",
                "percent 与 yuan 须且仅须填一个",
            )
        if self.of == "strategy":
            yield from self._of_a_strategy()
            return
        if self.strategies:
            yield "strategies", "is of: strategy's alone", "仅用于 of: strategy"
        if self.action == "stop":
            yield "action", "stop is a strategy's: reduce or flatten", "stop 仅用于策略"
        if self.what == "margin_use" and self.yuan:
            yield "yuan", "margin_use is in percent", "margin_use 只能用 percent"

    def _of_a_strategy(self) -> Iterator[tuple[str, str, str]]:
        if self.percent:
            yield (
                "percent",
                "a strategy has no money of its own: give yuan",
                "策略没有自己的资金，请用 yuan",
            )
        if self.what == "margin_use":
            yield "what", "margin_use is the account's", "margin_use 仅用于账户"
        if self.action == "reduce":
            yield "action", "reduce is the account's: stop or flatten", "reduce 仅用于账户"


_SHIPPED = (
    WatchLevel(what="day_loss", percent=3.0, action="warn"),
    WatchLevel(what="day_loss", percent=5.0, action="reduce"),
    WatchLevel(what="drawdown", percent=10.0, action="warn"),
    WatchLevel(what="drawdown", percent=20.0, action="reduce"),
    WatchLevel(what="margin_use", percent=85.0, action="warn"),
    WatchLevel(what="margin_use", percent=95.0, action="reduce"),
)


def double_levels(levels: Iterable[WatchLevel]) -> Iterator[tuple[str, str, str]]:
    """Faults of rows that say the same."""
    seen: set[WatchLevel] = set()
    for index, row in enumerate(levels):
        if row in seen:
            yield f"watches.{index}", "the same level stands above", "与上方某行重复"
        seen.add(row)


class LossKeys(RateKeys):
    """See the module."""

    max_day_loss: Annotated[
        float,
        _money(
            "Loss of the account in the trading day, fees included, from which nothing may be "
            "opened until the next trading day",
            "账户当日亏损（含手续费）达到此值后，当日不得开仓",
        ),
    ] = 0.0
    max_day_loss_percent: Annotated[
        float,
        _percent(
            "The same in percent of the equity with which the day opened",
            "同上，占当日期初权益的百分比",
        ),
    ] = 8.0
    max_drawdown_percent: Annotated[
        float,
        _percent(
            "Fall of the account from its highest equity, deposits and withdrawals left aside, "
            "from which nothing may be opened until this key is raised or drawdown_since changed",
            "账户自最高权益回撤（不计出入金）达到此比例后不得开仓，直至调高此值"
            "或修改 drawdown_since",
        ),
    ] = 25.0
    max_strategy_day_loss: Annotated[
        float,
        _money(
            "Loss of each strategy in the trading day, fees included, from which it may open "
            "nothing until the next trading day",
            "每个策略当日亏损（含手续费）达到此值后，该策略当日不得开仓",
        ),
    ] = 0.0
    max_strategy_drawdown: Annotated[
        float,
        _money(
            "Fall of each strategy from the most that it had made, from which it may open nothing "
            "until this key is raised or drawdown_since changed",
            "每个策略自最高累计盈亏回撤达到此值后不得开仓，直至调高此值或修改 drawdown_since",
        ),
    ] = 0.0
    drawdown_since: Annotated[
        int,
        key(
            "Any number, a date say (20260105): another one than before forgets the highest "
            "equity of the account and of every strategy, and drawdowns count from then on.",
            "任意数字，如日期 20260105：改为另一数字即清除账户与各策略的最高权益，"
            "从此重新计算回撤。",
            ge=0,
            le=99_991_231,
            applies="at once",
        ),
    ] = 0
    max_mark_age_ms: Annotated[
        int,
        key(
            "Losses are valued at no tick that is older than this when it is looked at.",
            "用于计算盈亏的行情最大时龄，更旧的行情不用于估值。",
            unit="ms",
            ge=1,
            le=86_400_000,
            applies="at once",
        ),
    ] = 10_000
    watches: Annotated[
        tuple[WatchLevel, ...],
        key(
            "Levels at which the watch acts, each once a trading day (of a drawdown: again after "
            "it has recovered by a fifth).",
            "监控的触发级别，每级每交易日触发一次（回撤：恢复五分之一后可再次触发）。",
            applies="at once",
        ),
    ] = _SHIPPED
