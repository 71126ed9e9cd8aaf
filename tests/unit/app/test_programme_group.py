"""Several daemons of an actual-control group: their counts in one folder, limits on the sum."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import DAY, RB, M, venue_state
from tests.unit.trading.programme.floor import ROW, Floor, section, side_of

from homalos.app.programme_group import GroupFolder, Share
from homalos.model.enums import OrderStatus, Side, TimeInForce
from homalos.model.events import TradingDayChanged
from homalos.model.ids import AccountId
from homalos.model.programme import GroupCounted


class House:
    """A desk whose account has a name, a data folder, and a look at the group's folder."""

    def __init__(self, name: str, root: Path, **changes: Any) -> None:
        risk = section(replace(ROW, **changes), programme_group_folder=str(root / "group"))
        self.floor = floor = Floor(risk)
        floor.books.account_id = AccountId(name)
        floor.venue.simulated = False
        config = SimpleNamespace(risk=risk)
        self.engine: Any = SimpleNamespace(
            config=config, books=floor.books, programme=floor.programme, gateway=floor.venue,
            clock=floor.clock, bus=floor.bus,
        )  # fmt: skip
        data = root / name
        data.mkdir(exist_ok=True)
        self.folder = GroupFolder(data, self.engine)

    def look(self) -> None:
        self.folder.look()
        self.floor.bus.run_until_idle()

    def level(self, name: str) -> tuple[int, int]:
        """Of the contract: ours, and that of all."""
        count = self.floor.programme.counts.contracts[RB]
        level = getattr(count if name != "bursts" else count.exchange, name)
        return level.own, level.total


@pytest.fixture
def houses(tmp_path: Path) -> tuple[House, House]:
    return House("one", tmp_path, bursts=0), House("two", tmp_path, bursts=0)


def _look(*houses: House) -> None:
    for house in (*houses, *houses):
        house.look()


def test_limits_hold_for_the_sum(houses: tuple[House, House]) -> None:
    one, two = houses
    one.floor.cancelled(5)
    two.floor.cancelled(3)
    _look(one, two)
    assert (one.level("cancels"), two.level("cancels")) == ((5, 8), (3, 8))
    assert one.level("messages") == (10, 16)
    for house in houses:
        house.floor.submit()
        assert house.floor.rules_denied() == ["programme_cancels"]
    assert "by others of the group" in two.floor.alerts()[-1]
    rows = one.floor.programme.rows()
    assert [m["account"] for m in rows["group"]] == ["two"]
    assert rows["contracts"][0]["cancels"] == {
        "count": 8, "own": 5, "group": 3, "soft": 8, "limit": 10,
    }  # fmt: skip
    two.floor.cancelled(1, instrument=M)
    _look(two, one)
    assert one.level("cancels") == (5, 8)
    assert one.level("messages") == (10, 16), "another contract"


def test_a_contract_that_only_the_other_trades_is_held_here_too(
    houses: tuple[House, House],
) -> None:
    one, two = houses
    two.floor.cancelled(8)
    _look(two, one)
    one.floor.submit()
    assert one.floor.rules_denied() == ["programme_cancels"]


def test_a_trade_between_two_accounts_is_a_self_trade(houses: tuple[House, House]) -> None:
    one, two = houses
    for number in ("1", "2", "3"):
        one.floor.post(side_of(f"   {number}", Side.BUY, DAY))
    two.floor.post(side_of("2", Side.SELL, DAY))
    two.floor.post(side_of("3", Side.BUY, DAY))
    two.floor.post(side_of("2", Side.SELL, DAY, M))
    one.floor.post(side_of("9", Side.BUY, DAY))
    two.floor.post(side_of("9", Side.SELL, DAY))
    two.floor.post(side_of("9", Side.BUY, DAY))
    _look(one, two)
    assert (one.level("self_trades"), two.level("self_trades")) == ((0, 2), (1, 2))


def test_simulated_venues_number_alike_and_prove_nothing(tmp_path: Path) -> None:
    one, two = House("one", tmp_path), House("two", tmp_path)
    real = House("real", tmp_path)
    one.floor.venue.simulated = two.floor.venue.simulated = True
    one.floor.post(side_of("2", Side.BUY, DAY))
    two.floor.post(side_of("2", Side.SELL, DAY))
    two.floor.cancelled(1)
    real.floor.cancelled(4)
    _look(real, one, two)
    assert one.level("self_trades") == (0, 0)
    assert one.level("cancels") == (0, 1), "the real account is another market"


