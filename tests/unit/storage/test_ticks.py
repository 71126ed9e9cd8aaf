"""Stored ticks come back in time order, whole, and from a live database."""

from pathlib import Path

import msgspec
import pytest
from tests.unit.storage import samples

from homalos.kernel.bus import Bus
from homalos.model.event import Event
from homalos.model.events import InstrumentListed, TradingDayChanged
from homalos.storage import ticks as module
from homalos.storage.schema import StorageError, migrate
from homalos.storage.store import Store
from homalos.storage.ticks import TickReader


def fill(bus: Bus, store: Store, *events: Event) -> None:
    for event in events:
        bus.post(event)
        bus.run_until_idle()
    store.close()


def test_all_contracts_in_time_order_equal_times_as_they_came(
    bus: Bus, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CHUNK", 7)
    rb = [samples.narrow_tick(n) for n in range(20)]
    sr = [samples.narrow_tick(n, samples.SR, ts=samples.OPEN + (n // 4) * 10**9) for n in range(20)]
    other = [msgspec.structs.replace(t, trading_day=20171114) for t in rb]
    fill(bus, store, *rb, *sr, *other)  # one contract after the other, as an import does
    reader = TickReader(tmp_path, samples.DAY)
    expected = sorted([*rb, *sr], key=lambda t: t.ts_event)  # a stable sort
    assert list(reader) == expected
    assert list(reader) == expected, "a second time"
    assert reader.start == samples.OPEN


def test_every_field_comes_back(bus: Bus, store: Store, tmp_path: Path) -> None:
    tick = samples.wide_tick(1)
    fill(bus, store, tick)
    assert list(TickReader(tmp_path / "homalos.db", samples.DAY)) == [tick]


def test_instruments_as_they_were_on_that_day(bus: Bus, store: Store, tmp_path: Path) -> None:
    early, late = samples.instrument(multiplier=5.0), samples.instrument(multiplier=10.0)
    fill(
        bus,
        store,
        TradingDayChanged("sim", samples.DAY - 1, 1),
        InstrumentListed(early, 1),
        TradingDayChanged("sim", samples.DAY + 1, 1),
        InstrumentListed(late, 1),
        InstrumentListed(samples.instrument(samples.SR), 1),
        samples.narrow_tick(1),
        msgspec.structs.replace(samples.narrow_tick(2), trading_day=samples.DAY - 3),
        msgspec.structs.replace(samples.narrow_tick(3), trading_day=samples.DAY + 9),
    )
    assert TickReader(tmp_path, samples.DAY).instruments == (early,)
    assert TickReader(tmp_path, samples.DAY - 3).instruments == (early,)
    assert TickReader(tmp_path, samples.DAY + 9).instruments == (late,)


def test_it_reads_while_the_daemon_writes(bus: Bus, store: Store, tmp_path: Path) -> None:
    for n in range(10):
        bus.post(samples.narrow_tick(n))
    bus.run_until_idle()
    store.flush()
    while store.backlog():
        pass
    stream = iter(TickReader(tmp_path, samples.DAY))
    next(stream)
    for n in range(10, 20):
        bus.post(samples.narrow_tick(n))
    bus.run_until_idle()
    store.close()
    assert sum(1 for _ in stream) >= 9


def test_what_is_not_there_is_said(tmp_path: Path, bus: Bus, store: Store) -> None:
    with pytest.raises(StorageError, match="no database"):
        TickReader(tmp_path / "elsewhere", 20200101)
    fill(bus, store, samples.narrow_tick(1))
    with pytest.raises(StorageError, match=f"no ticks of 20200101; it has {samples.DAY}"):
        TickReader(tmp_path, 20200101)
    migrate(tmp_path / "b.db")
    with pytest.raises(StorageError, match="none at all"):
        TickReader(tmp_path / "b.db", 20200101)
