"""Figures of the binding beside ``vnpy_ctp.api``'s, on the same stand-in libraries in one run:

    python tests/native/binding/measure.py          (from the project's folder, on a quiet machine)

Nothing here is a daemon: a bare handler counts, or sends one order per tick. Each subject runs in a
process of its own. Times are those of the library's thread: a tick given, an order taken.
"""

import importlib.util
import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from tests.native import fake  # noqa: E402
from tests.native.binding.rig import DBL_MAX, FRONT, Sink  # noqa: E402

SUBJECTS = ("ours, event", "ours, spinning", "ours, vnpy's face", "vnpy_ctp.api")
TICK: dict[str, Any] = {
    "LastPrice": 3594.0, "BidPrice1": 3593.0, "AskPrice1": 3595.0, "BidVolume1": 5,
    "AskVolume1": 7, "Turnover": 1e9, "OpenInterest": 1e6, "OpenPrice": 3500.0,
    "HighestPrice": 3600.0, "LowestPrice": 3400.0, "PreSettlementPrice": 3501.0,
    "PreClosePrice": 3501.0, "PreOpenInterest": 1e6, "UpperLimitPrice": 3900.0,
    "LowerLimitPrice": 3200.0, "SettlementPrice": DBL_MAX,
} | {f"{s}Price{n}": DBL_MAX for s in ("Bid", "Ask") for n in range(2, 6)}  # fmt: skip
ORDER: dict[str, Any] = {
    "BrokerID": "9999", "InvestorID": "1", "UserID": "1", "ExchangeID": "SHFE",
    "InstrumentID": "rb2605", "OrderRef": "1", "Direction": "0", "CombOffsetFlag": "0",
    "CombHedgeFlag": "1", "OrderPriceType": "2", "LimitPrice": 3594.0, "VolumeTotalOriginal": 1,
    "TimeCondition": "3", "VolumeCondition": "1", "MinVolume": 1, "ContingentCondition": "1",
    "ForceCloseReason": "0", "RequestID": 1,
}  # fmt: skip
FULL, SINGLE, GROUPS, WIDE = 200_000, 3_000, 12, 600


class Subject:
    """A pair of ports; ``entered`` holds when the handler was called."""

    def __init__(self, folder: Path, flow: Path) -> None:
        self.entered: list[int] = []
        self.trades = False
        self.start(folder, flow)
        self.md, self.td = fake.Fake(folder, "md"), fake.Fake(folder, "td")

    def start(self, folder: Path, flow: Path) -> None: ...

    def until(self, count: int) -> None:
        while len(self.entered) < count:
            time.sleep(0.002)

    def close(self) -> None: ...


class Ours(Subject, Sink):
    spinning = False

    def start(self, folder: Path, flow: Path) -> None:
        from homalos.ctp.fast import FastMd, FastTd, InstrumentId, wait

        self.wait = wait
        self.ports: list[Any] = [FastMd(folder, flow / "md"), FastTd(folder, flow / "td")]
        self.insert = self.ports[1].insert
        self.ports[1].set_account("9999", "1", "1")
        for number in range(WIDE):
            name = f"c{number:04d}"
            self.ports[0].list(name, InstrumentId(name), 1.0, False)
        self.selector = selectors.DefaultSelector()
        for port in self.ports:
            port.open([FRONT])
            self.selector.register(port.fileno(), selectors.EVENT_READ, port.drain)

    def on_connected(self) -> None: ...

    def on_tick(self, tick: Any) -> None:
        self.entered.append(time.perf_counter_ns())
        if self.trades:
            self.insert("1", "SHFE", "rb2605", "0", "0", "2", 3594.0, 1, "3", "1", 1, 1)

    def until(self, count: int) -> None:
        while len(self.entered) < count:
            if not self.spinning:
                for key, _ in self.selector.select():
                    key.data(self)
            elif self.wait(self.ports, 1_000_000):
                for port in self.ports:
                    port.drain(self)

    def close(self) -> None:
        for port in self.ports:
            port.close()


