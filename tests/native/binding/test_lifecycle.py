"""Opening, closing, dying: in every order, from every place, a thousand times."""

import gc
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.native.binding.rig import FRONT, PATIENCE, MdRig, Sink, TdRig
from tests.native.fake import FILES, Fake

from homalos.ctp.fast import ClosedError, FastMd, FastTd, LibraryError, wait
from homalos.ctp.libraries import vendor_libraries
from homalos.model.ids import InstrumentId

ROOT = Path(__file__).parents[3]
CYCLES = 1000
EXITS = 25


def calls(port: FastMd | FastTd, sink: Sink) -> list[Callable[[], object]]:
    common: list[Callable[[], object]] = [
        port.fileno, port.stats, lambda: port.drain(sink), lambda: port.open([FRONT]),  # type: ignore[arg-type]
        lambda: port.request("ReqUserLogin", {}, 1), lambda: wait([port], 1),
    ]  # fmt: skip
    if isinstance(port, FastMd):
        return [
            *common, lambda: port.subscribe(["a"]), lambda: port.unsubscribe(["a"]),
            lambda: port.list("a", InstrumentId("a"), 1.0, False),
            lambda: port.dates_by_clock(0), lambda: port.dates_by_day(0, 0),
            lambda: port.set_trading_day(1),
        ]  # fmt: skip
    return [
        *common, port.front_info, lambda: port.set_account("a", "b", "c"),
        lambda: port.insert("1", "a", "b", "0", "0", "2", 1.0, 1, "3", "1", 1, 1),
        lambda: port.cancel("a", "b", "c", 1, 2, "d", 3, 4),
    ]  # fmt: skip


def test_after_close_every_call_raises(md: MdRig, td: TdRig) -> None:
    for rig in (md, td):
        rig.port.close()
        rig.port.close()
        for call in calls(rig.port, rig.sink):
            with pytest.raises(ClosedError):
                call()


def test_it_is_opened_once_and_with_a_front(md: MdRig, fakes: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="opened before"):
        md.port.open([FRONT])
    other = FastTd(fakes, tmp_path / "other")
    with pytest.raises(ValueError, match="no front"):
        other.open([])
    other.open([FRONT, FRONT])
    other.close()


def test_never_opened_and_thrown_away(fakes: Path, tmp_path: Path) -> None:
    for kind in (FastMd, FastTd):
        port = kind(fakes, tmp_path / "flow")
        assert port.drain(Sink()) == 0  # type: ignore[arg-type]
        del port
    gc.collect()


def test_closed_by_its_own_sink(open_md: Callable[[], MdRig]) -> None:
    """What has not been told by then is not told any more."""
    rig = open_md()
    rig.list("c0000")
    rig.library.flood("OnRtnDepthMarketData", {}, 100)
    rig.settle()
    rig.sink.on_each = lambda _: rig.port.close()
    assert rig.port.drain(rig.sink) == 1
    assert len(rig.sink.of("tick")) == 1
    with pytest.raises(ClosedError):
        rig.port.drain(rig.sink)


def test_closed_by_another_thread_while_it_is_drained(open_md: Callable[[], MdRig]) -> None:
    rig = open_md()
    rig.list("c0000")
    rig.library.flood("OnRtnDepthMarketData", {}, -1)
    closer = threading.Timer(0.05, rig.port.close)
    closer.start()

    def drain_for_ever() -> None:
        while True:
            rig.port.drain(rig.sink)
            rig.sink.all.clear()

    with pytest.raises(ClosedError):
        drain_for_ever()
    closer.join()


def test_closed_by_two_threads_at_once(open_td: Callable[[], TdRig]) -> None:
    for _ in range(8):
        rig = open_td()
        rig.library.flood("OnRtnOrder", {}, -1)
        closers = [threading.Thread(target=rig.port.close) for _ in range(2)]
        for closer in closers:
            closer.start()
        for closer in closers:
            closer.join(PATIENCE)
            assert not closer.is_alive()


def test_an_exception_of_the_sink_costs_one_callback(md: MdRig) -> None:
    md.list("c0000")
    md.library.flood("OnRtnDepthMarketData", {}, 3)
    md.settle()

    def fail(_: str) -> None:
        raise KeyError("mine")

    md.sink.on_each = fail
    with pytest.raises(KeyError, match="mine"):
        md.port.drain(md.sink)
    md.sink.on_each = lambda _: None
    md.fill(3, "tick")
    assert [tick.volume for tick in md.sink.of("tick")] == [0, 1, 2]


