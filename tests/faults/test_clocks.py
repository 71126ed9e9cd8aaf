"""The machine's clock is set, or it sleeps, at every third second of a session; at every second:
``python tests/soak/faults.py clock``."""

from pathlib import Path

import pytest
from tests.faults import clocks


@pytest.mark.parametrize("jump", clocks.JUMPS)
def test_at_every_third_second(scratch: Path, jump: str) -> None:
    for beat in range(1, clocks.BEATS + 1, 3):
        try:
            clocks.run(scratch / "run", jump, beat)
        except AssertionError as error:
            raise AssertionError(f"{jump}, second {beat}: {error}") from error
