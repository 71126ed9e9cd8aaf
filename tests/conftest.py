"""What all rooms' tests share."""

from pathlib import Path

import pytest
from hypothesis import Phase, settings

# Not Phase.explain: it traces every line of a failing test, and twice CPython 3.11 then never came
# back from its own loop, where no timeout of pytest reaches it.
settings.register_profile(
    "house", phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink)
)
settings.load_profile("house")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The clone under test."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Recorded market data, which lies beside the clone and is no part of it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no recorded market data here: ../shared/data is absent")
    return folder
