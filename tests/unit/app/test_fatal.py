"""When the core cannot go on, the daemon ends, loudly; killing it by file cannot die silently."""

import asyncio
from pathlib import Path

import pytest

from homalos.app.daemon import Daemon, RunOptions
from homalos.app.past import Memory
from homalos.app.stopping import KILL_FILE, KillFile, kill_text, words
from homalos.config.loader import load
from homalos.kernel.journal import JournalError
from homalos.model.enums import KillScope
from homalos.model.market import Tick

ROOT = Path(__file__).resolve().parents[3]


def test_a_venue_that_breaks_the_core_ends_the_daemon_with_a_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded = load(
        ROOT / "config",
        overrides=("exchange.speed=0", "exchange.generator_products=[SHFE.rb]", "strategies=[]"),
        environ={},
    )

    async def main() -> int:
        options = RunOptions(loaded, tmp_path, tmp_path / "logs", ROOT / "strategies", port=0)
        daemon = Daemon(options, "asyncio")
        count = [0]
        feed = daemon._venue._feed

        def breaks(tick: Tick) -> None:
            count[0] += 1
            if count[0] == 100:
                raise OSError("No space left on device")
            feed(tick)

        daemon._venue._feed = breaks
        async with asyncio.timeout(20):
            return await daemon.run()

    assert asyncio.run(main()) == 1
    assert "the core cannot go on" in capsys.readouterr().err


def test_the_kill_comes_before_the_file_goes_and_trouble_does_not_end_the_watch(
    tmp_path: Path,
) -> None:
    killed: list[tuple[str, ...]] = []
    kill_file = KillFile(tmp_path, lambda who, why, *scope: killed.append((who, why, *scope)))
    kill_file.look()
    assert killed == []
    (tmp_path / KILL_FILE).mkdir()
    kill_file.look()
    assert killed == [("file", "kill file", "cancel", "")]
    (tmp_path / KILL_FILE).rmdir()
    (tmp_path / KILL_FILE).write_text("too hot\n")
    kill_file.look()
    assert killed[-1] == ("file", "too hot", "cancel", "")
    assert not (tmp_path / KILL_FILE).exists()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("scope: account\nfire\n", ("fire", "account", "")),
        ("scope: daemon", ("kill file", "daemon", "")),
        ("Scope: strategy grid-1\n", ("kill file", "strategy", "grid-1")),
        (kill_text("why / 为何", KillScope.STRATEGY, "grid"), ("why / 为何", "strategy", "grid")),
        (kill_text("why", KillScope.CANCEL, ""), ("why", "cancel", "")),
        ("too hot\nin here", ("too hot\nin here", "cancel", "")),
    ],
)
def test_a_kill_file_may_name_a_scope(text: str, wanted: tuple[str, ...]) -> None:
    assert words(text) == wanted


@pytest.mark.parametrize("text", ["scope: acount\nx", "scope: strategy\nx", "scope: account a\nx"])
def test_a_scope_that_means_nothing_halts_and_says_so(text: str) -> None:
    said = words(text)
    assert (said.scope, said.strategy) == (KillScope.CANCEL, "")
    assert "no such scope" in said.why


@pytest.mark.parametrize("content", [b"", b"{", b'{"run": "x"}'])
def test_a_torn_run_file_is_told_with_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(JournalError, match=r"run\.json is damaged"):
        Memory(tmp_path)


def test_run_numbers_grow_and_survive(tmp_path: Path) -> None:
    assert [Memory(tmp_path).run for _ in range(3)] == [1, 2, 3]
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]
