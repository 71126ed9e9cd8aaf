"""Seeded fault plans by the hundred: ``python tests/soak/ctp_faults.py --plans 200``.

Each plan starts a simulated front and the real daemon beside it, lets strategies trade over CTP
while the plan's faults strike, and compares trades, positions and account to the cent and the lot.
A failed plan keeps its folder; ``--first SEED --plans 1`` runs one again. About seven seconds each.
"""

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.integration.ctp_plans import Outcome, run_plan  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--plans", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="seed of the first plan")
    parser.add_argument("--faults", type=int, default=6, help="faults of a plan")
    parser.add_argument("--jobs", type=int, default=1, help="plans at once")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="homalos-faults-"))
    failed: list[Outcome] = []
    kinds: Counter[str] = Counter()
    print(f"{'seed':>5}  {'trades':>6}  {'struck':>6}  {'armed':>5}  {'s':>5}  faults", flush=True)
    for outcome in _outcomes(folder, options):
        kinds.update(outcome.kinds)
        _tell(outcome)
        if outcome.fault:
            failed.append(outcome)
        else:
            shutil.rmtree(folder / str(outcome.seed), ignore_errors=True)
    print(", ".join(f"{kind} {count}" for kind, count in kinds.most_common()))
    print(f"{options.plans - len(failed)} of {options.plans} plans ended with the same books")
    if failed:
        print(f"folders of the others: {folder}; seeds: {[one.seed for one in failed]}")
    return 1 if failed else 0


def _outcomes(folder: Path, options: argparse.Namespace) -> Iterator[Outcome]:
    def run(seed: int) -> Outcome:
        root = folder / str(seed)
        root.mkdir()
        return run_plan(root, seed, options.faults)

    with ThreadPoolExecutor(options.jobs) as pool:
        yield from pool.map(run, range(options.first, options.first + options.plans))


def _tell(outcome: Outcome) -> None:
    row = (
        f"{outcome.seed:>5}  {outcome.trades:>6}  {outcome.struck:>6}  "
        f"{'yes' if outcome.armed else '':>5}  {outcome.seconds:>5.1f}  "
        f"{' '.join(outcome.kinds)}"
    )
    print(row + (f"\n       FAILED {outcome.fault[:1000]}" if outcome.fault else ""), flush=True)


if __name__ == "__main__":
    sys.exit(main())
