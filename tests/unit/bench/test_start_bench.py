"""The made day of ``bench start``, small: the start finds every order again."""

import pytest

from homalos.bench import start


def test_the_made_day_is_folded_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "EVENTS", 4_000)
    monkeypatch.setattr(start, "ORDERS", 80)
    monkeypatch.setattr(start, "RUNS", 1)
    monkeypatch.setattr(start, "SEGMENT", 1 << 18)
    rows = start.run()
    assert [row.name for row in rows] == ["start", "start/cpu"]
    assert all(row.p50 and row.p50 > 0 for row in rows)
