"""A journal cut and torn at every record of a short session, and at some over the turn of the
trading day; at all of a longer one: ``python tests/soak/faults.py journal``."""

from itertools import islice
from pathlib import Path

import pytest
from tests.faults import cuts


@pytest.fixture(scope="module")
def session(scratch: Path) -> cuts.Session:
    return cuts.record(scratch / "session", beats=12, turn=False)


@pytest.fixture(scope="module")
def turned(scratch: Path) -> cuts.Session:
    return cuts.record(scratch / "turned", beats=12)


@pytest.mark.parametrize("way", cuts.WAYS)
def test_every_record(session: cuts.Session, scratch: Path, way: str) -> None:
    assert session.records > 150
    done = 0
    for cut in cuts.cuts(session, seed=1, ways=(way,)):
        _run(session, cut, scratch / "cut")
        done += 1
    assert done == session.records - 1


@pytest.mark.parametrize("way", cuts.WAYS)
def test_some_records_of_the_turn_of_the_day(turned: cuts.Session, scratch: Path, way: str) -> None:
    days = [picture.day for picture in turned.after]
    assert days[-1] > days[0]
    begin = days.index(days[-1])
    for cut in islice(cuts.cuts(turned, seed=1, ways=(way,)), begin - 6, None, 3):
        _run(turned, cut, scratch / "cut")


def test_what_nothing_explains_waits_for_a_person(turned: cuts.Session, scratch: Path) -> None:
    halted = missing = 0
    for cut in islice(cuts.cuts(turned, seed=1, ways=(cuts.SETTLED,)), 0, None, 40):
        try:
            word = cuts.run_settled(turned, cut, scratch / "cut")
        except AssertionError as error:
            raise AssertionError(f"{cut}: {error}") from error
        halted += word.halted
        missing += word.missing
    assert halted > 3
    assert missing > 0


def _run(session: cuts.Session, cut: cuts.Cut, data: Path) -> None:
    try:
        cuts.run(session, cut, data, replayed=not cut.number % 10)
    except AssertionError as error:
        raise AssertionError(f"{cut}: {error}") from error