def test_a_second_that_only_both_fill_is_one_of_the_group(houses: tuple[House, House]) -> None:
    one, two = houses
    for house in houses:
        for _ in range(3):
            house.floor.report(house.floor.submit(tif=TimeInForce.FAK), OrderStatus.CANCELLED)
    _look(one, two)
    assert (one.level("bursts"), two.level("bursts")) == ((0, 1), (0, 1))
    for _ in range(2):
        one.floor.report(one.floor.submit(tif=TimeInForce.FAK), OrderStatus.CANCELLED)
    one.floor.advance(1)
    _look(one, two)
    assert (one.level("bursts"), two.level("bursts")) == ((1, 1), (0, 1)), "one fills it alone"


def test_a_garbled_file_is_told_and_the_rest_goes_on(
    houses: tuple[House, House], tmp_path: Path
) -> None:
    one, two = houses
    two.floor.cancelled(2)
    _look(two, one)
    group = tmp_path / "group"
    (group / "three.json").write_text('{"version": 1, "acc')
    (group / "two.json").write_bytes(b"\x00" * 40)
    _look(one)
    assert one.level("cancels") == (0, 2), "what was last read holds"
    assert sum("three.json" in text for text in one.floor.alerts()) == 1, "told once"
    assert "two.json" in (one.folder.health() or "")
    two.floor.cancelled(1)
    _look(two, one)
    assert one.level("cancels") == (0, 3)
    (group / "three.json").unlink()
    _look(one)
    assert one.folder.health() is None


def test_another_day_counts_nothing_and_a_new_one_begins_at_zero(
    houses: tuple[House, House],
) -> None:
    one, two = houses
    two.floor.cancelled(4)
    _look(two, one)
    one.floor.venue.snapshot = venue_state(day=DAY + 1)
    one.floor.post(TradingDayChanged("test", DAY + 1, one.floor.clock.now()))
    one.floor.cancelled(1)
    told = len(one.floor.seen(GroupCounted))
    _look(one, two)
    assert one.level("cancels") == (1, 1)
    assert two.level("cancels") == (4, 4)
    assert len(one.floor.seen(GroupCounted)) == told
    old = one.floor.seen(GroupCounted)[0]
    one.floor.post(old)  # it waited while the day turned
    assert one.level("cancels") == (1, 1)
    two.floor.venue.snapshot = venue_state(day=DAY + 1)
    two.floor.post(TradingDayChanged("test", DAY + 1, two.floor.clock.now()))
    two.floor.cancelled(2)
    _look(two, one)
    assert one.level("cancels") == (1, 3)


def test_who_leaves_the_group_is_alone(houses: tuple[House, House]) -> None:
    one, two = houses
    two.floor.cancelled(4)
    _look(two, one)
    one.engine.config.risk = replace(one.engine.config.risk, programme_group_folder="")
    _look(one)
    assert one.level("cancels") == (0, 0)
    one.engine.config.risk = two.engine.config.risk
    _look(one)
    assert one.level("cancels") == (0, 4)


def test_two_daemons_of_one_name_are_told(tmp_path: Path) -> None:
    one, same = House("one", tmp_path), House("one", tmp_path)
    same.folder._owner = "elsewhere:/data"
    for house in (one, same):
        house.floor.cancelled(1)
        house.look()
    one.look()
    assert "same account" in one.floor.alerts()[-1]
    assert one.level("cancels") == (1, 1), "and not added"


def test_the_file_is_replaced_whole_and_only_when_something_is_new(tmp_path: Path) -> None:
    one = House("one", tmp_path)
    one.floor.cancelled(1)
    one.look()
    path = tmp_path / "group" / "one.json"
    share = msgspec.json.decode(path.read_bytes(), type=Share)
    assert (share.account, share.trading_day) == ("one", DAY)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    one.floor.advance(60)
    one.look()
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before
    one.floor.cancelled(1)
    one.look()
    assert path.stat().st_ino != before[1]
    assert list((tmp_path / "group").glob("*.new")) == []


def test_a_folder_that_cannot_be_is_told_and_trading_goes_on(tmp_path: Path) -> None:
    (tmp_path / "group").write_text("a file")
    one = House("one", tmp_path)
    one.floor.cancelled(1)
    _look(one)
    assert len(one.floor.alerts()) == 1
    assert one.folder.health() is not None
    assert one.floor.submit() in {order.id for order in one.floor.venue.sent}


def test_the_service_looks_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homalos.app.programme_group.EVERY_S", 0.01)
    one, two = House("one", tmp_path), House("two", tmp_path)

    async def run() -> None:
        one.folder.start()
        two.floor.cancelled(3)
        two.look()
        for _ in range(200):
            await asyncio.sleep(0.01)
            one.floor.bus.run_until_idle()
            if RB in one.floor.programme.counts.contracts:
                break
        await one.folder.stop()

    asyncio.run(run())
    assert one.level("cancels") == (0, 3)
