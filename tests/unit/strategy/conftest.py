"""Strategies on a real bus with real timers."""

from pathlib import Path

import pytest

from homalos.config.sections.strategy import StrategySection
from tests.unit.strategy.desktop import M, RB, RB5, Desktop


@pytest.fixture
def desktop(tmp_path: Path) -> Desktop:
    made = Desktop(tmp_path, StrategySection())
    made.manager.start()
    made.venue_lists(RB, RB5, M)
    return made
