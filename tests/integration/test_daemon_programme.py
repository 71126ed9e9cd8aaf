"""Counters of programme trading in running daemons: limits, edits, restarts, a group of two."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.daemon import Daemon, until

ENTRY = "strategies:\n  - {id: hopper, file: hopper.py, instruments: [SHFE.rb]}\n"
HOPPER = """
from homalos.strategy import Strategy

class Hopper(Strategy):
    '''An order far from the market, cancelled at the next beat.'''
    beat = 0

    def on_tick(self, tick):
        self.beat += 1
        if tick.bid_price is None or self.beat % 4:
            return
        if self.beat % 8:
            self.cancel_all()
        else:
            self.buy(tick.instrument, 1, tick.bid_price - 20)
"""


class Account(Daemon):
    """``limits``: lines of risk.yaml beside those of the tests."""

    def limits(self, cancels: int, group: Path | None = None) -> None:
        row = f"{{id: SHFE, cancels: {cancels}, bursts: 0}}"
        folder = "" if group is None else f"programme_group_folder: {group}\n"
        self.risk(f"{self.wide}programme: [{row}]\n{folder}")

    wide = ""

    def counted(self) -> dict[str, Any]:
        found = self.ask("/api/v1/risk/programme")
        rows = [row for row in found["contracts"] if row["instrument"].startswith("SHFE.rb")]
        return {"group": found["group"], **(rows[0] if rows else {"cancels": {"count": 0}})}

    def cancels(self) -> int:
        return int(self.counted()["cancels"]["count"])

    def denied(self) -> int:
        counts = self.ask("/api/v1/system/statistics")["risk_denied"]
        return int(counts.get("programme_cancels", 0))


def _account(root: Path, cancels: int, group: Path | None = None) -> Account:
    root.mkdir(exist_ok=True)
    made = Account(root, ENTRY)
    (made.strategies / "hopper.py").write_text(HOPPER)
    made.wide = (made.config / "risk.yaml").read_text().replace("programme: []\n", "")
    made.limits(cancels, group)
    return made


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    made = _account(tmp_path / "one", 10)
    yield made
    made.kill()


def test_cancels_stop_opens_until_the_limit_is_edited_and_a_restart_knows_them(
    account: Account,
) -> None:
    account.start("--speed", "40")
    until(lambda: account.denied() > 0, 25, "the denial")
    found = account.counted()
    assert found["cancels"] == {"count": 8, "own": 8, "group": 0, "soft": 8, "limit": 10}
    assert found["messages"]["count"] == 16
    texts = [row["text"] for row in account.ask("/api/v1/alerts?limit=200")]
    assert sum("cancels today" in text for text in texts) == 2, "half way and the soft limit"
    account.limits(20)
    until(lambda: account.cancels() >= 10, 25, "cancels after the edit")
    account.kill()
    account.start("--speed", "40")
    assert account.cancels() >= 10
    until(lambda: account.denied() > 0, 25, "the denial after the restart")
    assert account.cancels() == 16
    assert account.stop() == 0


def test_two_daemons_of_a_group_share_one_limit(tmp_path: Path) -> None:
    group = tmp_path / "group"
    houses = [_account(tmp_path / name, 40, group) for name in ("one", "two")]
    group.mkdir()
    (group / "three.json").write_text("{garbled")
    try:
        for house, name in zip(houses, ("one", "two"), strict=True):
            house.launch("--speed", "20", sets=(f"app.account={name}",))
        for house in houses:
            until(house._up, 30, "the start")
        until(lambda: all(house.denied() > 0 for house in houses), 40, "denials of both")

        def agreed() -> bool:
            one, two = (house.counted()["cancels"] for house in houses)
            return bool(one["group"] == two["own"] and two["group"] == one["own"])

        until(agreed, 15, "both know of each other's last cancel")
        one = houses[0].counted()
        assert [row["account"] for row in one["group"]] == ["two"]
        assert one["cancels"]["count"] >= 32
        assert one["cancels"]["own"] < 32
        texts = [row["text"] for row in houses[0].ask("/api/v1/alerts?limit=200")]
        assert sum("three.json" in text for text in texts) == 1
        assert [house.stop() for house in houses] == [0, 0]
        shared = json.loads((group / "one.json").read_bytes())
        assert shared["account"] == "one"
        assert shared["simulated"] is True
    finally:
        for house in houses:
            house.kill()
