"""kill -9 at twenty seeded places; two hundred: ``python tests/soak/faults.py kills``."""

from pathlib import Path

from tests.faults import kills


def test_kill_9_at_twenty_places(tmp_path: Path) -> None:
    figures = kills.run(tmp_path, seed=1, count=20)
    assert figures.kills == 20
    assert figures.starts > 5
    assert figures.checks > 8
    assert figures.fills > 100
