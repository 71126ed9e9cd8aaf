"""A person's own orders over HTTP, through the real daemon, beside a strategy's."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.integration.daemon import Daemon, Refused, until

ENTRIES = """strategies:
  - {id: churn-m, file: churn.py, instruments: [DCE.m], params: {every: 3, lots: 2}}
  - {id: watch-rb, file: watch.py, instruments: [SHFE.rb]}
"""


@pytest.fixture
def daemon(tmp_path: Any) -> Iterator[Daemon]:
    made = Daemon(tmp_path, ENTRIES)
    try:
        yield made
    finally:
        made.kill()


class Desk:
    """A person at the daemon's HTTP face."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        rows = until(lambda: daemon.strategy("watch-rb").get("instruments"), 10, "a contract")
        self.contract = rows[0]

    def order(self, side: str, lots: int, **more: Any) -> Any:
        body = {"instrument": self.contract, "side": side, "lots": lots} | more
        return self.daemon.ask("/api/v1/orders", body)

    def hold(self, side: str, kind: str, lots: int, **more: Any) -> Any:
        body = {"instrument": self.contract, "side": side, "kind": kind, "lots": lots} | more
        return self.daemon.ask("/api/v1/conditionals", body)

    def refusal(self, act: Any, *words: Any, **more: Any) -> tuple[int, str]:
        with pytest.raises(Refused) as refused:
            act(*words, **more)
        return refused.value.status, str(refused.value)

    def row(self, id_: str) -> dict[str, Any]:
        rows = {o["id"]: o for o in self.daemon.ask("/api/v1/orders?limit=200")}
        found: dict[str, Any] = rows.get(id_, {})
        return found

    def lots(self) -> int:
        """What the account holds net of the contract, which nobody else trades."""
        rows = [p for p in self.daemon.ask("/api/v1/positions") if p["instrument"] == self.contract]
        sign = {"long": 1, "short": -1}
        return sum(sign[p["direction"]] * (p["today_lots"] + p["yesterday_lots"]) for p in rows)

    def last(self) -> float:
        rows = [p for p in self.daemon.ask("/api/v1/positions") if p["instrument"] == self.contract]
        return float(rows[0]["last_price"])

    def waiting(self) -> dict[str, dict[str, Any]]:
        return {row["id"]: row for row in self.daemon.ask("/api/v1/conditionals")}


def test_a_persons_orders_are_booked_as_theirs_and_take_the_way_of_all(daemon: Daemon) -> None:
    daemon.start("--speed", "20")
    desk = Desk(daemon)
    assert desk.refusal(desk.order, "buy", 1)[0] == 422
    status, text = desk.refusal(desk.order, "buy", 1, instrument="SHFE.xx2605", price=1.0)
    assert (status, "SHFE.xx2605" in text) == (404, True)

    sent = desk.order("buy", 3, kind="market", key="one")
    until(lambda: desk.lots() == 3, 10, "three lots")
    assert desk.row(sent["id"])["strategy"] == "manual"
    assert desk.refusal(desk.order, "buy", 3, kind="market", key="one")[0] == 409
    told = "SELECT target FROM audit WHERE action = 'order'"
    assert until(lambda: daemon.rows(told), 5, "the audit trail") == [(sent["id"],)]

    # What the risk gate denies is told, not sent.
    far = desk.order("buy", 1, price=round(desk.last() * 0.9))
    until(lambda: desk.row(far["id"]).get("status") == "denied", 5, "a denial")

    near = desk.last() - 60
    rests = desk.order("buy", 2, price=near)["id"]
    until(lambda: desk.row(rests).get("status") == "accepted", 5, "a resting order")
    daemon.ask(f"/api/v1/orders/{rests}/replace", {"price": near - 5})
    new = f"{rests}.100"  # the first of the second round
    until(lambda: desk.row(new).get("status") == "accepted", 5, "the new terms")
    daemon.ask(f"/api/v1/orders/{rests}/cancel", {})
    until(lambda: desk.row(new).get("status") == "cancelled", 5, "its end")

    desk.order("sell", 3, kind="market", reduce_only=True)
    until(lambda: desk.lots() == 0, 10, "flat")
    assert daemon.stop() == 0
    code, out, err = daemon.say("journal", "replay", "--strategies", str(daemon.strategies))
    assert code == 0, out + err


def test_a_persons_conditional_orders(daemon: Daemon) -> None:
    daemon.start("--speed", "20")
    desk = Desk(daemon)
    desk.order("buy", 4, kind="market", key="four")
    until(lambda: desk.lots() == 4, 10, "four lots")
    price = desk.last()

    pair = desk.hold("sell", "stop", 2, trigger=price - 300, also_target=price + 300)
    assert "machine is off" in pair["note"]
    until(lambda: set(pair["ids"][1:]) == desk.waiting().keys(), 5, "the pair")
    assert {row["group"] for row in desk.waiting().values()} == {pair["id"]}
    daemon.ask(f"/api/v1/conditionals/{pair['id']}/cancel", {})
    until(lambda: not desk.waiting(), 5, "the pair's end")

    # Above the market: it fires at the next tick, and closes.
    desk.hold("sell", "stop", 4, trigger=price + 200)
    until(lambda: desk.lots() == 0, 10, "the exit")

    # One that opens is a person's word as good as a running strategy's.
    desk.hold("buy", "stop", 1, trigger=price - 200, opens=True)
    until(lambda: desk.lots() == 1, 10, "the entry")
    status, _ = desk.refusal(desk.order, "sell", 1, kind="market", stop=price + 100)
    assert status == 409

    bracket = desk.order("buy", 2, kind="market", stop=price - 300, target=price + 300)
    _, stop, target = bracket["ids"]
    until(lambda: desk.waiting().get(stop, {}).get("status") == "armed", 10, "the stop")
    assert {desk.waiting()[id_]["lots"] for id_ in (stop, target)} == {2}
    daemon.kill()

    daemon.start("--speed", "20")  # held over a kill -9
    until(lambda: {stop, target} <= desk.waiting().keys(), 10, "the legs")
    # So is what was sent already.
    assert desk.refusal(desk.order, "buy", 4, kind="market", key="four")[0] == 409
    assert daemon.stop() == 0
