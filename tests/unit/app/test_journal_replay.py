"""A run made again from its journal: the same at every step, or the place where it first differs.

The real engine, the simulated exchange on its generated market, real strategy files; no loop.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pytest

from homalos.app import journal_replay
from homalos.app.journal_replay import Own, ReplayRefused, Report
from homalos.app.past import Memory
from homalos.app.venue import SimulatedVenue
from homalos.config.loader import load
from homalos.config.schema import Config
from homalos.engine import Engine, Market
from homalos.kernel.journal import Journal, Kind, read
from homalos.kernel.pump import Pump
from homalos.kernel.records import RECORD, checksum, segments
from homalos.model.enums import TradingState
from homalos.model.event import Event
from homalos.model.events import KillSwitch, SetTradingState
from homalos.model.market import Tick

STRATEGY = """
from homalos.strategy import Strategy, param


class Flip(Strategy):
    every: int = param(5, ge=1)
    state_fields = ("count",)
    count: int = 0

    def on_tick(self, tick):
        self.count += 1
        if tick.last_price is None or self.count % self.every:
            return
        turn = self.count // self.every
        if turn % 7 == 0:
            self.cancel_all()
        elif turn % 2:
            self.buy(tick.instrument, 1 + turn % 3, tick.last_price - turn % 5)
        else:
            self.sell(tick.instrument, 1 + turn % 3, tick.last_price + turn % 5)
"""


class House:
    """A data folder, and runs of the core on it, one after another."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "data"
        self.strategies = root / "strategies"
        self.rules = root / "risk_rules"
        for folder in (self.strategies, self.rules):
            folder.mkdir(parents=True)
        self.data.mkdir()
        (self.strategies / "flip.py").write_text(STRATEGY)
        self.config = _config()

    def run(
        self, ticks: int, *, kill: bool = False, thin: int = 1,
        meddle: Callable[[Engine, int], None] | None = None,
    ) -> str:  # fmt: skip
        """Run for so many ticks, or every ``thin``-th of them; the state's hash at the end."""
        market = Market(self.config)
        memory = Memory(self.data)
        venue = SimulatedVenue(self.config, market, self.data, None, None, memory.last_ts)
        journal = Journal(self.data / "journal", segment_bytes=1 << 20, keep=100)
        engine = Engine(
            self.config, market, venue.clock, venue.gateway, run=memory.run,
            strategies=self.strategies, journal=journal, watchdog=False,
            risk_rules=self.rules,
        )  # fmt: skip
        engine.attach()
        memory.attach(engine, journal)
        memory.restore(engine)
        engine.connect()
        engine.gateway.subscribe(i.id for i in engine.gateway.instruments())
        engine.bus.run_until_idle()
        engine.bars.load(venue.warmup())
        engine.strategies.start()
        engine.bus.run_until_idle()
        self._pump(engine, venue, islice(iter(venue.source), 0, None, thin), ticks, meddle)
        if not kill:
            engine.strategies.stop()
            engine.bus.run_until_idle()
            memory.save(engine)
            engine.gateway.close()
            engine.bus.run_until_idle()
            memory.end(engine)
        venue.close()
        journal.close()
        return engine.state_hash()

    def _pump(
        self, engine: Engine, venue: SimulatedVenue, source: Iterator[Tick], ticks: int,
        meddle: Callable[[Engine, int], None] | None,
    ) -> None:  # fmt: skip
        pump = Pump(engine.bus, venue.clock, engine.timers, source, venue._feed, speed=None)
        pump.start(None)
        engine.bus.pull = None
        while pump.pulled < ticks:
            before = pump.pulled
            pump.pull()
            engine.bus.run_until_idle()
            if meddle is not None and pump.pulled != before:
                meddle(engine, pump.pulled)

    def replay(self, run: int | None = None, **changes: Any) -> Report:
        folder, own = self.data / "journal", Own.of(self.strategies, changes.get("rules"))
        found = journal_replay.find(folder, run)
        config = journal_replay.check(found, own, changes.get("config"))
        return journal_replay.replay(folder, found, config, own)


def _config() -> Config:
    shipped = Path(__file__).resolve().parents[3] / "config"
    loaded = load(
        shipped,
        overrides=(
            "exchange.generator_products=[SHFE.rb,DCE.m]", "exchange.generator_history_bars=240",
            "kernel.error_budget=5",
        ),
        environ={},
    )  # fmt: skip
    entries = [
        {"id": "one", "file": "flip.py", "instruments": ["SHFE.rb"], "params": {"every": 3}},
        {"id": "two", "file": "flip.py", "instruments": ["DCE.m"], "params": {"every": 4}},
    ]
    raw = msgspec.to_builtins(loaded.config) | {"strategies": entries}
    return msgspec.convert(raw, type=Config)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def operator(engine: Engine, tick: int) -> None:
    """What a person does meanwhile."""
    now = engine.clock.now()
    words: dict[int, Event] = {
        300: SetTradingState(TradingState.REDUCING, "me", "lunch", now),
        400: SetTradingState(TradingState.ACTIVE, "me", "back", now),
        700: KillSwitch("me", "enough", now),
    }
    if tick in words:
        engine.bus.post(words[tick])
        engine.bus.run_until_idle()


def test_a_run_and_its_replay_reach_the_same_state(house: House) -> None:
    ran = house.run(1_500, meddle=operator)
    report = house.replay()
    assert report.difference is None
    assert report.recovery is None, "recovery folds to the same orders and books"
    assert report.ended
    assert report.state_hash == ran
    assert report.outcomes > 300
    assert report.checkpoints > 1
    assert report.ingress > 1_500


