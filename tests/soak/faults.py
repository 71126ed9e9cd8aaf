"""Every fault in every place: ``python tests/soak/faults.py``; about fifteen minutes on two cores.

With words: only those plans or groups (``--list`` names them). ``--write`` makes the page of the
docs from the figures, where all plans were run to their end.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.faults import page  # noqa: E402
from tests.faults.conftest import MEMORY  # noqa: E402
from tests.faults.plans import PLANS, Figures, Plan, Scope, chosen  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("plans", nargs="*", help="keys or groups; none: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=200, help="kill -9 of the daemon so often")
    parser.add_argument("--jobs", type=int, default=1, help="so many plans at a time")
    parser.add_argument("--write", action="store_true", help="write docs/faults.md, faults_zh.md")
    parser.add_argument("--list", action="store_true", help="name the plans and end")
    options = parser.parse_args()
    plans = chosen(options.plans)
    if options.list:
        print("\n".join(f"{plan.key:20} {plan.group:14} {plan.en}" for plan in plans))
        return 0
    begun = time.monotonic()
    done, failed = _run(plans, Scope(options.seed, options.kills), options.jobs)
    minutes = (time.monotonic() - begun) / 60
    cases = sum(figures["cases"] for figures in done.values())
    failed += [key for key, figures in done.items() if figures["failed"]]
    print(f"{cases:,} cases of {len(done)} plans in {minutes:.1f} min; failed: {failed or 'none'}")
    if options.write and len(done) == len(PLANS):
        day = datetime.now().astimezone().date().isoformat()
        page.write(done, day=day, seed=options.seed, minutes=minutes)
    return 1 if failed else 0


def _run(plans: tuple[Plan, ...], scope: Scope, jobs: int) -> tuple[dict[str, Figures], list[str]]:
    """Figures of those that came to their end, and the keys of the others. The longest first."""
    done: dict[str, Figures] = {}
    failed: list[str] = []
    spawn = get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="homalos-faults-") as scratch,
        ProcessPoolExecutor(jobs, spawn, _begin, (scratch,)) as pool,
    ):
        ordered = sorted(plans, key=lambda plan: plan.group != "kills")
        for future in as_completed([pool.submit(_one, plan.key, scope) for plan in ordered]):
            key, figures, seconds, words = future.result()
            print(f"{key:20} {seconds:6.1f} s  {words}", flush=True)
            if figures is None:
                failed.append(key)
            else:
                done[key] = figures
    return done, failed


def _begin(scratch: str) -> None:
    """A worker leaves nothing behind: its temporary files are in ``scratch``."""
    os.environ["TMPDIR"] = scratch
    tempfile.tempdir = scratch


def _one(key: str, scope: Scope) -> tuple[str, Figures | None, float, str]:
    (plan,) = chosen([key])
    begun = time.monotonic()
    figures = None
    try:
        figures = _in_a_folder(plan, scope)
        words = ", ".join(f"{name} {count:,}" for name, count in figures.items())
    except Exception as error:  # told, the other plans go on
        words = f"FAILED {type(error).__name__}: {error}"[:2000]
    return key, figures, time.monotonic() - begun, words


def _in_a_folder(plan: Plan, scope: Scope) -> Figures:
    memory = plan.group not in ("kills", "console", "config") and MEMORY.is_dir()
    where = MEMORY if memory else None
    with tempfile.TemporaryDirectory(prefix="homalos-faults-", dir=where) as folder:
        run: Callable[[Path, Scope], Figures] = plan.run
        return run(Path(folder) / "data", scope)


if __name__ == "__main__":
    sys.exit(main())
