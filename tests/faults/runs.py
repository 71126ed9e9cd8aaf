"""How each fault of the table is run whole, and what is counted of it."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

from loguru import logger
from tests.contract import test_full_disk
from tests.faults import answers, clocks, cuts, edits, feeds, kills, requests, rogues, stores
from tests.faults.core import hurried
from tests.faults.door import WELL

T = TypeVar("T")
Figures = Counter[str]
"""Counts by name. ``cases`` is always there, ``failed`` where promises did not hold."""


class Scope(NamedTuple):
    """How much of it."""

    seed: int = 1
    kills: int = 200


def _each(cases: Iterable[T], data: Path, one: Callable[[T], Mapping[str, int]]) -> Figures:
    """Every case, whatever became of those before it; what failed is told with its case."""
    found: Figures = Counter()
    for case in cases:
        found["cases"] += 1
        try:
            found.update(one(case))
        except AssertionError as error:
            found["failed"] += 1
            print(f"  FAILED {case}: {str(error)[:500]}", flush=True)
            shutil.rmtree(data, ignore_errors=True)
    return found


def run_cuts(way: str, data: Path, scope: Scope) -> Figures:
    """Over the turn of the trading day; every cut is recovered, every fifth one replayed."""
    with hurried():
        session = cuts.record(data / "session")

        def one(cut: cuts.Cut) -> Mapping[str, int]:
            replayed = way != "power" and not cut.number % 5
            core = cuts.run(session, cut, data / "run", replayed=replayed)
            return {"replays": int(replayed), "trades": core.trades}

        return _each(cuts.cuts(session, scope.seed, (way,)), data / "run", one)


def run_settled(data: Path, scope: Scope) -> Figures:
    """Every third cut."""
    with hurried():
        session = cuts.record(data / "session")

        def one(cut: cuts.Cut) -> Mapping[str, int]:
            told = cuts.run_settled(session, cut, data / "run")
            return {"halted for a person's word": int(told.halted)}

        return _each(list(cuts.cuts(session, scope.seed, (cuts.SETTLED,)))[::3], data / "run", one)


def run_kills(data: Path, scope: Scope) -> Figures:
    told = kills.run(data, scope.seed, scope.kills)
    return Counter(
        {
            "cases": told.kills,
            "kills during a start": told.starts,
            "starts checked": told.checks,
            "orders": told.orders,
            "fills": told.fills,
            "records": told.records,
        }
    )


def run_database(kind: str, data: Path, scope: Scope) -> Figures:
    with hurried():
        plain = stores.run(data / "plain", stores.Failure("", 0, False), None)

        def one(failure: stores.Failure) -> Mapping[str, int]:
            told = stores.run(data / "run", failure, plain.rows)
            return {"failed writes": told.failed, "rows spooled": told.spooled}

        found = _each(stores.failures(plain, (kind,)), data / "run", one)
        return found + Counter(statements=plain.statements)


def run_journal_full(data: Path, scope: Scope) -> Figures:
    with hurried():
        whole = stores.run_journal(data / "whole", 10**9, once=True)

        def one(case: tuple[int, bool]) -> Mapping[str, int]:
            told = stores.run_journal(data / "run", case[0], once=case[1])
            return {"core stopped": int(told.ended)}

        places = ((n, once) for once in (True, False) for n in range(1, whole.records + 1))
        return _each(places, data / "run", one) + Counter(records=whole.records)


def run_ledger_full(data: Path, scope: Scope) -> Figures:
    """The loop itself stands in the test of the gateway's contract."""
    data.mkdir(parents=True)
    logger.disable("homalos")
    writes = len(test_full_disk.asked_in_a_day(data / "counted")) - 1
    test_full_disk.test_whenever_the_disk_refuses_the_exchange_alone_is_gone(data)
    return Counter({"cases": writes})


def run_answers(kind: str, data: Path, scope: Scope) -> Figures:
    with hurried():
        plain = answers.run(data / "plain", WELL)

        def one(spoil: answers.Spoil) -> Mapping[str, int]:
            told = answers.run(data / "run", spoil)
            return {
                "trades": told.trades,
                "orders unresolved for a while": told.unresolved,
                "halts": told.halts,
            }

        return _each(answers.spoils(plain, (kind,)), data / "run", one)


def run_clock(jump: str, data: Path, scope: Scope) -> Figures:
    with hurried():

        def one(beat: int) -> Mapping[str, int]:
            told = clocks.run(data / "run", jump, beat)
            return {"trades": told.trades, "alerts of the clock": told.alerts}

        return _each(range(1, clocks.BEATS + 1), data / "run", one)


def run_feed(kinds: tuple[str, ...], data: Path, scope: Scope) -> Figures:
    with hurried():

        def one(case: feeds.Case) -> Mapping[str, int]:
            told = feeds.run(data / "run", case)
            return {"ticks refused": told.refused, "trades": told.trades}

        return _each(feeds.cases(kinds), data / "run", one)


def run_rogue(deed: str, data: Path, scope: Scope) -> Figures:
    with hurried():

        def one(misdeed: rogues.Misdeed) -> Mapping[str, int]:
            told = rogues.run(data / "run", misdeed)
            return {
                "stopped": int(told.state in ("quarantined", "failed")),
                "intents": told.wishes,
                "orders of the rogue": told.orders,
            }

        return _each(rogues.misdeeds((deed,)), data / "run", one)


def run_requests(data: Path, scope: Scope) -> Figures:
    data.mkdir(parents=True)
    told = requests.run(data, scope.seed, 1_000)
    return Counter(
        {"cases": told.requests, "answered with a status": told.refused, "trades": told.trades}
    )


def run_edits(data: Path, scope: Scope) -> Figures:
    data.mkdir(parents=True)
    told = edits.run(data, scope.seed, tuple(edits.edits()))
    return Counter({"cases": told.edits, "trades": told.trades})