def test_every_run_of_a_folder_replays_from_what_was_before_it(house: House) -> None:
    hashes = [house.run(700), house.run(500, kill=True), house.run(600)]
    for number, wanted in ((1, hashes[0]), (3, hashes[2])):
        report = house.replay(number)
        assert report.same, report
        assert report.state_hash == wanted
    killed = house.replay(2)
    assert killed.same
    assert not killed.ended
    assert killed.state_hash == hashes[1]


def test_over_the_turn_of_the_trading_day(house: House) -> None:
    """Books roll at prices that only ticks told; recovery reads no ticks."""
    ran = house.run(900, thin=100)
    marks = [r for r in read(house.data / "journal") if r.name() == "DayMarks"]
    assert len(marks) == 1
    report = house.replay()
    assert report.same, report
    assert report.state_hash == ran
    again = house.run(100)
    assert house.replay().state_hash == again


def rewrite(house: House, name: str, change: Callable[[Event], Event], nth: int = 20) -> int:
    """Change the ``nth`` record of that class, with a good checksum; its seq."""
    records = [r for r in read(house.data / "journal") if r.name() == name]
    record = records[nth]
    payload = msgspec.msgpack.encode(change(record.event()))
    assert len(payload) == len(record.payload)
    path = dict(segments(house.data / "journal"))[record.segment]
    data = bytearray(path.read_bytes())
    check = checksum(record.kind, record.seq, record.ts, record.step, payload)
    RECORD.pack_into(
        data, record.offset, len(payload), check, record.kind, record.seq, record.ts, record.step
    )
    begin = record.offset + RECORD.size
    data[begin : begin + len(payload)] = payload
    path.write_bytes(data)
    return record.seq


def test_the_first_outcome_that_differs_is_named(house: House) -> None:
    house.run(800)

    def dearer(event: Any) -> Any:
        order = msgspec.structs.replace(event.order, price=event.order.price + 1.0)
        return msgspec.structs.replace(event, order=order)

    seq = rewrite(house, "OrderSubmitted", dearer)
    report = house.replay()
    assert not report.same
    assert report.difference is not None
    assert report.difference.startswith(f"seq {seq}, ")
    assert "OrderSubmitted" in report.difference


def test_ingress_that_was_tampered_with_shows(house: House) -> None:
    house.run(800)

    def later(event: Any) -> Any:
        return msgspec.structs.replace(event, last_price=event.last_price + 3.0)

    rewrite(house, "Tick", later, nth=200)
    assert not house.replay().same


RULE = """
from homalos.trading.risk.user import UserRule


class FewBuys(UserRule):
    def check(self, order, facts):
        if facts.long_lots + order.lots > 4:
            return f"{facts.long_lots} are enough"
"""


def test_rules_of_the_traders_own_decide_again_as_they_did(house: House, tmp_path: Path) -> None:
    path = house.rules / "few_buys.py"
    path.write_text(RULE)
    ran = house.run(800)
    denied = [r.event() for r in read(house.data / "journal") if r.name() == "OrderDenied"]
    assert {d.rule for event in denied for d in event.denials} >= {"user.few_buys"}
    report = house.replay()
    assert report.same, report
    assert report.state_hash == ran
    elsewhere = tmp_path / "elsewhere"
    house.rules.rename(elsewhere)
    with pytest.raises(ReplayRefused, match=r"risk_rules/few_buys\.py is gone"):
        house.replay()
    assert house.replay(rules=elsewhere).state_hash == ran
    (elsewhere / "few_buys.py").write_text(RULE.replace("> 4", "> 5"))
    with pytest.raises(ReplayRefused, match=r"risk_rules/few_buys\.py has changed"):
        house.replay(rules=elsewhere)
    folder = house.data / "journal"
    run = journal_replay.find(folder, None)
    own = Own.of(house.strategies, elsewhere)
    other = journal_replay.replay(folder, run, journal_replay.recorded_config(run), own)
    assert other.difference is not None


def test_other_code_files_or_config_are_refused_in_words(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.run(50)
    path = house.strategies / "flip.py"
    path.write_text(STRATEGY.replace("turn % 7", "turn % 6"))
    (house.strategies / "new.py").write_text("")
    with pytest.raises(ReplayRefused, match=r"flip\.py has changed(.|\n)*new\.py is new"):
        house.replay()
    path.write_text(STRATEGY)
    (house.strategies / "new.py").unlink()
    assert house.replay().same
    other = msgspec.structs.replace(
        house.config, risk=msgspec.structs.replace(house.config.risk, max_order_lots=7)
    )
    with pytest.raises(ReplayRefused, match="the config is another one"):
        house.replay(config=other)
    monkeypatch.setattr("homalos.app.identity.code_hash", lambda: "0" * 64)
    with pytest.raises(ReplayRefused, match="the program is another one"):
        house.replay()


def test_other_code_all_the_same_shows_where_it_first_differs(house: House) -> None:
    house.run(600)
    (house.strategies / "flip.py").write_text(STRATEGY.replace("turn % 5", "turn % 4"))
    folder = house.data / "journal"
    run = journal_replay.find(folder, None)
    config = journal_replay.recorded_config(run)
    report = journal_replay.replay(folder, run, config, Own.of(house.strategies))
    assert report.difference is not None
    assert "the journal says" in report.difference


def test_a_run_that_is_not_there_is_told(house: House) -> None:
    house.run(10)
    with pytest.raises(ReplayRefused, match="it has 1"):
        house.replay(7)


def test_a_journal_of_the_first_format_has_no_run_to_replay(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=1 << 16, keep=9)
    journal.append(Kind.INGRESS, 1, 1, KillSwitch("me", "why", 1), 0)
    journal.close()
    with pytest.raises(ReplayRefused, match="none"):
        journal_replay.find(tmp_path, None)