class Spinning(Ours):
    spinning = True


class Faced(Subject):
    """On the face of vnpy_ctp.api, ours or theirs."""

    def apis(self) -> tuple[type, type]:
        from homalos.ctp.api import MdApi, TdApi

        return MdApi, TdApi

    def start(self, folder: Path, flow: Path) -> None:
        md_api, td_api = self.apis()
        subject = self

        class Md(md_api):  # type: ignore[misc, valid-type]
            def onRtnDepthMarketData(self, data: dict[str, Any]) -> None:
                subject.entered.append(time.perf_counter_ns())
                if subject.trades:
                    subject.trader.reqOrderInsert(ORDER, 1)

        self.market, self.trader = Md(), td_api()
        self.market.createFtdcMdApi(f"{flow}/md", True)
        self.trader.createFtdcTraderApi(f"{flow}/td", True)
        for one in (self.market, self.trader):
            one.registerFront(FRONT)
            one.init()


class Theirs(Faced):
    def apis(self) -> tuple[type, type]:
        import vnctpmd
        import vnctptd

        return vnctpmd.MdApi, vnctptd.TdApi


KINDS = dict(zip(SUBJECTS, (Ours, Spinning, Faced, Theirs), strict=True))


def quantiles(values: list[int]) -> list[float]:
    ordered = sorted(values)
    return [round(ordered[min(int(len(ordered) * q), len(ordered) - 1)] / 1e3, 1)
            for q in (0.5, 0.99)]  # fmt: skip


def run(subject: Subject, groups: int, many: int, gap_ns: int) -> list[int]:
    subject.entered.clear()
    subject.md.record(groups * many)
    subject.td.record(groups * many)
    subject.md.flood("OnRtnDepthMarketData", TICK, groups, many, gap_ns, stamp=True)
    subject.until(groups * many)
    return subject.md.times(False, groups * many)


def measure(subject: Subject) -> dict[str, Any]:
    run(subject, 200, 1, 1_000_000)
    given = run(subject, FULL // WIDE // 4, WIDE, 0 if "vnpy" in sys.argv[1] else 800_000)
    rate = len(given) / ((subject.entered[-1] - given[0]) / 1e9)
    subject.trades = True
    given = run(subject, SINGLE, 1, 2_000_000)
    single = [e - g for e, g in zip(subject.entered, given, strict=True)]
    taken = subject.td.times(True, SINGLE)
    orders = [o - g for o, g in zip(taken, given, strict=False)]
    subject.trades = False
    given = run(subject, GROUPS, WIDE, 250_000_000)
    burst = [e - g for e, g in zip(subject.entered, given, strict=True)]
    return {"ticks/s": round(rate), "handler us": quantiles(single), "order us": quantiles(orders),
            "burst us": quantiles(burst)}  # fmt: skip


def child(name: str, folder: Path) -> None:
    spec = importlib.util.find_spec("vnpy_ctp")
    if spec and spec.submodule_search_locations:
        sys.path.append(str(Path(spec.submodule_search_locations[0]) / "api"))
    with tempfile.TemporaryDirectory() as flow:
        # Loaded first, they are the ones that vnpy's binding finds by their SONAME.
        held = [fake.Fake(folder, side) for side in fake.SIDES]
        subject = KINDS[name](folder, Path(flow))
        time.sleep(0.2)
        print(json.dumps(measure(subject)), flush=True)
        subject.close()
        del held
        sys.stdout.flush()
        os._exit(0)


def main() -> None:
    with tempfile.TemporaryDirectory() as cache:
        folder = fake.build(Path(cache))
        for name in SUBJECTS:
            command = [sys.executable, __file__, name, str(folder)]
            environment: dict[str, str] = {"HOMALOS_CTP_LIBRARIES": str(folder)}
            ran = subprocess.run(
                command, capture_output=True, text=True, timeout=300,
                env=os.environ | environment,
            )  # fmt: skip
            print(f"{name:18}", ran.stdout.strip() or ran.stderr.strip()[-300:], flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        child(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
