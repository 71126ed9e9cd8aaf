"""A strategy misbehaves in each of its hooks: it alone is stopped, the others miss nothing."""

from pathlib import Path

import pytest
from tests.faults import rogues
from tests.faults.rogues import DEEDS, Misdeed


@pytest.mark.parametrize("deed", DEEDS)
def test_in_every_hook(scratch: Path, deed: str) -> None:
    for misdeed in rogues.misdeeds((deed,)):
        try:
            told = rogues.run(scratch / "run", misdeed)
        except AssertionError as error:
            raise AssertionError(f"{misdeed}: {error}") from error
        if deed == "storm":
            assert told.wishes > 10_000


def test_every_hook_is_tried() -> None:
    assert {m.hook for m in rogues.misdeeds(("raise",))} == rogues.hooks()
    assert Misdeed("storm", "on_tick") in list(rogues.misdeeds())
