"""A journal cut and torn at every record of a short session; a longer one, over the turn of the
trading day: ``python tests/soak/faults.py journal``."""

from pathlib import Path

import pytest
from tests.faults import cuts


@pytest.fixture(scope="module")
def session(scratch: Path) -> cuts.Session:
    return cuts.record(scratch / "session", beats=12, turn=False)


@pytest.mark.parametrize("way", cuts.WAYS)
def test_every_record(session: cuts.Session, scratch: Path, way: str) -> None:
    assert session.records > 150
    done = 0
    for cut in cuts.cuts(session, seed=1, ways=(way,)):
        try:
            cuts.run(session, cut, scratch / "cut", replayed=not cut.number % 10)
        except AssertionError as error:
            raise AssertionError(f"{cut}: {error}") from error
        done += 1
    assert done == session.records - 1
