"""Every answer and every request of a scripted session spoilt, in each of the ways; with two
contracts: ``python tests/soak/faults.py answers``."""

from pathlib import Path

import pytest
from tests.faults import answers
from tests.faults.door import KINDS, REQUESTS, Spoil


@pytest.fixture(scope="module")
def plain(scratch: Path) -> answers.Told:
    return answers.run(scratch / "plain", Spoil(), answers.ONE)


@pytest.mark.parametrize("kind", [*KINDS, *REQUESTS])
def test_every_one_of_them(plain: answers.Told, scratch: Path, kind: str) -> None:
    done = 0
    for spoil in answers.spoils(plain, (kind,)):
        try:
            answers.run(scratch / "run", spoil, answers.ONE)
        except AssertionError as error:
            raise AssertionError(f"{spoil}: {error}") from error
        done += 1
    assert done == (plain.requests if kind in REQUESTS else plain.answers) > 15
