"""The face of ``vnpy_ctp.api``: the same names and arguments, and what is better."""

import functools
import gc
import importlib.util
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from loguru import logger
from tests.native.binding.rig import FRONT, PATIENCE
from tests.native.binding.test_callbacks import ABI, RSP_INFO, filled
from tests.native.binding.test_lifecycle import EXITS, leaked, resources, run
from tests.native.fake import FILES, Fake

from homalos.ctp.abi import FieldError
from homalos.ctp.errors import ClosedError, LibraryError

THEIRS = """
import sys
sys.path.insert(0, {folder!r})
import vnctpmd, vnctptd, ctp_constant
for name, kind in (("MdApi", vnctpmd.MdApi), ("TdApi", vnctptd.TdApi)):
    print(name, *(one for one in dir(kind) if not one.startswith("_")))
for name, value in vars(ctp_constant).items():
    if not name.startswith("_"):
        print(name, type(value).__name__, value)
"""


@pytest.fixture(scope="session")
def api(fakes: Path) -> ModuleType:
    return importlib.import_module("homalos.ctp.api")


@pytest.fixture(scope="module")
def theirs() -> dict[str, list[str]]:
    """Names of the installed package, from a process that loads the vendor's libraries."""
    spec = importlib.util.find_spec("vnpy_ctp")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("vnpy-ctp is not installed")
    folder = str(Path(spec.submodule_search_locations[0]) / "api")
    lines = subprocess.run(
        [sys.executable, "-c", THEIRS.format(folder=folder)],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout.splitlines()  # fmt: skip
    return {name: rest for name, *rest in map(str.split, lines)}


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


@pytest.mark.parametrize(("name", "count"), [("MdApi", 29), ("TdApi", 299)])
def test_every_name_of_theirs(
    api: ModuleType, theirs: dict[str, list[str]], name: str, count: int
) -> None:
    assert len(theirs[name]) == count
    ours = public(getattr(api, name))
    assert set(theirs[name]) - ours == set()
    assert ours - set(theirs[name]) <= {"getApiVersion"}


def test_every_constant_of_theirs(api: ModuleType, theirs: dict[str, list[str]]) -> None:
    constants = {k: v for k, v in theirs.items() if k not in ("MdApi", "TdApi")}
    assert len(constants) > 1300
    for name, (kind, *value) in constants.items():
        ours = getattr(api, name)
        assert [type(ours).__name__, *str(ours).split()] == [kind, *value], name
    stars: dict[str, Any] = {}
    exec("from homalos.ctp.api import *", stars)
    assert set(constants) | {"MdApi", "TdApi"} <= set(stars)


def recorder(kind: type, names: set[str]) -> type:
    """A subclass that remembers every callback's arguments."""

    def remember(name: str) -> Callable[..., None]:
        return lambda self, *args: self.got.append((name, *args))

    body: dict[str, Any] = {name: remember(name) for name in names}
    return type("Recorder", (kind,), body | {"got": None})


@pytest.fixture(params=["md", "td"])
def made(api: ModuleType, fakes: Path, tmp_path: Path, request: Any) -> Iterator[Any]:
    side = request.param
    methods = ABI.md_spi if side == "md" else ABI.td_spi
    kind = api.MdApi if side == "md" else api.TdApi
    one: Any = recorder(kind, {face(m.name) for m in methods})()
    one.got = []
    create = one.createFtdcMdApi if side == "md" else one.createFtdcTraderApi
    create(f"{tmp_path}\\{side}".encode("GBK"), True, libraries=fakes)
    one.registerFront(FRONT)
    one.library = Fake(fakes, side)
    one.methods = methods
    yield one
    one.exit()


def face(name: str) -> str:
    """Theirs; one name they spell in their own way."""
    if name == "OnRspQrySPBMAddOnInterParameter":
        return "onRspQrySPBMAddonInterParameter"
    return name[0].lower() + name[1:]


def come(one: Any, count: int) -> list[Any]:
    end = time.monotonic() + PATIENCE
    while len(one.got) < count:
        assert time.monotonic() < end, f"{len(one.got)} of {count} came"
        time.sleep(0.001)
    return one.got


def test_callbacks_have_their_arguments(made: Any) -> None:
    made.init()
    wanted: list[tuple[Any, ...]] = [("onFrontConnected",)]
    for number, method in enumerate(made.methods):
        if not method.structs:
            continue
        error = {"ErrorID": -number, "ErrorMsg": "资金不足"} if RSP_INFO in method.structs else {}
        told = (-number, "资金不足") if error else None
        tail: list[Any] = [number, False] if method.name.startswith("OnRsp") else []
        if method.structs == (RSP_INFO,):
            made.library.call(method.name, None, told, number, False)
            wanted.append((face(method.name), error, *tail))
            continue
        values = filled(ABI.layout(method.structs[0]))
        errors = [error] if RSP_INFO in method.structs else []
        made.library.call(method.name, values, told, number, False)
        made.library.call(method.name, None, None, number, False)
        if method.structs[0] == "CThostFtdcSettlementInfoField":
            values["Content"] = values["Content"].encode()
        wanted.append((face(method.name), values, *errors, *tail))
        wanted.append((face(method.name), {}, *({} for _ in errors), *tail))
    got = come(made, len(wanted))
    for one, other in zip(got, wanted, strict=True):
        assert one == other


def test_requests_take_what_they_know(made: Any) -> None:
    assert made.reqUserLogin({"UserID": "me", "Nonsense": object()}, 7) == 0
    last = made.library.last()
    assert (last.name, last.request) == (b"ReqUserLogin", 7)
    assert bytes(last)[-8192:][: last.size] == ABI.layout("ReqUserLogin").encode({"UserID": "me"})
    with pytest.raises(FieldError, match=r"ReqUserLoginField\.UserID takes at most 15 bytes"):
        made.reqUserLogin({"UserID": "x" * 400}, 8)
    for wrong, error in ((("x"), TypeError), ((1 << 32), OverflowError)):
        with pytest.raises(error):
            made.reqUserLogin({}, wrong)
    with pytest.raises(TypeError):
        made.reqUserLogin({})
    made.registerFensUserInfo({"UserID": "me"})
    assert made.library.last().name == b"RegisterFensUserInfo"


def test_an_untouched_callback_does_nothing(api: ModuleType) -> None:
    for kind in (api.MdApi, api.TdApi):
        one = kind()
        for name in public(kind):
            if name.startswith("on"):
                assert getattr(one, name)({}, {}, 1, True) is None
                assert getattr(one, name)() is None


def test_before_create_and_after_exit(made: Any, api: ModuleType) -> None:
    for one in (type(made)(), made):
        one.exit()
        assert one.exit() == 1
        for call in (functools.partial(one.reqUserLogin, {}, 1), one.init, one.getTradingDay,
                     functools.partial(one.registerFront, FRONT), one.getApiVersion):  # fmt: skip
            with pytest.raises(ClosedError):
                call()


def test_an_exception_is_logged_and_the_next_one_comes(made: Any) -> None:
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(str(message)), level="ERROR")

    def fail(*_: object) -> None:
        raise KeyError("mine")

    made.onRspError = fail
    made.init()
    made.library.call("OnRspError", error=(1, ""))
    made.library.call("OnFrontDisconnected", request=9)
    assert come(made, 2)[1] == ("onFrontDisconnected", 9)
    logger.remove(sink)
    assert len(lines) == 1
    assert "KeyError: 'mine'" in lines[0]


