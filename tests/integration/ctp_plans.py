"""One seeded plan of faults: the daemon trades under it over CTP, and the books are compared.

The seed decides the faults, their frames and times, and the market. What the machine's load decides
(which tick meets which order) is not in it: a seed that fails is run again until it shows why.
"""

import json
import time
from pathlib import Path
from typing import NamedTuple

import msgspec
from tests.integration.ctp_pair import PRODUCTS, SOURCE, Pair, main_contract
from tests.integration.daemon import until

from homalos.exchange.door.fault_plan import KINDS, random_plan

PLANNED = tuple(kind for kind in KINDS if kind != "position")
"""Lots that change without a trade halt the daemon until a person has looked: a test of its own."""
HORIZON_S = 120
PACE = 30


class Outcome(NamedTuple):
    seed: int
    kinds: tuple[str, ...]
    struck: int
    armed: bool
    """A person had to: an answer of the venue without one of its rows is a difference, and halts
    until books and venue agree again."""
    trades: int
    seconds: float
    fault: str
    """What was wrong in the end; "" where both books agree."""


def run_plan(root: Path, seed: int, count: int = 6) -> Outcome:
    """Run it in a folder of its own; never raises for what goes wrong in it."""
    begun = time.monotonic()
    pair = Pair(root)
    kinds: tuple[str, ...] = ()
    fault, struck, armed, trades = "", 0, False, 0
    try:
        kinds = _begin(pair, seed, count)
        struck, armed = _trade_on(pair)
        pair.quiesce(60)
        pair.compare()
        trades = len(pair.books()["trades"])
        pair.stop()
    except Exception as error:  # told in the table, the other plans go on
        fault = f"{type(error).__name__}: {error}"
    finally:
        pair.kill()
    return Outcome(seed, kinds, struck, armed, trades, time.monotonic() - begun, fault)


def _begin(pair: Pair, seed: int, count: int) -> tuple[str, ...]:
    sets = (*SOURCE, f"exchange.generator_seed={seed + 1}")
    pair.start_front("--speed", str(PACE), sets=sets)
    day = int(pair.front.tell("status")["trading_day"])
    instruments = [main_contract(name, day) for name in PRODUCTS]
    plan = random_plan(seed, count=count, instruments=instruments, horizon=HORIZON_S, kinds=PLANNED)
    rows = [msgspec.to_builtins(_given(spec)) for spec in plan]
    (pair.root / "plan.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1))
    pair.start_daemon()
    pair.until_ready()
    pair.front.tell("go")
    pair.front.tell("fault", action="add", faults=rows)
    return tuple(spec.kind for spec in plan)


def _given(spec: msgspec.Struct) -> dict[str, object]:
    """What of it is not the default."""
    return {
        field.name: value
        for field in msgspec.structs.fields(spec)
        if (value := getattr(spec, field.name)) != field.default and value not in ({}, None)
    }


def _trade_on(pair: Pair) -> tuple[int, bool]:
    """Until the plan's time is over and the lines are well again, then a little more; how many
    faults have struck, and whether a person had to arm. Both lines are cut once half way, so that
    faults of a login have one."""
    start = _seconds(pair)
    until(lambda: _seconds(pair) >= start + HORIZON_S / 2, 60, "half of the plan")
    pair.front.tell("cut", user="sim")
    until(lambda: _seconds(pair) >= start + HORIZON_S, 60, "the end of the plan")
    struck = sum(row["struck"] > 0 for row in pair.front.tell("fault")["faults"])
    pair.front.tell("fault", action="clear")
    until(lambda: _state(pair) in ("active", "reducing"), 60, "agreement")
    armed = _state(pair) == "reducing"
    if armed:
        pair.arm()
    pair.until_ready(60)
    pair.trade(5)
    return struck, armed


def _state(pair: Pair) -> str:
    return str(pair.at_work.status()["trading_state"])


def _seconds(pair: Pair) -> float:
    """Time of day at the exchange."""
    hours, minutes, seconds = pair.front.tell("status")["time"].split()[1].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
