"""The way between the threads: nothing is lost that may not be, and nobody sleeps for ever."""

import hashlib
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.native.binding.rig import PATIENCE, MdRig, TdRig
from tests.native.fake import FACTS, NATIVE, compiler

from homalos.ctp.fast import wait
from homalos.ctp.libraries import load_binding

SOURCES = ["inbox.cpp", "wake.cpp"]


@pytest.fixture(scope="session")
def stress(native: Path, kept: Path) -> Path:
    """The stress program with the thread sanitizer."""
    here = Path(__file__).parent
    digest = hashlib.sha256(FACTS.read_bytes())
    for path in [here / "inbox_stress.cpp", *sorted((NATIVE / "binding").glob("[diw]*.*"))]:
        digest.update(path.read_bytes())
    cache = kept / "stress"
    cache.mkdir(exist_ok=True)
    program = cache / digest.hexdigest()[:16]
    if not program.exists():
        generate = [sys.executable, "-B", "-m", "generate", str(FACTS), str(cache), "declarations"]
        subprocess.run(generate, check=True, cwd=NATIVE)
        command = [
            str(compiler()), "-std=c++20", "-O2", "-fsanitize=thread", f"-I{NATIVE / 'binding'}",
            f"-I{cache}", str(here / "inbox_stress.cpp"),
            *(str(NATIVE / "binding" / name) for name in SOURCES), "-lpthread", "-o", str(program),
        ]  # fmt: skip
        built = subprocess.run(command, capture_output=True, text=True)
        if built.returncode and "sanitize" in built.stderr + built.stdout:
            pytest.skip("the compiler has no thread sanitizer")
        assert built.returncode == 0, built.stderr
    return program


def test_no_wake_up_is_lost_and_the_order_is_kept(stress: Path) -> None:
    """Races by the ten thousand between arming and publishing, and a ring that overflows."""
    own = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    ran = subprocess.run([stress, "20000"], capture_output=True, text=True, timeout=100, env=own)
    if "unexpected memory mapping" in ran.stderr:
        pytest.skip("the thread sanitizer does not run on this kernel")
    assert ran.returncode == 0, ran.stderr[-3000:] + ran.stdout
    dropped, overflowed = (int(ran.stdout.split()[at]) for at in (2, 4))
    assert dropped, "the ring was never full: nothing is proved"
    assert overflowed


def test_the_loop_is_woken_once_per_burst(md: MdRig) -> None:
    md.list(*(f"c{n:04d}" for n in range(600)))
    for burst in range(1, 6):
        before = md.port.stats().wakes
        md.library.flood("OnRtnDepthMarketData", {}, 1, 600)
        md.settle()  # nobody reads meanwhile
        assert md.port.stats().wakes == before + 1
        md.fill(600 * burst, "tick")


def test_a_drained_port_lets_the_loop_sleep(md: MdRig) -> None:
    for _ in range(200):
        md.library.call("OnFrontDisconnected")
        count = len(md.sink.all) + 1
        md.fill(count)
    with selectors.DefaultSelector() as selector:
        selector.register(md.port.fileno(), selectors.EVENT_READ)
        end = time.monotonic() + PATIENCE
        while selector.select(0):  # at most one wake too many
            assert md.port.drain(md.sink) == 0
            assert time.monotonic() < end


def test_ticks_are_dropped_and_counted_where_there_is_no_room(
    open_md: Callable[..., MdRig],
) -> None:
    rig = open_md(ring_bytes=1 << 16)
    rig.list("c0000")
    rig.library.flood("OnRtnDepthMarketData", {}, 1000)
    rig.settle()
    rig.library.call("OnFrontDisconnected", request=1)  # after the last that fell
    rig.settle()
    stats = rig.port.stats()
    assert stats.received == 1002
    assert 0 < stats.dropped < 1000
    got = rig.drained()
    ticks = [tick.volume for kind, tick in got if kind == "tick"]
    assert ticks == list(range(1000 - stats.dropped)), "the newest fall"
    assert got[-1] == ("disconnected", 1)
    after = rig.port.stats()
    assert after.delivered == after.received - after.dropped
    rig.library.flood("OnRtnDepthMarketData", {}, 10)
    assert len(rig.drained()) == 10, "the ring is of use again"


def test_orders_and_trades_are_never_lost(open_td: Callable[..., TdRig]) -> None:
    """Many times what the ring holds, while it is read in small pieces."""
    rig = open_td(ring_bytes=1 << 16)
    rig.library.flood("OnRtnOrder", {"OrderRef": "7"}, 20_000, stamp=True)
    while len(rig.sink.of("order")) < 500:
        rig.port.drain(rig.sink, 3)
    rig.library.call("OnRtnTrade", {"TradeID": "last"})
    rig.settle()
    rig.fill(1, "trade")
    assert [row.sequence for row in rig.sink.of("order")] == list(range(20_000))
    assert rig.sink.all[-1][0] == "trade"
    assert rig.port.stats().overflowed > 0


def test_a_limit_leaves_the_descriptor_readable(md: MdRig) -> None:
    md.list("c0000")
    md.library.flood("OnRtnDepthMarketData", {}, 1100)
    md.settle()
    with selectors.DefaultSelector() as selector:
        selector.register(md.port.fileno(), selectors.EVENT_READ)
        for _ in range(7):
            assert selector.select(PATIENCE)
            assert md.port.drain(md.sink, 5) == 5
        assert selector.select(PATIENCE)
        assert md.port.drain(md.sink) == 1024, "one call does not hold the loop for ever"
        assert selector.select(PATIENCE)
        assert md.port.drain(md.sink) == 1100 - 35 - 1024
        assert not selector.select(0)


def test_spinning(md: MdRig, td: TdRig) -> None:
    ports: list[Any] = [md.port, td.port]
    assert wait(ports, 1_000_000) is False
    for rig, name in ((md, "OnFrontDisconnected"), (td, "OnRtnOrder")):
        before = rig.port.stats().wakes
        assert wait(ports, 1000) is False
        rig.library.call(name, {} if rig is td else None)
        assert wait(ports, int(PATIENCE * 1e9)) is True
        assert rig.port.drain(rig.sink) == 1
        assert rig.port.stats().wakes <= before + 1
    assert wait(ports, 1000) is False
    md.library.call("OnFrontDisconnected")  # after spinning in vain one may sleep again
    md.fill(len(md.sink.all) + 1)
    with pytest.raises(TypeError, match="a port is wanted"):
        load_binding().wait([7], 1)


def test_while_it_spins_nobody_is_signalled(md: MdRig) -> None:
    """The wake-up costs the library's thread a system call: the spinning consumer spares it."""
    md.list("c0000")
    before = md.port.stats().wakes
    md.library.flood("OnRtnDepthMarketData", {}, 300, gap_ns=100_000)
    while len(md.sink.of("tick")) < 300:
        if wait([md.port], 1_000_000):
            md.port.drain(md.sink)
    assert md.port.stats().wakes - before < 150
