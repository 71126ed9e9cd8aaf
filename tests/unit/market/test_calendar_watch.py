"""A trading day that nobody has published is told, once."""

from datetime import date

from homalos.config.sections.calendar import CalendarFile
from homalos.kernel.bus import Bus
from homalos.kernel.catalogue import check
from homalos.kernel.clock import SimClock
from homalos.market.calendar import TradingCalendar
from homalos.market.calendar_watch import CalendarWatch
from homalos.model.enums import Severity
from homalos.model.events import AlertRaised, TradingDayChanged


def test_days_beyond_the_calendar_are_told_once_each() -> None:
    file = CalendarFile(known_from=date(2010, 1, 1), known_until=date(2026, 12, 31))
    bus = Bus(SimClock(7))
    told: list[AlertRaised] = []
    bus.subscribe(AlertRaised, told.append, actor="test", role="store")
    CalendarWatch(bus, TradingCalendar(file)).attach()
    for day in (20261231, 20270104, 20270104, 20270105, 20091231):
        bus.post(TradingDayChanged("sim", day, 7))
        bus.run_until_idle()
    assert [alert.text.split()[2] for alert in told] == ["20270104", "20270105", "20091231"]
    assert {(alert.severity, alert.source) for alert in told} == {(Severity.WARNING, "calendar")}
    assert "homalos calendar update" in told[0].text
    assert "交易日 20270104" in told[0].text
    assert not [fault for fault in check(bus, ["gateway", "market"]) if "TradingDay" in fault]
