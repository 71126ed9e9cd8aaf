"""Every statement of the database and every record of the journal fails, once and for ever; on a
longer session: ``python tests/soak/faults.py database journal-full``."""

from pathlib import Path

import pytest
from tests.faults import stores
from tests.faults.stores import KINDS, Failure


@pytest.fixture(scope="module")
def plain(scratch: Path) -> stores.Written:
    return stores.run(scratch / "plain", Failure("", 0, False), None)


@pytest.mark.parametrize("kind", KINDS)
def test_every_statement_of_the_database(plain: stores.Written, scratch: Path, kind: str) -> None:
    failed = 0
    for failure in stores.failures(plain, (kind,)):
        try:
            failed += stores.run(scratch / "run", failure, plain.rows).failed > 0
        except AssertionError as error:
            raise AssertionError(f"{failure}: {error}") from error
    assert failed > plain.statements, "most of them really failed"


@pytest.mark.parametrize("once", [True, False])
def test_every_record_of_the_journal(scratch: Path, once: bool) -> None:
    whole = stores.run_journal(scratch / "whole", 10**9, once=once)
    assert not whole.ended
    assert whole.records > 150
    for nth in range(1, whole.records + 1):
        try:
            stopped = stores.run_journal(scratch / "run", nth, once=once)
        except AssertionError as error:
            raise AssertionError(f"record {nth}: {error}") from error
        assert stopped.ended
        assert stopped.records < nth + 10, "no more than what was under way"
