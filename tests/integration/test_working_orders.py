"""Chases, tries, replacements, holds in the real core on the simulated exchange."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.integration.trading_floor import Floor
from tests.unit.app.test_journal_replay import House

from homalos.config.sections.strategy import StrategyEntry
from homalos.kernel.journal import Kind, read
from homalos.model.enums import StrategyState
from homalos.model.events import HandlerFailed, IntentChanged, OrderSubmitted, StrategyCommand
from homalos.model.ids import AccountId
from homalos.trading.registry import is_open

WORKER = """
from homalos.strategy import OnTimeout, Strategy, Terms, param

CHASE = Terms(timeout_ms=2_000, on_timeout=OnTimeout.CHASE, max_tries=3)
TILL_THEN = Terms(timeout_ms=1_500)

class Worker(Strategy):
    lots: int = param(3)
    shift: int = param(0)
    state_fields = ("beat", "last")
    beat: int = 0
    last: str = ""

    def on_start(self):
        self.beat = self.shift
        self.schedule("beat", 4, repeat=True)
        self.schedule("mind", 9, repeat=True)

    def on_timer(self, name):
        tick, size = self.last_tick(self.instrument), self.contract(self.instrument).tick_size
        if tick is None or tick.bid_price is None or tick.ask_price is None:
            return
        if name == "mind":
            if self.last and self.orders():
                self.replace(self.last, tick.bid_price, None)
            return
        self.beat += 1
        turn = self.beat % 5
        if turn == 0:
            self.target(self.instrument, self.lots, tick.bid_price - size, terms=CHASE)
        elif turn == 1:
            self.target(self.instrument, 0, tick.ask_price + 2 * size, terms=CHASE)
        elif turn == 2:
            self.target(self.instrument, -self.lots, terms=Terms(ticks=4, max_tries=4))
        elif turn == 3 and self.shift % 4:
            self.last = self.buy(self.instrument, 1, tick.bid_price - size, terms=TILL_THEN)
        elif turn == 3:
            self.sell(self.instrument, 40, terms=Terms(ticks=0, max_tries=3))
        else:
            self.close(self.instrument, terms=Terms(reduce_only=True))
"""
CONTRACTS = ("SHFE.rb", "SHFE.rb", "DCE.m", "CZCE.MA")


@pytest.fixture
def floors(tmp_path: Path, project_root: Path) -> Iterator[list[Floor]]:
    folder = tmp_path / "strategies"
    folder.mkdir()
    (folder / "worker.py").write_text(WORKER)
    rows = tuple(
        StrategyEntry(
            id=f"w{n}",
            file="worker.py",
            instruments=(i,),
            params={"lots": 2 + n, "shift": 2 * n},
            crossing="hold",
        )
        for n, i in enumerate(CONTRACTS)
    )
    made = [
        Floor(project_root / "config", tmp_path / f"data{n}", folder, entries=rows)
        for n in range(2)
    ]
    yield made
    for floor in made:
        floor.close()


def _agrees(floor: Floor) -> None:
    """Two ledgers that share nothing, and every strategy's own count, are equal."""
    engine, account = floor.engine, AccountId(floor.config.app.account)
    theirs = floor.exchange.account(account)
    ours = engine.books.account()
    assert ours.balance == pytest.approx(theirs.balance, abs=0.005)
    assert ours.fees == pytest.approx(theirs.fees, abs=0.005)
    lots = {(p.instrument, p.direction): p.lots for p in floor.exchange.positions(account)}
    assert {(p.instrument, p.direction): p.lots for p in engine.books.positions()} == lots
    books = {(b.strategy, b.instrument): b.net_lots for b in engine.books.books() if b.net_lots}
    slots = engine.strategies._slots
    assert {(i, c): n for i, s in slots.items() for c, n in s.desk.net.items() if n} == books
    for slot in slots.values():
        for instrument in slot.instruments:
            due = slot.desk.net.get(instrument, 0)
            for order in engine.orders.live(slot.id):
                due += order.side.sign * (order.lots - order.booked_lots)
            for row in engine.orders.working.pending():
                if row.intent.strategy == slot.id:
                    due += row.intent.side.sign * row.lots
            assert slot.desk.expected(instrument) == due


def test_books_equal_the_exchanges_while_everything_is_worked_on_and_twice_the_same(
    floors: list[Floor],
) -> None:
    for floor in floors:
        floor.open()
        for _ in range(15):
            floor.go(800)
            _agrees(floor)
            rounds = Counter(
                order.intent_id for order in floor.engine.orders.orders() if is_open(order)
            )
            assert all(count <= 3 for count in rounds.values()), "one round's parts at most"
    floor, again = floors
    assert not [e for e in floor.events if isinstance(e, HandlerFailed)]
    stages = Counter(e.stage.value for e in floor.events if isinstance(e, IntentChanged))
    assert stages.keys() == {"held", "working", "ending", "retry", "ended"}, stages
    later = [e for e in floor.events if isinstance(e, OrderSubmitted) and e.order.id.endswith("00")]
    assert len(later) > 20, "rounds after the first"
    assert floor.engine.state_hash() == again.engine.state_hash()


def test_when_its_strategies_stop_nothing_is_worked_on_any_more(floors: list[Floor]) -> None:
    floor = floors[0]
    floor.open()
    floor.go(6_000)
    for slot in floor.engine.strategies._slots.values():
        floor.engine.bus.post(StrategyCommand(slot.id, "stop", "test", floor.clock.now()))
    floor.go(4_000)
    assert floor.engine.orders.working.plans == {}
    assert floor.engine.orders.live() == ()
    for slot in floor.engine.strategies._slots.values():
        assert slot.state is StrategyState.STOPPED
        assert slot.desk.intents == {}


@pytest.mark.parametrize("seed", range(4))
def test_run_replay_and_recovery_agree_on_what_is_worked_on(tmp_path: Path, seed: int) -> None:
    """A run that was killed in mid-work, one that takes over from it, and both made again."""
    house = House(tmp_path)
    (house.strategies / "worker.py").write_text(WORKER)
    rows = tuple(
        StrategyEntry(
            id=f"w{n}", file="worker.py", instruments=("SHFE.rb",),
            params={"lots": 2 + n, "shift": 2 * n}, crossing="hold",
        )
        for n in range(2)
    )  # fmt: skip
    house.config = replace(house.config, strategies=rows)
    house.run(400 + 37 * seed, kill=True)
    ran = house.run(600)
    report = house.replay()
    assert report.difference is None
    assert report.recovery is None
    assert report.state_hash == ran
    assert house.replay(1).difference is None
    told = [r.event() for r in read(house.data / "journal") if r.kind is Kind.OUTCOME]
    assert sum(isinstance(event, IntentChanged) for event in told) > 20
