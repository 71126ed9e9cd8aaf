"""The whole daemon as a program for the benchmarks of the CTP path: ``homalos run`` as a user
starts it, journal, store and all risk rules on, gateway ``ctp``, with one strategy.

``single``: it buys at the ask and sells what it holds at the bid, one FAK for each tick; ``burst``:
it notes when ``on_tick`` is entered, and sends nothing.
"""

import signal
import sys
from pathlib import Path

import msgspec
import yaml

from homalos.bench.ctp_rig import Plan, Process, own_environment
from homalos.config.secrets import variable
from homalos.config.sections.risk_programme import UNREACHED

_ENDS = """

    def on_start(self):
        self.long = set()
        self.stamps = []
        sys.stdout.write("ready\\n")
        sys.stdout.flush()

    def on_stop(self):
        entries = {}
        for name, stamp in self.stamps:
            entries.setdefault(WIRES[name], []).append(stamp)
        Path(OUT).write_bytes(msgspec.json.encode({"entries": entries}))
"""
SINGLE = """import sys
from pathlib import Path

import msgspec

from homalos.model.enums import TimeInForce
from homalos.strategy import Strategy


class Answer(Strategy):
    def on_tick(self, tick):
        name = tick.instrument
        if name in self.long:
            self.sell(name, 1, tick.bid_price, tif=TimeInForce.FAK)
        else:
            self.buy(name, 1, tick.ask_price, tif=TimeInForce.FAK)

    def on_trade(self, trade):
        self.long ^= {trade.instrument}
"""
BURST = """import sys
from pathlib import Path

import msgspec

from homalos.kernel.clock import monotonic_ns
from homalos.strategy import Strategy


class Answer(Strategy):
    def on_tick(self, tick):
        self.stamps.append((tick.instrument, monotonic_ns()))
"""

RISK = {
    "max_identical_orders": 100_000,
    "programme": msgspec.to_builtins(UNREACHED),
    **{
        f"max_{whose}{what}_per_{window}": 1_000_000
        for whose in ("", "strategy_")
        for what in ("orders", "cancels")
        for window in ("s", "min", "day")
    },
}
"""All rules hold; 500 orders a second are let through."""


class Daemon(Process):
    """``homalos run``; it ends at a signal, as a user ends it."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        config = _write(plan, folder)
        words = [
            sys.executable, "-m", "homalos", "run", "--config", str(config), "--data-dir",
            str(folder / "data"), "--port", "0",
        ]  # fmt: skip
        secrets = {variable("ctp_password"): "sim"}
        super().__init__(words, own_environment() | secrets, folder, "daemon")

    def end(self) -> None:
        self._child.send_signal(signal.SIGTERM)
        super().end()


def _write(plan: Plan, folder: Path) -> Path:
    """Its configuration and its strategy."""
    config, strategies = folder / "config", folder / "strategies"
    config.mkdir()
    strategies.mkdir()
    wires = {name: wire for wire, _, name in plan.contracts}
    body = SINGLE if plan.work == "single" else BURST
    told = f"\nOUT = {plan.out!r}\nWIRES = {wires!r}\n"
    head, _, rest = body.partition("\n\nclass ")
    (strategies / "answer.py").write_text(f"{head}\n{told}\n\nclass {rest.rstrip()}{_ENDS}")
    entry = {"id": "answer", "file": "answer.py", "instruments": list(wires)}
    (config / "strategies.yaml").write_text(yaml.safe_dump({"strategies": [entry]}))
    (config / "risk.yaml").write_text(yaml.safe_dump(RISK))
    (config / "system.yaml").write_text(yaml.safe_dump(_system(plan)))
    return config


def _system(plan: Plan) -> dict[str, object]:
    return {
        "app": {"account": "sim"},
        "gateway": {"md": "ctp", "td": "ctp"},
        "ctp": {
            "td_fronts": [plan.td],
            "md_fronts": [plan.md],
            "broker": "9999",
            "libraries": plan.libraries,
            "binding": "native",
            "consumer": "spin" if plan.spin else "event",
            "query_interval_ms": 0,
            "quiet_ms": 100,
        },
        "trading": {"auto_arm": "on", "reconcile_s": 3_600, "unresolved_after_ms": 600_000},
    }
