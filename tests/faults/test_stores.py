"""Every third statement of the database and every third record of the journal fails, once and for
ever; every one of them: ``python tests/soak/faults.py database journal-full``."""

from pathlib import Path

import pytest
from tests.faults import stores
from tests.faults.stores import KINDS, Failure

STEP = 3


@pytest.fixture(scope="module")
def plain(scratch: Path) -> stores.Written:
    return stores.run(scratch / "plain", Failure("", 0, False), None)


@pytest.mark.parametrize("kind", KINDS)
def test_every_third_statement(plain: stores.Written, scratch: Path, kind: str) -> None:
    failed = 0
    for failure in stores.failures(plain, (kind,)):
        if failure.nth % STEP != 1:
            continue
        try:
            failed += stores.run(scratch / "run", failure, plain.rows).failed > 0
        except AssertionError as error:
            raise AssertionError(f"{failure}: {error}") from error
    assert failed > plain.statements // STEP, "most of them really failed"


@pytest.mark.parametrize("once", [True, False])
def test_every_third_record_of_the_journal(scratch: Path, once: bool) -> None:
    whole = stores.run_journal(scratch / "whole", 10**9, once=once)
    assert not whole.ended
    assert whole.records > 150
    for nth in range(1 + once, whole.records + 1, STEP):
        try:
            stopped = stores.run_journal(scratch / "run", nth, once=once)
        except AssertionError as error:
            raise AssertionError(f"record {nth}: {error}") from error
        assert stopped.ended
        assert stopped.records < nth + 10, "no more than what was under way"
