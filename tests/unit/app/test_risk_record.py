"""Every version of limits and rules is kept: what, when, who, and what changed."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
from msgspec.structs import replace

from homalos.app.risk_record import RiskVersion, RiskVersions, RuleFolder
from homalos.config.schema import Config
from homalos.config.sections.risk import RiskSection
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.model.events import ConfigChanged, RiskRulesEdited
from homalos.model.times import SECOND
from homalos.trading.risk.user_rules import files

NOW = 1_767_576_600 * SECOND


class Rig:
    """The record around a real bus; the engine's place is held by what the record reads of it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.data.mkdir(exist_ok=True)
        self.rules = folder / "risk_rules"
        self.rules.mkdir(exist_ok=True)
        self.limits = folder / "risk.yaml"
        self.limits.write_text("max_order_lots: 100\n")
        bus = Bus(SimClock(NOW))
        sources = SimpleNamespace(
            sources=lambda: {f"user.{p.stem}": p.read_text() for p in files(self.rules)}
        )
        self.engine: Any = SimpleNamespace(
            bus=bus, clock=bus.clock, config=Config(), user_rules=sources
        )
        self.record = RiskVersions(self.data, self.engine, self.limits)
        self.record.attach()

    def edit(self, **limits: Any) -> None:
        """As the reloader does it: the config first, then whoever else hears of the event."""
        before = self.engine.config.risk
        self.engine.config = Config(risk=replace(before, **limits))
        rows = tuple((f"risk.{k}", str(getattr(before, k)), str(v)) for k, v in limits.items())
        self.engine.bus.post(ConfigChanged(rows, NOW))
        self.engine.bus.run_until_idle()

    def versions(self) -> list[RiskVersion]:
        paths = sorted((self.data / "risk-versions").glob("*.json"))
        return [msgspec.json.decode(path.read_bytes(), type=RiskVersion) for path in paths]


def test_each_change_is_a_version_with_who_when_and_what(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.record.start()
    rig.edit(max_order_lots=50)
    rig.edit(lots_of={"SHFE.rb": 7})
    first, second, third = rig.versions()
    assert [first.version, second.version, third.version] == [1, 2, 3]
    assert (first.why, first.changes) == ("start", ())
    assert msgspec.convert(first.limits, RiskSection) == RiskSection()
    assert second.why == "edit of risk.yaml"
    assert second.who == rig.limits.owner()
    assert second.when == "2026-01-05 09:30:00.000"
    assert second.changes == (("risk.max_order_lots", "100", "50"),)
    assert third.changes == (("risk.lots_of", "{}", '{"SHFE.rb":7}'),)
    assert msgspec.convert(third.limits, RiskSection).max_order_lots == 50


def test_what_changes_no_limit_is_no_version(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.record.start()
    rig.edit(max_order_lots=100)  # refused by a part, or set to what it was
    rig.engine.bus.post(ConfigChanged((("console.port", "1", "2"),), NOW))
    rig.engine.bus.run_until_idle()
    assert len(rig.versions()) == 1


def test_a_restart_goes_on_counting_and_tells_what_changed_meanwhile(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.record.start()
    again = Rig(tmp_path)
    again.record.start()
    assert len(again.versions()) == 1
    other = Rig(tmp_path)
    other.engine.config = Config(risk=RiskSection(max_net_lots=5))
    other.record.start()
    assert other.versions()[-1].version == 2
    assert other.versions()[-1].changes == (("risk.max_net_lots", "500", "5"),)


def test_a_damaged_record_is_left_alone_and_the_next_is_whole(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.record.start()
    (rig.data / "risk-versions" / "000001.json").write_text("{")
    Rig(tmp_path).record.start()
    assert (rig.data / "risk-versions" / "000001.json").read_text() == "{"
    text = (rig.data / "risk-versions" / "000002.json").read_bytes()
    assert msgspec.json.decode(text, type=RiskVersion).version == 2


def test_an_edit_of_a_rule_is_seen_when_it_rests_and_is_a_version(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.record.start()
    heard: list[RiskRulesEdited] = []
    rig.engine.bus.subscribe(RiskRulesEdited, heard.append, actor="test", role="risk")
    folder = RuleFolder(rig.rules, rig.engine)
    folder.look()
    (rig.rules / "mine.py").write_text("x = 1\n")
    (rig.rules / "_notes.py").write_text("no rule\n")
    folder.look()
    rig.engine.bus.run_until_idle()
    assert heard == [], "it may be half-written"
    folder.look()
    folder.look()
    rig.engine.bus.run_until_idle()
    (event,) = heard
    assert [name for name, _ in event.files] == ["mine"]
    assert rig.versions()[-1].user_rules == {"user.mine": "x = 1\n"}
    (rig.rules / "mine.py").unlink()
    folder.look()
    folder.look()
    rig.engine.bus.run_until_idle()
    assert rig.versions()[-1].user_rules == {}
    assert rig.versions()[-1].changes[0][0] == "user.mine"
