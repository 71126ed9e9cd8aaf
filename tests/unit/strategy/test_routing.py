"""Who hears what: ticks by contract, orders and trades by id."""

import msgspec
from tests.unit.strategy.desktop import RB, RB5, Desktop, M, spy

from homalos.model.enums import OrderStatus, Phase, StrategyState
from homalos.model.events import OrderDenied, PhaseChanged, SubmitOrder
from homalos.model.market import Bar, Tick
from homalos.model.trading import Order, Trade


def kinds(strategy: object) -> list[str]:
    return [type(x).__name__ for x in strategy.got]  # type: ignore[attr-defined]


def test_ticks_go_by_contract(desktop: Desktop) -> None:
    desktop.write("spy.py", spy())
    a, b = desktop.run("a", "spy.py", "SHFE.rb2601"), desktop.run("b", "spy.py", "DCE.m2601")
    first, second = desktop.tick(RB, 100), desktop.tick(M, 200)
    desktop.tick(RB5, 300)
    assert a.got == [first]
    assert b.got == [second]
    assert set(desktop.subscribed) == {RB, M}


def test_orders_and_trades_go_by_id_never_by_contract(desktop: Desktop) -> None:
    desktop.write("spy.py", spy())
    a, b = desktop.run("a", "spy.py", "SHFE.rb2601"), desktop.run("b", "spy.py", "SHFE.rb2601")
    desktop.tick(RB, 100)
    a.got.clear(), b.got.clear()
    intent = a.buy(RB, 2)
    desktop.bus.run_until_idle()
    assert {type(x) for x in a.got} == {Order, Trade}
    assert all(x.intent_id == intent for x in a.got if isinstance(x, Order))
    assert b.got == []
    assert (a.position(RB), b.position(RB)) == (2, 0)


def test_an_order_bears_the_tick_that_caused_it(desktop: Desktop) -> None:
    desktop.write(
        "one.py",
        "class One(Strategy):\n"
        "    def on_tick(self, tick): self.buy(tick.instrument, 1, 90.0)\n"
        "    def on_bar(self, bar): self.buy(bar.instrument, 1, 90.0)\n"
        "    def on_start(self): self.subscribe(self.instrument, '1m')\n",
    )
    desktop.run("one", "one.py", "SHFE.rb2601")
    desktop.tick(RB, 100, native=12345)
    desktop.bar(RB, 100)
    assert [e.ts_trigger for e in desktop.of(SubmitOrder)] == [12345, 0]


def test_subscriptions_come_and_go_while_it_runs(desktop: Desktop) -> None:
    desktop.write("spy.py", spy())
    a = desktop.run("a", "spy.py", "SHFE.rb2601")
    a.subscribe(M, "1m", "5m")
    assert (M, "5m") in desktop.bars.required
    desktop.tick(M, 200), desktop.bar(M, 200), desktop.bar(M, 200, "5m"), desktop.bar(RB, 1)
    assert kinds(a) == ["Tick", "Bar", "Bar"]
    a.got.clear()
    a.unsubscribe(M, "5m")
    desktop.tick(M, 200), desktop.bar(M, 200), desktop.bar(M, 200, "5m")
    assert kinds(a) == ["Tick", "Bar"]
    a.got.clear()
    a.unsubscribe(M)
    desktop.tick(M, 200), desktop.bar(M, 200)
    assert a.got == []
    desktop.tick(RB, 100)
    assert kinds(a) == ["Tick"]


def test_a_contract_unknown_at_load_starts_when_it_is_listed(desktop: Desktop) -> None:
    desktop.write("spy.py", spy())
    desktop.manager._router.listed.clear()
    desktop.load("a", "spy.py", "SHFE.rb", "DCE.m2601")
    desktop.command("a", "start")
    assert desktop.state("a") is StrategyState.LOADED
    assert "SHFE.rb" in desktop.info("a").why
    desktop.venue_lists(RB5)
    assert desktop.state("a") is StrategyState.LOADED
    assert desktop.info("a").why
    desktop.venue_lists(RB)
    desktop.venue_lists(M)
    assert desktop.state("a") is StrategyState.RUNNING
    assert desktop.info("a").instruments == (RB5, M), "the first listed of a product"
    desktop.tick(RB5, 1)
    assert kinds(desktop.strategy("a")) == ["Tick"]


