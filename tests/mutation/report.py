"""What came of it: the page, and the hand-written reasons of what survived."""

import tomllib
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.mutation.judge import Verdict
from tests.mutation.mutant import Mutant

if TYPE_CHECKING:
    from tests.mutation.run import Case

TARGET = 0.85
EXPLAINED = Path(__file__).with_name("explained.toml")

Results = Sequence[tuple["Case", Verdict]]


class Reason(NamedTuple):
    """Why a mutant may live. ``equivalent``: no test could tell it from the module; such mutants
    do not count. ``accepted``: it differs, and counts as a survivor."""

    kind: str
    why: str


def explanations(path: Path = EXPLAINED) -> dict[tuple[str, str, str, str], Reason]:
    """By a mutant's key. ``ValueError``: a row is not right."""
    rows = tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", [])
    made = {}
    for row in rows:
        if row["kind"] not in ("equivalent", "accepted") or len(row["why"]) < 10:
            raise ValueError(f"{path.name}: {row}")
        key = row["module"], row["where"], row["before"], row["after"]
        made[key] = Reason(row["kind"], row["why"])
    return made


def line(mutant: Mutant) -> str:
    where = f"{mutant.module}:{mutant.line} {mutant.where}"
    return f"{where} [{mutant.operator}]: {mutant.before!r} => {mutant.after!r}"


class Score(NamedTuple):
    judged: int
    killed: int
    equivalent: int

    @property
    def share(self) -> float:
        counted = self.judged - self.equivalent
        return self.killed / counted if counted else 1.0


def score(results: Results, explained: dict[Any, Reason]) -> Score:
    alive = [case.mutant for case, verdict in results if verdict.fate == "survived"]
    same = sum(_kind(mutant, explained) == "equivalent" for mutant in alive)
    return Score(len(results), len(results) - len(alive), same)


def _kind(mutant: Mutant, explained: dict[Any, Reason]) -> str:
    reason = explained.get(mutant.key)
    return reason.kind if reason else ""


def passes(results: Results, explained: dict[Any, Reason]) -> bool:
    """Every group reaches the target, and every survivor has a reason."""
    alive = [case.mutant for case, verdict in results if verdict.fate == "survived"]
    shares = [score(rows, explained).share for rows in _groups(results).values()]
    return min(shares) >= TARGET and all(mutant.key in explained for mutant in alive)


class Made(NamedTuple):
    """When, where and how the page was made."""

    words: str
    """Of the command."""
    day: str
    machine: str
    before: int
    """Verdicts that an earlier run had passed."""


def page(results: Results, total: dict[str, int], explained: dict[Any, Reason], made: Made) -> str:
    """``docs/mutation.md``. ``total``: mutants that each module has."""
    whole = score(results, explained)
    earlier = _EARLIER.format(before=made.before) if made.before else ""
    parts = [
        _HEAD.format(
            words=made.words, day=made.day, machine=made.machine, judged=whole.judged,
            total=sum(total.values()), share=100 * whole.share, target=100 * TARGET,
            earlier=earlier,
        )
    ]  # fmt: skip
    parts += [f"| group | {_COLUMNS} |", "|---|---:|---:|---:|---:|---:|---:|"]
    for area, rows in _groups(results).items():
        names = dict.fromkeys(_name(case) for case, _ in rows)
        parts.append(f"| {area} | {_row(rows, sum(map(total.__getitem__, names)), explained)} |")
    parts += [f"\n| group | module | {_COLUMNS} |", "|---|---|---:|---:|---:|---:|---:|---:|"]
    for name, group in groupby(results, key=lambda row: _name(row[0])):
        rows = list(group)
        parts.append(f"| {rows[0][0].area} | `{name}` | {_row(rows, total[name], explained)} |")
    parts.append(_survivors(results, explained))
    return "\n".join(parts) + "\n"


_COLUMNS = "mutants | tried | killed | equivalent | survived | score"


def _groups(results: Results) -> dict[str, list[tuple["Case", Verdict]]]:
    groups: dict[str, list[tuple[Case, Verdict]]] = {}
    for row in results:
        groups.setdefault(row[0].area, []).append(row)
    return groups


def _row(rows: Results, mutants: int, explained: dict[Any, Reason]) -> str:
    s = score(rows, explained)
    left = s.judged - s.killed - s.equivalent
    figures = (mutants, s.judged, s.killed, s.equivalent, left)
    return " | ".join([*map(str, figures), f"{100 * s.share:.1f} %"])


def _name(case: "Case") -> str:
    return "trading/risk/rules" if case.area == "risk rules" else case.mutant.module


def _survivors(results: Results, explained: dict[Any, Reason]) -> str:
    parts = ["\n## What no test noticed\n"]
    alive = [case.mutant for case, verdict in results if verdict.fate == "survived"]
    if not alive:
        return parts[0] + "\nNothing."
    for mutant in alive:
        reason = explained.get(mutant.key, Reason("**not explained**", "-"))
        parts.append(
            f"- `{mutant.module}` {mutant.where}: `{mutant.before}` → `{mutant.after}`  \n"
            f"  {reason.kind}: {reason.why}"
        )
    return "\n".join(parts)


_HEAD = """# Mutation testing

Made by `python tests/mutation/run.py {words} --write` on {day}
({machine}); do not edit. The reasons below are written by hand in
`tests/mutation/explained.toml`.

A mutant is the project with one place of it changed: a `<` for a `<=`, a statement left out, *buy*
for *sell*, a row of a table gone. A test that fails has noticed it; where none does, the tests do
not hold what that line says. Of {total} mutants of the modules below {judged} were tried, chosen
by the seed, each by the fast tests that concern its module (`tests/mutation/modules.py`), with the
same examples of the property tests every time. The rules of the risk gate are silenced one after
the other, and judged by the tests that are marked to show them firing.{earlier}

**Score: {share:.1f} %** (target {target:.0f} % in each group). Mutants that no test could tell from
the module (*equivalent*) are not counted.

Tests were written for what earlier runs showed to survive, so the score says less than it seems to.
Of mutants that were tried for the first time, 1,060 and then 771 more, 93.1 and 94.2 % were killed.
Another seed shows others.

The changes are cosmic-ray's operators, without those that anything kills (`is` for `<`) or nothing
can (`==` for `is` between members of an enum, the digits of a rounding), and four of our own
(`tests/mutation/operators.py`). cosmic-ray's own runner changes the project's files in place; here
each mutant lives in a copy. mutmut changes bodies of functions alone, so never the table of order
states.

One mistake in each of these modules is made at every run of the tests
(`tests/unit/mutation/test_quick_set.py`).
"""
_EARLIER = """
{before} of these verdicts are of earlier runs of the same seed: what a test has killed was not
tried a second time (`--known`)."""
