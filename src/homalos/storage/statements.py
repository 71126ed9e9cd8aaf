"""Settlement statements as rows: what is in them has names, for people and programs that query."""

from typing import Any

import msgspec

from homalos.model.settlement import StatementCompared

COLUMNS = (
    "ts", "account", "trading_day", "result", "layout", "path", "digest", "margin_call", "figures",
    "differences", "corrections", "notes",
)  # fmt: skip
"""In the order of ``row``; the last four are JSON."""


def row(event: StatementCompared) -> tuple[Any, ...]:
    """One row of ``statements``."""
    figures = [
        {"name": name, "ours": ours, "theirs": theirs} for name, ours, theirs in event.figures
    ]
    return (
        event.ts_init, event.account, event.trading_day, event.result, event.layout, event.path,
        event.digest, event.margin_call, figures, [_named(d) for d in event.differences],
        [_named(c) for c in event.corrections], event.notes,
    )  # fmt: skip


def _named(record: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(record)
