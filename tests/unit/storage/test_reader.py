"""History queries: one JSON document each."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.storage import samples

from homalos.kernel.bus import Bus
from homalos.model.enums import OrderStatus
from homalos.model.events import (
    Audited,
    Denial,
    OrderDenied,
    OrderFilled,
    OrderSubmitted,
    TradeFilled,
    TradingDayChanged,
)
from homalos.model.times import SECOND
from homalos.storage.reader import LIMIT_MAX, Reader
from homalos.storage.store import Store


@pytest.fixture
def reader(bus: Bus, store: Store, tmp_path: Path) -> Iterator[Reader]:
    """A day of trading in the database."""
    events: list[Any] = [TradingDayChanged("sim", samples.DAY, 1)]
    for n in range(25):
        events += [OrderSubmitted(samples.order(n)), samples.narrow_tick(n), samples.bar(n)]
        events.append(samples.snapshot(samples.OPEN + n * 10 * SECOND, lots=n + 1))
        if n % 2:
            events += [
                OrderFilled(samples.order(n, OrderStatus.FILLED, 2)),
                TradeFilled(samples.trade(n)),
            ]
    denial = Denial("rate", 6.0, 5.0, '6 a second, "5" allowed')
    events.append(OrderDenied(samples.order(99, OrderStatus.DENIED), (denial,)))
    events.append(Audited("li", "start", "ma", "done", 5))
    events.append(samples.wide_tick(60))
    for event in events:
        bus.post(event)
        bus.run_until_idle()
    store.close()
    made = Reader(tmp_path / "homalos.db")
    yield made
    made.close()


def decoded(document: bytes) -> Any:
    assert isinstance(document, bytes)
    return msgspec.json.decode(document)


def test_orders_newest_first_page_by_page(reader: Reader) -> None:
    ids, before = [], None
    while True:
        page = decoded(reader.orders(limit=10, before=before))
        ids += [o["id"] for o in page["items"]]
        before = page["next"]
        if before is None:
            break
        assert len(page["items"]) == 10
    assert ids == ["1-000099", *(f"1-{n:06d}" for n in range(24, -1, -1))]


def test_a_page_that_ends_exactly_has_no_next(reader: Reader) -> None:
    assert decoded(reader.orders(limit=26))["next"] is None
    assert decoded(reader.orders(limit=25))["next"] is not None
    assert decoded(reader.orders(instrument="X.y")) == {"items": [], "next": None}


def test_filters_are_bound_values(reader: Reader) -> None:
    filled = decoded(reader.orders(status="filled"))["items"]
    assert {o["status"] for o in filled} == {"filled"}
    assert len(filled) == 12
    assert decoded(reader.orders(status="' OR 1=1 --"))["items"] == []
    assert len(decoded(reader.trades(trading_day=samples.DAY, strategy="ma"))["items"]) == 12
    (trade,) = decoded(reader.trades(order_id="1-000003"))["items"]
    assert (trade["price"], trade["fee"], trade["lots"]) == (3_800.0, 3.8, 2)


def test_an_orders_steps_hold_the_denials(reader: Reader) -> None:
    (event,) = decoded(reader.order_events("1-000099"))["items"]
    assert event["detail"] == [["rate", 6.0, 5.0, '6 a second, "5" allowed']]
    steps = decoded(reader.order_events("1-000003"))["items"]
    assert [s["event"] for s in steps] == ["OrderFilled", "OrderSubmitted"]


def test_audit_by_kind(reader: Reader) -> None:
    (line,) = decoded(reader.audit(kind="command"))["items"]
    assert (line["who"], line["action"], line["result"]) == ("li", "start", "done")
    assert len(decoded(reader.audit())["items"]) == 2


def test_bars_are_columns_oldest_first(reader: Reader) -> None:
    bars = decoded(reader.bars(samples.RB, "1m", limit=5))
    ends = [samples.bar(n).ts_event for n in range(20, 25)]
    assert bars["ts_event"] == ends
    assert bars["close"] == [10.0] * 5
    assert bars["turnover"] == [None] * 5
    span = decoded(reader.bars(samples.RB, "1m", start=ends[0], end=ends[2]))
    assert span["ts_event"] == ends[1:3]
    assert decoded(reader.bars(samples.RB, "5m"))["ts_event"] == []


def test_ticks_of_one_contract(reader: Reader) -> None:
    ticks = decoded(reader.ticks(samples.RB, samples.DAY, limit=3))
    assert ticks["volume"] == [0, 2, 4]
    last = decoded(reader.ticks(samples.RB, samples.DAY, start=samples.narrow_tick(30).ts_event))
    assert last["depth"] == [[[[3798.0, 3], [3797.0, 4]], [[3802.0, 1]]]]


def test_now_and_the_curve(reader: Reader) -> None:
    assert decoded(reader.positions())["today_lots"] == [25]
    assert decoded(reader.books())["net_lots"] == [25]
    whole = decoded(reader.account_curve("sim"))
    assert len(whole["ts"]) == 25
    thin = decoded(reader.account_curve("sim", limit=5))
    assert 4 <= len(thin["ts"]) <= 6
    assert thin["ts"] == sorted(set(thin["ts"]) & set(whole["ts"]))
    assert thin["ts"][-1] == whole["ts"][-1]
    assert decoded(reader.account_curve("other"))["ts"] == []


def test_days_that_have_ticks(reader: Reader) -> None:
    assert decoded(reader.tick_days()) == [samples.DAY]


@pytest.mark.parametrize("limit", [-5, 0, LIMIT_MAX * 10])
def test_limits_are_limited(reader: Reader, limit: int) -> None:
    count = len(decoded(reader.orders(limit=limit))["items"])
    assert count == (26 if limit > 0 else 1)


def test_it_cannot_write_and_says_when_there_is_nothing(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._query("DELETE FROM ticks RETURNING seq", {})
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        Reader(tmp_path / "none.db").orders()
    assert not (tmp_path / "none.db").exists()
    reader.close()
    with pytest.raises(sqlite3.ProgrammingError):
        reader.orders()


def test_several_threads_at_once(reader: Reader) -> None:
    answers: list[bytes] = []

    def ask() -> None:
        answers.extend(reader.orders() for _ in range(20))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 80
    assert len(set(answers)) == 1
