"""Stored bars come back as the history of a live start."""

from pathlib import Path

import msgspec
from tests.unit.storage import samples

from homalos.kernel.bus import Bus
from homalos.storage.bars import last_bars
from homalos.storage.store import Store


def test_the_last_minutes_of_each_contract_oldest_first(
    bus: Bus, store: Store, tmp_path: Path
) -> None:
    minutes = [
        msgspec.structs.replace(samples.bar(n), ts_open=n * 60, ts_event=(n + 1) * 60)
        for n in range(5)
    ]
    hour = msgspec.structs.replace(samples.bar(9), period="1h", ts_event=6_000)
    for event in (*minutes, hour, samples.bar(1, samples.SR)):
        bus.publish(event)
    bus.run_until_idle()
    store.close()
    path = tmp_path / "homalos.db"
    assert last_bars(path, [samples.RB], 3) == minutes[-3:]
    assert len(last_bars(path, [samples.RB, samples.SR], 100)) == 6
    assert last_bars(tmp_path / "none.db", [samples.RB], 3) == []
