"""Tells when trading goes on beyond the days that the exchanges have published."""

from homalos.kernel.bus import Bus
from homalos.market.calendar import TradingCalendar
from homalos.model.enums import Severity
from homalos.model.events import AlertRaised, TradingDayChanged


class CalendarWatch:
    """An alert at each trading day whose closures calendar.yaml does not know officially: whether
    the exchanges are open, and whether there is a night session, is then a guess."""

    def __init__(self, bus: Bus, calendar: TradingCalendar) -> None:
        self._bus = bus
        self._calendar = calendar
        self._told = 0

    def attach(self) -> None:
        self._bus.subscribe(TradingDayChanged, self._on_day, actor="calendar", role="market")

    def _on_day(self, event: TradingDayChanged) -> None:
        day = event.trading_day
        if self._calendar.known(day) or day == self._told:
            return
        self._told = day
        text = (
            f"trading day {day} is not among the official days of calendar.yaml: holidays and "
            "night sessions are a guess; for a new year run: homalos calendar update "
            f"/ 交易日 {day} 不在 calendar.yaml 的正式范围内，节假日与夜盘只是推测；"
            "新的一年请运行 homalos calendar update"
        )
        now = self._bus.clock.now()
        self._bus.publish(AlertRaised(Severity.WARNING, "calendar", text, now))
