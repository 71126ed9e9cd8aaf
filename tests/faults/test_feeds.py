"""Junk and silence on the market data line, at some ticks of a session; at every tick:
``python tests/soak/faults.py feed``."""

from pathlib import Path

import pytest
from tests.faults import feeds


@pytest.mark.parametrize("kind", [*feeds.JUNK, feeds.SILENCE])
def test_at_some_ticks(scratch: Path, kind: str) -> None:
    for case in feeds.cases((kind,), step=11):
        try:
            told = feeds.run(scratch / "run", case)
        except AssertionError as error:
            raise AssertionError(f"{case}: {error}") from error
        assert told.refused == (kind != feeds.SILENCE)
