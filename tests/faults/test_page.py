"""The page of the docs has a row for each plan, in its words; its figures are those of a run."""

import re

import pytest
from tests.faults.page import DOCS, NAMES, page
from tests.faults.plans import LABELS, PLANS, Figures, chosen


@pytest.mark.parametrize("language", NAMES)
def test_the_pages_rows_are_the_plans(language: str) -> None:
    text = (DOCS / NAMES[language]).read_text(encoding="utf-8")
    wanted = page(language, {p.key: Figures(cases=1) for p in PLANS}, day="", seed=0, minutes=0)
    assert _words(text) == _words(wanted)
    assert re.search(r"20\d\d-\d\d-\d\d", text)


def test_what_failed_is_on_the_page() -> None:
    done = {plan.key: Figures(cases=7) for plan in PLANS}
    done["cut-power"]["failed"] = 3
    text = page("en", done, day="", seed=0, minutes=0)
    assert f"{7 * len(PLANS):,} cases in all, 3 failed." in text
    (line,) = (line for line in text.splitlines() if line.endswith("| `cut-power` |"))
    assert "| 7 | 3 |" in line


def _words(text: str) -> list[tuple[str, str, str]]:
    """Fault, outcome and key of each row."""
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [(row[0], row[1], row[-1]) for row in rows]


def test_plans_are_named_once_and_found_by_group() -> None:
    assert len({plan.key for plan in PLANS}) == len(PLANS)
    assert {plan.group for plan in chosen(["answers"])} == {"answers"}
    assert chosen([]) == PLANS
    with pytest.raises(LookupError, match="no plan"):
        chosen(["nonsense"])
    assert all(LABELS.values())