def test_a_product_once_resolved_keeps_its_contract(desktop: Desktop) -> None:
    desktop.write("spy.py", spy())
    a = desktop.run("a", "spy.py", "SHFE.rb")
    assert a.instrument == RB
    desktop.command("a", "stop")
    desktop.manager._router.listed.pop(RB)
    desktop.venue_lists(RB)
    assert desktop.manager._router.resolve("SHFE.rb") == RB5
    desktop.command("a", "start")
    assert desktop.strategy("a").instrument == RB, "it may hold a position there"


def test_subscribing_to_what_is_not_listed_waits_for_it(desktop: Desktop) -> None:
    desktop.write("spy.py", spy())
    a = desktop.run("a", "spy.py")
    desktop.manager._router.listed.pop(M)
    desktop.subscribed.clear()
    a.subscribe(M, "3m")
    assert desktop.subscribed == []
    desktop.venue_lists(M)
    assert desktop.subscribed == [M]
    assert (M, "3m") in desktop.bars.required


def test_phases_go_by_product_and_say_when_it_is_open(desktop: Desktop) -> None:
    desktop.write("spy.py", spy())
    a = desktop.run("a", "spy.py", "SHFE.rb2601")
    assert a.is_open(RB)
    for product, phase in (("m", Phase.BREAK), ("rb", Phase.BREAK)):
        exchange = {"m": "DCE", "rb": "SHFE"}[product]
        now = desktop.clock.now()
        desktop.bus.post(PhaseChanged(exchange, product, phase, 20260105, now, now))
    desktop.bus.run_until_idle()
    assert [e.product for e in a.got] == ["rb"]
    assert not a.is_open(RB)


def test_timers_run_in_event_time(desktop: Desktop) -> None:
    desktop.write("spy.py", spy())
    a = desktop.run("a", "spy.py")
    a.schedule("once", 10)
    a.schedule("often", 4, repeat=True)
    a.schedule("never", 5)
    a.unschedule("never")
    desktop.advance(13)
    assert a.got == ["often", "often", "once", "often"]
    a.schedule("once", 1)
    a.schedule("once", 2)
    desktop.advance(2)
    assert a.got[4:] == ["once"]
    desktop.command("a", "stop")
    desktop.advance(60)
    assert a.got[5:] in ([], ["often"])


def test_hooks_that_are_not_written_cost_nothing(desktop: Desktop) -> None:
    desktop.write("quiet.py", "class Quiet(Strategy):\n    pass\n")
    desktop.run("q", "quiet.py", "SHFE.rb2601")
    desktop.tick(RB, 100)
    assert desktop.info("q").ticks == 0
    assert isinstance(desktop.seen[-1], Tick | Bar)


def test_figures_count_orders_and_trades_whatever_hooks_there_are(desktop: Desktop) -> None:
    """Orders are those that left, not the facts about them; a denied one did not leave."""
    desktop.write("quiet.py", "class Quiet(Strategy):\n    lots: int = param(2, ge=1, zh='手数')\n")
    desktop.write("spy.py", spy())
    quiet, a = (
        desktop.run("q", "quiet.py", "SHFE.rb2601"),
        desktop.run("a", "spy.py", "SHFE.rb2601"),
    )
    desktop.tick(RB, 100)
    desktop.venue.chunk = 1
    for strategy in (quiet, a):
        strategy.buy(RB, 3, 101)
    quiet.buy(RB, 1, 50)
    for _ in range(3):
        desktop.tick(RB, 100)
    assert (desktop.info("q").orders, desktop.info("q").trades) == (2, 3)
    assert (desktop.info("a").orders, desktop.info("a").trades) == (1, 3)
    order = desktop.venue.live()[0]
    denied = msgspec.structs.replace(order, status=OrderStatus.DENIED)
    desktop.bus.publish(OrderDenied(denied, ()))
    desktop.bus.run_until_idle()
    assert desktop.info("q").orders == 2


def test_a_page_gets_a_strategy_by_names(desktop: Desktop) -> None:
    desktop.write(
        "quiet.py",
        "class Quiet(Strategy):\n"
        "    lots: int = param(2, ge=1, unit='lots', en='size', zh='手数')\n",
    )
    desktop.load("q", "quiet.py", "SHFE.rb2601", params={"lots": 5})
    row = msgspec.json.decode(msgspec.json.encode(desktop.info("q").as_dict()))
    assert row["id"] == "q"
    assert (row["state"], row["orders"]) == ("loaded", 0)
    assert row["parameters"] == [
        {
            "name": "lots", "type": "int", "value": 5, "default": 2, "unit": "lots", "en": "size",
            "zh": "手数", "ge": 1, "gt": None, "le": None, "lt": None, "choices": [],
        }
    ]  # fmt: skip
