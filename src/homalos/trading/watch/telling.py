"""Losses as the page shows them: figures against their limits and levels."""

from typing import Any

from homalos.model.ids import StrategyId
from homalos.model.watching import ACCOUNT
from homalos.trading.watch.keeper import LossWatch
from homalos.trading.watch.levels import DAY_LOSS, DRAWDOWN
from homalos.trading.watch.measures import Figure
from homalos.trading.watch.standing import Stand


def told(watch: LossWatch) -> dict[str, Any]:
    """Money in yuan; ``None``: not known yet, or no limit."""
    measures, standing = watch.measures, watch.standing
    capital = measures.capital
    known = capital.result is not None
    return {
        "trading_day": capital.trading_day or None,
        "account": {
            "equity": capital.equity if known else None,
            "peak_equity": capital.peak_equity if known else None,
            "result": capital.result,
            "day_loss": _row(watch, ACCOUNT, DAY_LOSS, capital.day_loss(), standing.day),
            "drawdown": _row(watch, ACCOUNT, DRAWDOWN, capital.drawdown(), standing.drawdown),
            "margin_use": _figure(capital.margin_use()),
        },
        "strategies": [
            {
                "id": name,
                "stopped": watch.stopped(name),
                "day_loss": _row(
                    watch, name, DAY_LOSS, course.day_loss(), standing.day_of.get(name)
                ),
                "drawdown": _row(
                    watch, name, DRAWDOWN, course.drawdown(), standing.drawdown_of.get(name)
                ),
            }
            for name, course in sorted(measures.courses.items())
        ],
        "levels": [
            {
                "of": level.of,
                "what": level.what,
                level.unit: level.at,
                "action": level.action,
                "strategies": list(level.only),
            }
            for level in watch.levels()
        ],
        "acted": [
            {
                "subject": row.subject or "account",
                "what": row.what,
                "action": row.action,
                row.unit: row.at,
                "owed": row.owed,
                "text": row.text,
                "ts": row.ts,
            }
            for row in watch.fired()
        ],
        "blind": [{"instrument": id_, "why": why} for id_, why in sorted(watch.blind.items())],
        "at_basis": [{"instrument": id_, "why": why} for id_, why in watch.at_basis()],
    }


def _figure(figure: Figure | None) -> dict[str, Any]:
    if figure is None:
        return {"yuan": None, "percent": None}
    return {"yuan": figure.yuan, "percent": figure.percent}


def _row(
    watch: LossWatch, subject: StrategyId, what: str, figure: Figure | None, stand: Stand | None
) -> dict[str, Any]:
    """A figure, its limits, and the sentence of a loss that stands."""
    yuan, percent = watch.latches.limits.of(subject, what)
    return {
        **_figure(figure),
        "limit_yuan": yuan or None,
        "limit_percent": percent or None,
        "stands": None if stand is None else stand.text,
    }
