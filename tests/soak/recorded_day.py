"""A whole market of recorded ticks, ten strategies, every risk rule, compared to the cent:
``python tests/soak/recorded_day.py FOLDER``.

FOLDER: the recordings' ``ticks``, which holds ``l1_20171113`` and ``ctp_full``. ``--day`` takes
one of the markets (``made`` needs no recording), ``--pace 0.2`` lets the strategies act five times
as often as planned. Prints the trades by strategy, the kinds of orders and the rules that denied.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.integration.ten import days, made  # noqa: E402

MARKETS = {
    "made": (days.MADE, "", days.recorded),
    "market": (days.MARKET_DAY, "l1_20171113/*", days.market_day),
    "apples": (days.APPLES, "ctp_full/CZCE.AP*", days.recorded),
    "rubber": (days.RUBBER, "ctp_full/SHFE.ru*", days.recorded),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--day", choices=MARKETS, action="append")
    parser.add_argument("--pace", type=float, default=0.0, help="of every strategy; 0: as planned")
    options = parser.parse_args()
    failed = 0
    for name in options.day or MARKETS:
        plan, pattern, source = MARKETS[name]
        if pattern and options.folder is None:
            print(f"{name}: skipped, no folder of recordings was given")
            continue
        if options.pace:
            plan = plan._replace(pace=options.pace)
        failed += not _one(name, plan, options.folder, pattern, source)
    return 1 if failed else 0


def _one(name: str, plan: days.Plan, ticks: Path, pattern: str, source: days.Open) -> bool:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="homalos-day-") as root:
        folder = Path(root) / "days"
        folder.mkdir()
        if pattern:
            for path in sorted(ticks.glob(pattern)):
                (folder / path.name).symlink_to(path.resolve())
        else:
            made.write(folder, 2_000)
        run = days.Run(plan, folder, Path(root) / "data", source)
        try:
            run.go()
        except AssertionError as error:
            print(f"{name}: FAILED after {run.audit.looks} looks: {error}")
            return False
        print(f"{name}: {time.monotonic() - began:.0f} s; {run.summary()}\n")
    return True


if __name__ == "__main__":
    sys.exit(main())