def test_drain_within_drain(md: MdRig) -> None:
    md.library.call("OnFrontDisconnected")
    md.library.call("OnFrontDisconnected")
    md.settle()
    md.sink.on_each = lambda _: md.port.drain(md.sink)  # type: ignore[assignment]
    with pytest.raises(RuntimeError, match="from within drain"):
        md.port.drain(md.sink)
    md.sink.on_each = lambda _: None
    assert md.port.drain(md.sink) == 1


def resources() -> tuple[int, int]:
    process = psutil.Process()
    return process.num_threads(), process.num_fds()


def leaked(before: tuple[int, int]) -> bool:
    """More threads or descriptors than there were; fewer is a leftover of an earlier test."""
    return any(now > then for now, then in zip(resources(), before, strict=True))


@pytest.mark.parametrize("how", ["close", "forget"])
def test_a_thousand_lives_leave_nothing(how: str, fakes: Path, tmp_path: Path) -> None:
    sink = Sink()
    library = {"md": Fake(fakes, "md"), "td": Fake(fakes, "td")}
    before, memory = resources(), 0
    for cycle in range(CYCLES // 2):
        md = FastMd(fakes, tmp_path / "md", ring_bytes=1)
        td = FastTd(fakes, tmp_path / "td", ring_bytes=1)
        md.list("c0000", InstrumentId("c"), 1.0, False)
        md.open([FRONT])
        td.open([FRONT])
        library["td"].flood("OnRtnOrder", {}, 300)  # more than the ring holds
        while td.drain(sink) == 0:
            time.sleep(0)
        if how == "close":
            md.close()
            td.close()
        else:
            del md, td
        sink.all.clear()
        if cycle == CYCLES // 10:
            memory = psutil.Process().memory_info().rss
    gc.collect()
    assert not leaked(before), (before, resources())
    if "asan" not in os.environ.get("LD_PRELOAD", ""):  # it keeps what is freed
        assert psutil.Process().memory_info().rss - memory < 4_000_000


def test_the_vendors_own_libraries(tmp_path: Path, native: Path) -> None:
    """Made, opened on a front that is not there, closed; unopened too. In a process of its own:
    one process has one set of CTP libraries."""
    folder = vendor_libraries()
    run(
        f"""
        from pathlib import Path
        from homalos.ctp.fast import FastMd, FastTd
        from tests.native.binding.rig import FRONT, Sink
        for cycle in range(5):
            ports = [kind(Path({str(folder)!r}), Path({str(tmp_path)!r}) / kind.__name__)
                     for kind in (FastMd, FastTd)]
            for port in ports:
                assert port.request("ReqUserLogin", {{}}, 1) == -1
                if cycle:
                    port.open([FRONT])
                    port.drain(Sink())
                port.close()
        """
    )


def test_a_thousand_lives_of_the_drop_in_libraries(native: Path, tmp_path: Path) -> None:
    """Half of them reach somebody who hangs up, half find nobody."""
    out = run(
        f"""
        import gc, psutil, time
        from pathlib import Path
        from homalos.ctp.fast import FastMd, FastTd
        from tests.native.binding.rig import FRONT, Sink
        from tests.native.binding.test_lifecycle import leaked, listening, resources
        flow, sink = Path({str(tmp_path)!r}), Sink()
        with listening() as there:
            ports = []
            def cycle(number):
                for kind in (FastMd, FastTd):
                    port = kind(Path({str(native)!r}), flow / kind.__name__, ring_bytes=1)
                    port.open([FRONT if number % 2 else there])
                    port.drain(sink)
                    port.close()
            cycle(0), cycle(1)
            before = resources()
            for number in range({CYCLES // 2}):
                cycle(number)
            time.sleep(0.1)  # the last line is hung up
            print(not leaked(before), before, resources())
        """
    )
    assert out.startswith("True"), out


@contextmanager
def listening() -> Iterator[str]:
    """The address of somebody who hears a line out and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            with suppress(OSError):
                while True:
                    line = server.accept()[0]
                    line.settimeout(1)
                    with suppress(OSError):
                        line.recv(1)  # its HELLO
                    line.close()

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        time.sleep(0.01)
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def run(script: str, *, code: int = 0, **environment: str) -> str:
    child = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(script)],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"} | environment,
    )  # fmt: skip
    assert child.returncode == code, f"{child.returncode}: {child.stderr[-2000:]}"
    return child.stdout


FLOOD = """
import sys, threading, time
from pathlib import Path
from tests.native.fake import Fake
from tests.native.binding.rig import FRONT, Sink
from homalos.ctp.fast import FastMd, FastTd, wait
fakes, flow = Path({fakes!r}), Path({flow!r})

class Count(Sink):
    count = 0
    def on_tick(self, tick): self.count += 1
    def on_order(self, row): self.count += 1

def start(target):
    threading.Thread(target=target, daemon=True).start()
    time.sleep(.05)

def flooded(kind):
    port, sink = kind(fakes, flow / kind.__name__, ring_bytes=1 << 20), Count()
    side, name = ("md", "OnRtnDepthMarketData") if kind is FastMd else ("td", "OnRtnOrder")
    if kind is FastMd:
        port.list("c0000", "c", 1.0, False)
    port.open([FRONT])
    Fake(fakes, side).flood(name, {{}}, -1, gap_ns=0 if kind is FastMd else 2000)
    while sink.count < 100:
        port.drain(sink)
    return port, sink
"""


def test_closing_under_a_flood_never_hangs(fakes: Path, tmp_path: Path) -> None:
    """vnpy-ctp's exit() hung in 9 of 25 tries."""
    setup = FLOOD.format(fakes=str(fakes), flow=str(tmp_path))
    script = f"""
for _ in range({EXITS}):
    for kind in (FastMd, FastTd):
        port, sink = flooded(kind)
        busy = threading.Event()
        def spin():
            while not busy.is_set():
                sum(range(1000))
        other = threading.Thread(target=spin)
        other.start()
        port.close()
        busy.set()
        other.join()
print("all closed")
"""
    assert run(setup + script) == "all closed\n"


@pytest.mark.parametrize(
    "end",
    [
        "",
        "sys.exit(0)",
        "del md, td",
        "import os; os._exit(0)",
        "start(lambda: [md.drain(sink) for _ in range(10**9)])",
        "start(lambda: wait([md, td], 10**12))",
        "md.keep = sink; sink.keep = md",
    ],
    ids=["fall off", "exit", "del", "_exit", "drained", "spinning", "cycle"],
)
def test_the_process_ends_under_a_flood(fakes: Path, tmp_path: Path, end: str) -> None:
    setup = FLOOD.format(fakes=str(fakes), flow=str(tmp_path))
    for _ in range(4):
        run(setup + f"md, sink = flooded(FastMd)\ntd, _ = flooded(FastTd)\n{end}\n")


def test_a_forks_child_lets_it_alone(fakes: Path, tmp_path: Path) -> None:
    setup = FLOOD.format(fakes=str(fakes), flow=str(tmp_path))
    script = """
import os
from homalos.ctp.fast import ClosedError
port, sink = flooded(FastTd)
child = os.fork()
if not child:
    for call in (lambda: port.drain(sink), lambda: port.request("ReqQryOrder", {}, 1), port.fileno):
        try:
            call()
        except ClosedError as error:
            assert "fork" in str(error)
        else:
            os._exit(1)
    port.close()
    del port
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
before = sink.count
while sink.count < before + 1000:
    port.drain(sink)
port.close()
print("parent goes on")
"""
    assert run(setup + script) == "parent goes on\n"


def test_a_library_that_is_not_there(tmp_path: Path, fakes: Path) -> None:
    with pytest.raises(LibraryError, match=r"there is no .*libthostmduserapi_se\.so: install vnpy"):
        FastMd(tmp_path, tmp_path / "flow")
    (tmp_path / FILES["td"]).write_text("no library")
    with pytest.raises(LibraryError, match=r"cannot load .*ctp\.libraries"):
        FastTd(tmp_path, tmp_path / "flow")


@pytest.mark.parametrize("version", ["v6.7.10_20250101", "v6.7.110", "6.7.11", "", "v6.7.11.1"])
def test_a_library_of_another_version(fakes: Path, tmp_path: Path, version: str) -> None:
    os.environ["FAKE_CTP_VERSION"] = version
    try:
        with pytest.raises(LibraryError, match=r"is CTP .*, but v6\.7\.11 is needed") as told:
            FastMd(fakes, tmp_path / "flow")
        assert str(fakes) in str(told.value)
    finally:
        del os.environ["FAKE_CTP_VERSION"]


def test_a_flow_folder_that_cannot_be(fakes: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LibraryError, match="flow folder"):
        FastMd(fakes, tmp_path / "file" / "flow")
    port: Any = FastTd(fakes, tmp_path / "made" / "for you")
    assert (tmp_path / "made" / "for you" / "QueryRsp.con").exists()
    port.close()
