"""Some of the seeded fault plans; all of them: ``python tests/soak/ctp_faults.py --plans 200``."""

from pathlib import Path

import pytest
from tests.integration.ctp_plans import run_plan

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("dropins")]


@pytest.mark.parametrize("seed", range(6))
def test_a_random_plan_of_faults(tmp_path: Path, seed: int) -> None:
    outcome = run_plan(tmp_path, seed)
    assert not outcome.fault, f"seed {seed}, {outcome.kinds}: {outcome.fault}"
    assert outcome.trades > 20
