"""The shape of calendar.yaml: the days on which the exchanges are closed."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated

from homalos.config.key import Section, key

SATURDAY = 5


class CalendarFile(Section, frozen=True):
    """calendar.yaml. Weekends are closed without being told."""

    known_from: Annotated[date, key("First day that the list covers.", "列表覆盖的首日。")] = date(
        2010, 1, 1
    )
    known_until: Annotated[
        date,
        key(
            "Last day whose closures are official; closed days after it are provisional.",
            "休市安排已正式公布的最后一天；其后的休市日为暂定。",
        ),
    ] = date(2010, 1, 1)
    closed: Annotated[
        tuple[date, ...],
        key("Weekdays on which the exchanges are closed.", "交易所休市的工作日（周一至周五）。"),
    ] = ()
    no_night: Annotated[
        tuple[date, ...],
        key(
            "Trading days without the night session that the rule would give them: each a day, "
            "named by the trading day, not by the evening.",
            "按规则应有夜盘、实际没有的交易日（按交易日记，而非前一晚的日期）。",
        ),
    ] = ()
    no_night_spans: Annotated[
        tuple[tuple[date, date], ...],
        key(
            "The same for spans of trading days, first and last included.",
            "同上，按起止交易日（含两端）。",
        ),
    ] = ()

    def faults(self) -> Iterator[tuple[str, str, str]]:
        if self.known_from > self.known_until:
            yield "known_until", "lies before known_from", "早于 known_from"
        for index, day in enumerate(self.closed):
            if day.weekday() >= SATURDAY:
                yield f"closed.{index}", f"{day} is a weekend day", f"{day} 是周末，无需列出"
        for index, (first, last) in enumerate(self.no_night_spans):
            if first > last:
                yield (
                    f"no_night_spans.{index}",
                    "the last day lies before the first",
                    "止日早于起日",
                )
