"""Mutation testing of order states, offsets, ledger and reconciliation.

``python tests/mutation/run.py [--sample N] [--seed S]``: of each module N mutants chosen by the
seed (0: all, which takes hours) are judged by the fast tests that concern it, two at a time;
so is each risk rule, silenced. The score by module, and every mutant that no test noticed, go to
``docs/mutation.md`` with ``--write``. Exit code 1: a score below the target, or a mutant survived
that ``explained.toml`` does not explain.
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.mutation import report  # noqa: E402
from tests.mutation.judge import Court, Verdict  # noqa: E402
from tests.mutation.known import Known, rows  # noqa: E402
from tests.mutation.modules import UNIT, found  # noqa: E402
from tests.mutation.mutant import Mutant  # noqa: E402
from tests.mutation.tool import ensure_tool  # noqa: E402

JOBS = 2


class Case(NamedTuple):
    mutant: Mutant
    area: str
    words: tuple[str, ...]
    """To pytest."""


def main(arguments: Sequence[str] | None = None) -> int:
    wanted = _arguments(arguments)
    try:
        ensure_tool(ROOT)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 2
    os.nice(5)
    total, cases = _cases(wanted)
    if wanted.list:
        for case in cases:
            print(report.line(case.mutant))
        return 0
    known = Known(ROOT, [Path(file) for file in wanted.known])
    results = _results(cases, known)
    explained = report.explanations()
    page = report.page(results, total, explained, _made(wanted, known))
    print(page)
    if wanted.json:
        rows_ = rows((case.mutant, verdict) for case, verdict in results)
        Path(wanted.json).write_text(json.dumps(rows_), encoding="utf-8")
    if wanted.write:
        (ROOT / "docs" / "mutation.md").write_text(page, encoding="utf-8")
    return 0 if report.passes(results, explained) else 1


def _made(wanted: argparse.Namespace, known: Known) -> report.Made:
    only = f" --only {wanted.only}" if wanted.only else ""
    words = f"--sample {wanted.sample} --seed {wanted.seed}{only}"
    cores = f"{os.cpu_count()} cores"
    machine = f"{platform.system()} {platform.machine()}, {cores}, Python {sys.version.split()[0]}"
    return report.Made(words, date.today().isoformat(), machine, known.used)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--sample", type=int, default=25, help="mutants a module; 0: all (25)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (1)")
    parser.add_argument(
        "--only", default="", help="modules whose path has one of these words; rules: the rules"
    )
    parser.add_argument("--list", action="store_true", help="show the mutants, judge none")
    parser.add_argument("--json", default="", help="write every verdict to this file")
    parser.add_argument(
        "--known", nargs="*", default=[], metavar="FILE", help="such files: what was killed is dead"
    )
    parser.add_argument("--write", action="store_true", help="write docs/mutation.md")
    return parser.parse_args(arguments)


def _cases(wanted: argparse.Namespace) -> tuple[dict[str, int], list[Case]]:
    """How many mutants each module has, and those that are to be judged."""
    from tests.mutation.mutants import mutants  # once the tool is there

    only = [word for word in wanted.only.split(",") if word]
    total: dict[str, int] = {}
    cases: list[Case] = []
    for module in found(ROOT):
        if only and not any(word in module.path for word in only if word != "rules"):
            continue
        source = (ROOT / "src" / "homalos" / module.path).read_text(encoding="utf-8")
        made = mutants(module.path, source)
        total[module.path] = len(made)
        # A generator of its own each: --only changes nothing in what is chosen.
        chance = random.Random(f"{wanted.seed} {module.path}")
        if 0 < wanted.sample < len(made):
            made = sorted(chance.sample(made, wanted.sample), key=lambda m: m.line)
        cases += [Case(mutant, module.area, module.tests) for mutant in made]
    if not only or "rules" in only:
        rules = list(_silent_rules())
        total["trading/risk/rules"] = len(rules)
        cases += rules
    return total, cases


def _silent_rules() -> Iterator[Case]:
    """Each rule saying nothing; judged by the tests marked with its name alone."""
    from homalos.trading.risk.rules import RULES

    firing = _firing()
    for rule in RULES:
        path = Path(sys.modules[rule.__module__].__file__ or "")
        source = path.read_text(encoding="utf-8")
        silent = f"{rule.__name__}.check = lambda self, order, view: None"
        module = path.relative_to(ROOT / "src" / "homalos").as_posix()
        mutant = Mutant(
            module,
            "SilentRule",
            1,
            rule.name,
            "",
            silent,
            f"{source}\n\n{silent}  # type: ignore\n",
        )
        if rule.name not in firing:
            raise LookupError(f"no test is marked as firing {rule.name}")
        yield Case(mutant, "risk rules", tuple(firing[rule.name]))


def _firing() -> dict[str, list[str]]:
    """Tests by the name that they are marked with."""
    with tempfile.TemporaryDirectory(prefix="homalos-mutation-") as folder:
        path = Path(folder) / "fires.json"
        command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
        command += ["-p", "tests.fires", "--fires-list", str(path), UNIT, "tests/integration"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if not path.is_file():
            raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
        found_: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return found_


def _results(cases: Sequence[Case], known: Known) -> list[tuple[Case, Verdict]]:
    held = [(case, known.verdict(case.mutant)) for case in cases]
    left = [case for case, verdict in held if verdict is None]
    judged = iter([*_judged(left)])
    return [(case, verdict or next(judged)[1]) for case, verdict in held]


def _judged(cases: Sequence[Case]) -> Iterable[tuple[Case, Verdict]]:
    with tempfile.TemporaryDirectory(prefix="homalos-mutation-") as folder:
        courts: SimpleQueue[Court] = SimpleQueue()
        for number in range(JOBS):
            courts.put(Court(ROOT, Path(folder) / str(number)))

        def clean(words: tuple[str, ...]) -> float:
            court = courts.get()
            try:
                return 5 + 4 * court.clean(words)
            finally:
                courts.put(court)

        def judge(case: Case) -> Verdict:
            court = courts.get()
            try:
                verdict = court.judge(case.mutant, case.words, limits[case.words])
            finally:
                courts.put(court)
            if verdict.fate == "survived":
                print("survived:", report.line(case.mutant), file=sys.stderr, flush=True)
            return verdict

        try:
            with ThreadPoolExecutor(JOBS) as pool:
                suites = [*dict.fromkeys(case.words for case in cases)]
                limits = dict(zip(suites, pool.map(clean, suites), strict=True))
                yield from zip(cases, pool.map(judge, cases), strict=True)
        finally:
            while not courts.empty():
                courts.get().close()


if __name__ == "__main__":
    sys.exit(main())
