"""Strategies on a real bus with real timers."""

from pathlib import Path

import pytest
from tests.unit.strategy.desktop import RB, RB5, Desktop, M

from homalos.config.sections.strategy import StrategySection


@pytest.fixture
def desktop(tmp_path: Path) -> Desktop:
    made = Desktop(tmp_path, StrategySection())
    made.manager.start()
    made.venue_lists(RB, RB5, M)
    return made
