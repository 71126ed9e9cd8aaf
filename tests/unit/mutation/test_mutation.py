"""The mutation runner itself: what it changes, how it judges, that its reasons are not stale."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mutation import report
from tests.mutation.judge import Court, Verdict, digest
from tests.mutation.known import Known, rows
from tests.mutation.modules import found
from tests.mutation.mutant import Mutant
from tests.mutation.run import Case

SOURCE = '''"""Doc."""

_OPEN, _CLOSE = 1, 2
TABLE = {1: "a", 2: "b", 3: "c"}


def at_most(lots: int | None, limit: int = 5) -> int:
    if lots is None or lots > limit:
        return limit
    return round(min(lots, limit), 4)
'''


def test_every_module_and_its_tests_are_there(project_root: Path) -> None:
    areas = {module.area for module in found(project_root)}
    assert areas == {"order states", "offsets", "ledger", "reconciliation"}


def test_every_reason_is_of_a_line_that_is_there(project_root: Path) -> None:
    """Else the line has changed: judge it again, and write the reason anew or drop it."""
    for module, where, before, _ in report.explanations():
        source = (project_root / "src" / "homalos" / module).read_text(encoding="utf-8")
        assert before in " ".join(source.split()), f"{module} {where}: {before}"


def test_what_is_changed() -> None:
    folder = Path(sys.prefix) / "mutation"
    if not folder.is_dir():
        pytest.skip("cosmic-ray is not installed: python tests/mutation/run.py --list does that")
    sys.path.append(str(folder))
    try:
        from tests.mutation.mutants import mutants

        made = mutants("m.py", SOURCE)
    finally:
        sys.path.remove(str(folder))
    found_ = {(m.operator.removeprefix("Replace"), m.where, m.after) for m in made}
    assert ("Number", "TABLE", 'TABLE = { 2: "a", 2: "b", 3: "c"}') in found_
    assert ("DropRow", "TABLE", 'TABLE = {1: "a", 3: "c"}') in found_
    assert ("ComparisonOperator_Gt_GtE", "at_most", "if lots is None or lots >= limit:") in found_
    assert ("SwapWord", "at_most", "return round(max(lots, limit), 4)") in found_
    assert ("AddNot", "at_most", "if not lots is None or lots > limit:") in found_
    assert len({m.source for m in made}) == len(made)
    assert not [m for m in made if "&" in m.after or ", 5)" in m.after], "types, digits"
    assert {m.key[0] for m in made} == {"m.py"}


@pytest.fixture
def court(tmp_path: Path, project_root: Path) -> Iterator[Court]:
    """A project of one function and one test of it."""
    root = tmp_path / "project"
    (root / "src" / "homalos").mkdir(parents=True)
    (root / "src" / "homalos" / "mini.py").write_text("def twice(n):\n    return 2 * n\n")
    (root / "tests" / "mutation").mkdir(parents=True)
    for name in ("__init__.py", "mutation/__init__.py", "test_mini.py"):
        (root / "tests" / name).write_text("")
    quick = project_root / "tests" / "mutation" / "quick.py"
    (root / "tests" / "mutation" / "quick.py").write_text(quick.read_text("utf-8"))
    (root / "tests" / "test_mini.py").write_text(
        "from homalos.mini import twice\n\ndef test_twice():\n    assert twice(2) == 4\n"
    )
    (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\ntestpaths = ['tests']\n")
    folder = tmp_path / "court"
    folder.mkdir()
    made = Court(root, folder)
    yield made
    made.close()


def test_the_court(court: Court) -> None:
    words = ("tests/test_mini.py",)
    assert court.clean(words) > 0

    def judged(body: str, most: float = 60.0) -> Verdict:
        source = f"def twice(n):\n    {body}\n"
        return court.judge(Mutant("mini.py", "x", 1, "twice", "", "", source), words, most)

    killed = judged("return 3 * n")
    assert (killed.fate, killed.by) == ("killed", "tests/test_mini.py::test_twice")
    assert judged("return n * n").fate == "survived", "the test has a hole"
    assert judged("while n: pass", 2.0).fate == "timeout"
    assert court.clean(words) > 0, "the module is as it was"


def test_tests_that_fail_by_themselves_judge_nobody(court: Court) -> None:
    (court.folder / "tests" / "test_mini.py").write_text("def test_no():\n    assert False\n")
    with pytest.raises(RuntimeError, match="tests fail without any mutant"):
        court.clean(("tests/test_mini.py",))


def test_the_score_leaves_out_what_no_test_could_see() -> None:
    def case(number: int) -> Case:
        return Case(Mutant("m.py", "x", number, "f", "a", str(number), ""), "ledger", ())

    killed, survived = Verdict("killed", 0.1, "t"), Verdict("survived", 0.1)
    results = [(case(n), killed) for n in range(17)] + [(case(n), survived) for n in (17, 18, 19)]
    why = report.Reason("equivalent", "it is the same")
    known = {case(n).mutant.key: why for n in (18, 19)}
    assert report.score(results, known) == (20, 17, 2)
    assert report.score(results, known).share == 17 / 18
    assert not report.passes(results, known), "one has no reason"
    accepted = {**known, case(17).mutant.key: report.Reason("accepted", "it may live")}
    assert report.passes(results, accepted)
    made = report.Made("--sample 20 --seed 1", "2026-01-05", "a machine", 7)
    page = report.page(results, {"m.py": 99}, accepted, made)
    assert "| ledger | 99 | 20 | 17 | 2 | 1 | 94.4 % |" in page
    assert "| ledger | `m.py` | 99 | 20 | 17 | 2 | 1 | 94.4 % |" in page
    assert "--sample 20 --seed 1 --write` on 2026-01-05\n(a machine);" in page
    assert "7 of these verdicts are of earlier runs" in page
    assert "accepted: it may live" in page
    assert report.passes(results, accepted)
    assert not report.passes(results[12:], accepted), "below the target"
    weak = [(Case(case.mutant, "offsets", ()), verdict) for case, verdict in results[12:]]
    assert not report.passes([*results, *results, *results, *weak], accepted), "one group is"


def test_what_was_killed_is_dead_while_its_test_is_the_same(tmp_path: Path) -> None:
    test = tmp_path / "test_m.py"
    test.write_text("1")
    killed = Verdict("killed", 0.1, "test_m.py::test_a", digest(test))

    def mutant(source: str) -> Mutant:
        return Mutant("m.py", "x", 1, "f", "a", "b", source)

    verdicts = {"a": killed, "b": Verdict("survived", 0.1), "c": Verdict("killed", 0.1, "import")}
    file = tmp_path / "verdicts.json"
    file.write_text(json.dumps(rows((mutant(s), v) for s, v in verdicts.items())))
    known = Known(tmp_path, [file])
    assert known.verdict(mutant("a")) == killed
    assert [known.verdict(mutant(source)) for source in "bcd"] == [None, None, None]
    assert known.used == 1
    test.write_text("2")
    assert known.verdict(mutant("a")) is None