def test_exit_within_a_callback(made: Any) -> None:
    done = threading.Event()

    def leave(*_: object) -> None:
        made.exit()
        done.set()

    made.onFrontConnected = leave
    made.init()
    assert done.wait(PATIENCE)
    assert made.join() == 0
    with pytest.raises(ClosedError):
        made.reqUserLogin({}, 1)


def test_exit_while_a_callback_waits_for_who_calls_it(
    made: Any, api: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither waits for ever: the callback gets its lock when exit has given up on it."""
    monkeypatch.setattr(api, "_PATIENCE_S", 0.1)
    lock, entered, left = threading.Lock(), threading.Event(), threading.Event()

    def wait(*_: object) -> None:
        entered.set()
        with lock:
            left.set()

    made.onFrontConnected = wait
    with lock:
        made.init()
        assert entered.wait(PATIENCE)
        made.exit()
    assert left.wait(PATIENCE)


def test_no_tick_is_dropped(api: ModuleType, fakes: Path, tmp_path: Path) -> None:
    """As there: who is slow gets them late."""

    class Slow(api.MdApi):  # type: ignore[misc, name-defined]
        gate, seen = threading.Event(), 0

        def onRtnDepthMarketData(self, data: dict[str, Any]) -> None:
            self.gate.wait(PATIENCE)
            assert data["Volume"] == self.seen
            self.seen += 1

    one: Any = Slow()
    one.createFtdcMdApi(f"{tmp_path}/", libraries=fakes)
    one.init()
    library = Fake(fakes, "md")
    library.flood("OnRtnDepthMarketData", {}, 20_000)
    while not library.idle():
        time.sleep(0.001)
    one.gate.set()
    end = time.monotonic() + PATIENCE
    while one.seen < 20_000 and time.monotonic() < end:
        time.sleep(0.01)
    one.exit()
    assert one.seen == 20_000


def test_forgotten_without_exit(api: ModuleType, fakes: Path, tmp_path: Path) -> None:
    before = resources()
    for _ in range(20):
        one = api.TdApi()
        one.createFtdcTraderApi(f"{tmp_path}/x", libraries=fakes)
        one.init()
        del one
    end = time.monotonic() + PATIENCE
    while leaked(before) and time.monotonic() < end:
        gc.collect()
        time.sleep(0.01)
    assert not leaked(before), (before, resources())


def test_a_flow_folder_that_is_not_there(api: ModuleType, fakes: Path, tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"flow folder .* is missing"):
        api.MdApi().createFtdcMdApi(f"{tmp_path}/none/x", libraries=fakes)
    with pytest.raises(LibraryError, match="there is no .*" + FILES["td"]):
        api.TdApi().createFtdcTraderApi(f"{tmp_path}/x", libraries=tmp_path)
    one = api.TdApi()
    one.createFtdcTraderApi(f"{tmp_path}/x", libraries=fakes)
    with pytest.raises(RuntimeError, match="created before"):
        one.createFtdcTraderApi(f"{tmp_path}/x", libraries=fakes)
    assert one.getApiVersion() == "v6.7.11_fake"
    assert one.getTradingDay() == "20260105"
    assert one.getFrontInfo()["QryFreq"] == 3
    one.subscribePrivateTopic(2)
    assert Fake(fakes, "td").last().request == 2
    one.exit()


FLOOD = """
import sys, threading, time
from tests.native.fake import Fake
from homalos.ctp.api import MdApi
from pathlib import Path
fakes = Path({fakes!r})
class Count(MdApi):
    count = 0
    def onRtnDepthMarketData(self, data):
        self.count += 1
def flooded():
    md = Count()
    md.createFtdcMdApi({flow!r}, True)
    md.registerFront("tcp://127.0.0.1:1")
    md.init()
    Fake(fakes, "md").flood("OnRtnDepthMarketData", {{}}, -1)
    while md.count < 100:
        time.sleep(0.001)
    return md
"""


def test_exit_under_a_flood_never_hangs(fakes: Path, tmp_path: Path) -> None:
    """The test that vnpy-ctp's exit() failed 9 times of 25."""
    setup = FLOOD.format(fakes=str(fakes), flow=f"{tmp_path}/x")
    script = f"""
for _ in range({EXITS}):
    flooded().exit()
assert threading.active_count() == 1, threading.enumerate()
print("all gone")
"""
    assert run(setup + script, HOMALOS_CTP_LIBRARIES=str(fakes)) == "all gone\n"


@pytest.mark.parametrize("end", ["", "sys.exit(3)", "del md", "raise SystemExit(3)"])
def test_the_process_ends_without_exit(fakes: Path, tmp_path: Path, end: str) -> None:
    setup = FLOOD.format(fakes=str(fakes), flow=f"{tmp_path}/x")
    for _ in range(3):
        code = 3 if "3" in end else 0
        run(setup + f"md = flooded()\n{end}\n", code=code, HOMALOS_CTP_LIBRARIES=str(fakes))
