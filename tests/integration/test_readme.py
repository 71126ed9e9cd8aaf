"""What the READMEs show runs: the strategy trades, the commands exist, both languages agree."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from homalos.cli import parser
from homalos.config.loader import load
from homalos.config.sections.strategy import StrategyEntry
from homalos.engine import Engine, Market
from homalos.exchange.engine import Exchange
from homalos.exchange.sources.generator import GeneratedMarket
from homalos.gateway.sim import SimGateway
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.kernel.timers import Timers
from homalos.model.events import TradeFilled
from homalos.model.ids import AccountId
from homalos.model.times import MINUTE

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README_zh.md")


@pytest.mark.parametrize("name", READMES)
def test_the_example_strategy_trades(name: str, tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)
    assert found is not None
    (tmp_path / "breakout.py").write_text(found[1])
    config = load(ROOT / "config", environ={}).config
    entry = StrategyEntry(id="breakout", file="breakout.py", instruments=("DCE.i",))
    config = replace(
        config,
        strategies=(entry,),
        exchange=replace(config.exchange, generator_products=("DCE.i",)),
    )
    market, clock = Market(config), SimClock()
    source = GeneratedMarket(config.exchange, market.products, market.sessions, 20261123)

    def gateway(bus: Bus, timers: Timers) -> SimGateway:
        exchange = Exchange(config.exchange, market.products, market.sessions, clock, timers)
        clock.advance(source.start)
        exchange.open(source.instruments, source.start)
        return SimGateway(clock, exchange, AccountId("sim"))

    engine = Engine(config, market, clock, gateway, run=1, strategies=tmp_path, watchdog=False)
    trades: list[TradeFilled] = []
    engine.attach()
    engine.bus.subscribe(TradeFilled, trades.append, actor="test", role="console")
    engine.connect()
    engine.gateway.subscribe(i.id for i in engine.gateway.instruments())
    engine.bus.run_until_idle()
    engine.bars.load(source.warmup)
    engine.strategies.start()
    for tick in source:
        if tick.ts_event > source.start + 60 * MINUTE or len(trades) > 1:
            break
        while (due := engine.timers.due()) is not None and due <= tick.ts_event:
            clock.advance(due)
            engine.timers.fire_next()
            engine.bus.run_until_idle()
        clock.advance(tick.ts_event)
        engine.gateway.feed(tick)  # type: ignore[attr-defined]
        engine.bus.run_until_idle()
    assert trades, [s.why for s in engine.strategies.strategies()]


@pytest.mark.parametrize("name", READMES)
def test_every_command_that_is_named_exists(name: str) -> None:
    text = (ROOT / name).read_text()
    known = set(parser()._subparsers._group_actions[0].choices) | {"test"}  # type: ignore[union-attr]
    named = set(re.findall(r"start\.py (\w+)", text))
    assert named <= known, named - known


def test_both_languages_name_the_same_commands_and_show_the_same_code() -> None:
    english, chinese = ((ROOT / name).read_text() for name in READMES)
    for pattern in (r"`python start\.py[^`]*`", r"```python\n.*?```", r"\]\(docs/\w+"):
        ours = sorted(re.findall(pattern, english, re.DOTALL))
        theirs = sorted(re.findall(pattern, chinese, re.DOTALL))
        assert [x.replace("_zh", "") for x in ours] == [x.replace("_zh", "") for x in theirs]


@pytest.mark.parametrize("name", READMES)
def test_links_lead_somewhere(name: str) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", (ROOT / name).read_text()):
        assert (ROOT / link).is_file(), link
