"""The levels as a table: limits that deny, and levels at which the watch acts."""

from typing import NamedTuple

from homalos.config.sections.risk import RiskSection
from homalos.model.ids import MANUAL, StrategyId
from homalos.model.watching import ACCOUNT
from homalos.trading.watch.measures import Figure

DAY_LOSS, DRAWDOWN, MARGIN_USE = "day_loss", "drawdown", "margin_use"
RECOVERED = 0.8
"""A drawdown that has come back to this share of a level may reach it anew."""

_WORDS = {
    DAY_LOSS: ("day loss", "当日亏损"),
    DRAWDOWN: ("drawdown", "回撤"),
    MARGIN_USE: ("margin", "占用保证金"),
}


class Level(NamedTuple):
    """``unit``: ``yuan`` or ``percent``; ``only``: of these strategies, empty: of each, but not of
    ``manual``: a person's own book."""

    of: str
    what: str
    unit: str
    at: float
    action: str
    only: tuple[str, ...] = ()

    def concerns(self, subject: StrategyId) -> bool:
        if subject == ACCOUNT:
            return self.of == "account"
        if self.of != "strategy":
            return False
        return subject in self.only if self.only else subject != MANUAL


class Limits:
    """What may be lost before nothing may be opened, by unit; 0: no limit."""

    def __init__(self, section: RiskSection) -> None:
        self._account = {
            DAY_LOSS: (section.max_day_loss, section.max_day_loss_percent),
            DRAWDOWN: (0.0, section.max_drawdown_percent),
        }
        self._each = {
            DAY_LOSS: section.max_strategy_day_loss,
            DRAWDOWN: section.max_strategy_drawdown,
        }
        self._own = {
            row.id: {DAY_LOSS: row.max_day_loss, DRAWDOWN: row.max_drawdown}
            for row in section.strategies
        }

    def of(self, subject: StrategyId, what: str) -> tuple[float, float]:
        """(yuan, percent)."""
        if subject == ACCOUNT:
            return self._account[what]
        own = self._own.get(subject, {}).get(what)
        return (self._each[what] if own is None else own), 0.0

    def reached(self, subject: StrategyId, what: str, figure: Figure) -> tuple[str, float] | None:
        """The unit and the limit at which the figure is, or beyond."""
        yuan, percent = self.of(subject, what)
        if 0.0 < yuan <= figure.yuan:
            return "yuan", yuan
        if figure.percent is not None and 0.0 < percent <= figure.percent:
            return "percent", percent
        return None


def table(section: RiskSection) -> tuple[Level, ...]:
    """The levels of the config, the lowest first."""
    rows = (
        Level(
            row.of, row.what, "yuan" if row.yuan else "percent", row.yuan or row.percent,
            row.action, row.strategies,
        )
        for row in section.watches
    )  # fmt: skip
    return tuple(sorted(rows, key=lambda level: level.at))


def amount(value: float, unit: str) -> str:
    return f"{value:,.2f} yuan" if unit == "yuan" else f"{value:.2f} %"


def sentence(subject: StrategyId, what: str, figure: Figure, unit: str, at: float) -> str:
    """What has reached which level, with its figures, in English and Chinese."""
    en, zh = _WORDS[what]
    owner_en, owner_zh = (
        ("the account", "账户") if subject == ACCOUNT else (f"{subject}", f"策略 {subject} ")
    )
    share = "" if figure.percent is None else f" ({figure.percent:.2f} %)"
    share_zh = "" if figure.percent is None else f"（{figure.percent:.2f}%）"
    level_zh = f"{at:,.2f} 元" if unit == "yuan" else f"{at:.2f}%"
    return (
        f"{en} of {owner_en}: {figure.yuan:,.2f} yuan{share}, level {amount(at, unit)} / "
        f"{owner_zh}{zh} {figure.yuan:,.2f} 元{share_zh}，达到 {level_zh}"
    )
