"""A venue that tells an earlier trading day is not believed."""

from tests.unit.trading.desk import DAY, Desk
from tests.unit.trading.watch.floor import WatchFloor, section

from homalos.model.enums import Severity
from homalos.model.events import AlertRaised, TradingDayChanged
from homalos.trading.days import forward


def test_an_earlier_day_is_an_alert_and_no_event() -> None:
    desk = Desk()
    post = forward(desk.bus, desk.books)
    told = len(desk.seen(TradingDayChanged))
    post(TradingDayChanged("ctp", DAY - 1, desk.clock.now()))
    desk.bus.run_until_idle()
    assert len(desk.seen(TradingDayChanged)) == told
    alert = desk.seen(AlertRaised)[-1]
    assert alert.severity is Severity.CRITICAL
    assert f"{DAY - 1}" in alert.text
    for day in (DAY, DAY + 1):
        post(TradingDayChanged("ctp", day, desk.clock.now()))
        desk.bus.run_until_idle()
        assert desk.books.trading_day == day


def test_an_earlier_day_rolls_no_books_and_lifts_no_loss() -> None:
    floor = WatchFloor(section(max_day_loss=5_000.0))
    floor.holding(50)
    floor.pass_by(3480.0)
    before = floor.books.account()
    floor.venue.snapshot = None
    floor.post(TradingDayChanged("ctp", DAY - 1, floor.clock.now()))
    floor.advance(120)
    assert floor.books.trading_day == DAY
    assert floor.books.account().fees == before.fees
    assert floor.books.account().pre_balance == before.pre_balance
    assert floor.watch.standing.day is not None
    floor.pass_by(3470.0)
    assert floor.loss() == 15_175.0, "it is watched as before"
