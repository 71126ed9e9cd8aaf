"""Losses that stand: from their limit on until the day is over, the limit is raised, or a reset."""

from collections.abc import Iterable

from homalos.config.sections.risk import RiskSection
from homalos.model.ids import StrategyId
from homalos.model.watching import ACCOUNT, Latched
from homalos.trading.watch.levels import DAY_LOSS, DRAWDOWN, Limits, amount, sentence
from homalos.trading.watch.measures import Figure
from homalos.trading.watch.standing import Stand, Standing

Key = tuple[StrategyId, str]


class Latches:
    """Part of the watch. The worst figure since a limit was reached stands, whatever the loss does
    then: a limit that is raised above it lifts it."""

    def __init__(self) -> None:
        self.standing = Standing()
        self._worst: dict[Key, Figure] = {}
        self.limits = Limits(RiskSection())

    def configure(self, limits: Limits) -> tuple[Key, ...]:
        """Judge by these; those that are lifted by it."""
        self.limits = limits
        lifted = tuple(
            key for key, figure in self._worst.items() if limits.reached(*key, figure) is None
        )
        for key in lifted:
            del self._worst[key]
        self._stand()
        return lifted

    def look(self, subject: StrategyId, what: str, figure: Figure) -> str:
        """The sentence of a loss that has reached its limit just now; else empty."""
        key = subject, what
        worst = self._worst.get(key)
        if worst is not None:
            if figure != worst:
                self._worst[key] = _worse(figure, worst)
                self._stand()
            return ""
        reached = self.limits.reached(subject, what, figure)
        if reached is None:
            return ""
        self._worst[key] = figure
        self._stand()
        ends = "until the next trading day" if what == DAY_LOSS else "until a person says so"
        ends_zh = "直至下一交易日" if what == DAY_LOSS else "直至人工解除"
        en, _, zh = sentence(subject, what, figure, *reached).partition(" / ")
        return (
            f"nothing may be opened {ends}, or until the limit is raised: {en} / "
            f"{zh}，{ends_zh}或调高限额前不得开仓"
        )

    def subjects(self) -> tuple[StrategyId, ...]:
        """Whose losses stand."""
        return tuple(dict.fromkeys(subject for subject, _ in self._worst))

    def forget(self, what: str) -> None:
        self._worst = {key: figure for key, figure in self._worst.items() if key[1] != what}
        self._stand()

    def _stand(self) -> None:
        """What the rules read, anew: the same object."""
        standing = self.standing
        standing.day, standing.drawdown = self._of(ACCOUNT, DAY_LOSS), self._of(ACCOUNT, DRAWDOWN)
        rows = {key: stand for key in self._worst if (stand := self._of(*key)) is not None}
        standing.day_of = {s: stand for (s, what), stand in rows.items() if s and what == DAY_LOSS}
        standing.drawdown_of = {
            s: stand for (s, what), stand in rows.items() if s and what == DRAWDOWN
        }

    def _of(self, subject: StrategyId, what: str) -> Stand | None:
        worst = self._worst.get((subject, what))
        reached = None if worst is None else self.limits.reached(subject, what, worst)
        if worst is None or reached is None:
            return None
        unit, limit = reached
        owner = "the account" if subject == ACCOUNT else str(subject)
        loss = "loss of the day" if what == DAY_LOSS else "drawdown"
        value = worst.of(unit) or 0.0
        text = f"{loss} of {owner} was {amount(value, unit)}: the limit is {amount(limit, unit)}"
        return Stand(value, limit, text)

    # ------------------------------------------------------------ keeping

    def notes(self) -> tuple[Latched, ...]:
        return tuple(
            Latched(subject, what, figure.yuan, figure.percent)
            for (subject, what), figure in sorted(self._worst.items(), key=lambda row: row[0])
        )

    def load(self, rows: Iterable[Latched]) -> None:
        """As they were noted. A limit that was raised meanwhile has lifted its own."""
        noted = {(row.subject, row.what): Figure(row.yuan, row.percent) for row in rows}
        self._worst = {
            key: figure for key, figure in noted.items() if self.limits.reached(*key, figure)
        }
        self._stand()


def _worse(one: Figure, other: Figure) -> Figure:
    shares = [f.percent for f in (one, other) if f.percent is not None]
    return Figure(max(one.yuan, other.yuan), max(shares, default=None))
