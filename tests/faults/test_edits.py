"""Files of the configuration broken while the real daemon trades; each in every way:
``python tests/soak/faults.py config``."""

from pathlib import Path

from tests.faults import edits
from tests.faults.edits import Edit

SOME = (
    Edit("risk.yaml", "torn"), Edit("system.yaml", "aliases without end"),
    Edit("strategies.yaml", "a tag that runs code"),
)  # fmt: skip


def test_a_broken_file_changes_nothing(tmp_path: Path) -> None:
    assert set(SOME) < set(edits.edits())
    assert edits.run(tmp_path, seed=1, chosen=SOME).trades > 0
