"""A stand-in for the vendor's libraries, to be driven from a test."""

import ctypes
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from homalos.ctp.abi import load

from .declare import FACTS, SIDES, header

HERE = Path(__file__).parent
NATIVE = HERE.parents[2] / "src/native"
FILES = {"md": "libthostmduserapi_se.so", "td": "libthosttraderapi_se.so"}


def compiler() -> str | None:
    return shutil.which("g++") or shutil.which("c++")


def build(cache: Path) -> Path:
    """Folder with the two libraries, compiled where ``cache`` has none of these sources."""
    digest = hashlib.sha256(FACTS.read_bytes())
    for path in (HERE / "fake.cpp", HERE / "declare.py", NATIVE / "generate/declarations.py"):
        digest.update(path.read_bytes())
    folder = cache / digest.hexdigest()[:16]
    if not folder.is_dir():
        _compile(folder)
    return folder


def _compile(folder: Path) -> None:
    work = folder.with_suffix(".tmp")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    subprocess.run(
        [sys.executable, "-B", "-m", "generate", str(FACTS), str(work), "declarations"],
        check=True, cwd=NATIVE,
    )  # fmt: skip
    running = []
    for side, file in FILES.items():
        (work / f"fake_{side}.h").write_text(header(side))
        command = [
            str(compiler()), "-std=c++20", "-O2", "-fPIC", "-shared", "-fvisibility=hidden",
            f"-DFAKE_{side.upper()}", f"-I{work}", f"-Wl,-soname,{file}", "-o", str(work / file),
            str(HERE / "fake.cpp"), "-lpthread",
        ]  # fmt: skip
        running.append(subprocess.Popen(command))
    assert all(process.wait() == 0 for process in running), "the fake library does not compile"
    for junk in work.glob("*.h"):
        junk.unlink()
    work.rename(folder)


class Last(ctypes.Structure):
    """The last request that a library was given."""

    _fields_ = [
        ("name", ctypes.c_char * 64),
        ("size", ctypes.c_int),
        ("request", ctypes.c_int),
        ("count", ctypes.c_int),
        ("body", ctypes.c_char * 8192),
    ]


class Fake:
    """The controls of one library; they act on the API object that was made last."""

    def __init__(self, folder: Path, side: str) -> None:
        self._library = ctypes.CDLL(str(folder / FILES[side]))
        self._library.fake_times.restype = ctypes.c_int64
        abi = load()
        spi = abi.md_spi if side == "md" else abi.td_spi
        self._methods = {method.name: (number, method) for number, method in enumerate(spi)}
        self._abi = abi
        assert SIDES[side]

    def call(
        self,
        name: str,
        fields: dict[str, object] | None = None,
        error: tuple[int, str | bytes] | None = None,
        request: int = 0,
        last: bool = True,
        raw: bytes | None = None,
    ) -> None:
        """Makes one callback; ``None`` gives a null pointer."""
        number, method = self._methods[name]
        body = raw or b""
        if fields is not None:
            body = self._abi.layout(method.structs[0]).encode(fields)  # type: ignore[arg-type]
        info = None
        if error is not None:
            info = self._abi.layout("RspInfo").encode({"ErrorID": error[0], "ErrorMsg": error[1]})
        self._library.fake_call(number, body, len(body), info, request, int(last))

    def flood(
        self, name: str, fields: dict[str, object], groups: int, many: int = 1, gap_ns: int = 0,
        stamp: bool = False,
    ) -> None:  # fmt: skip
        number, method = self._methods[name]
        body = self._abi.layout(method.structs[0]).encode(fields)  # type: ignore[arg-type]
        self._library.fake_flood(
            number, body, len(body), groups, many, ctypes.c_int64(gap_ns), int(stamp)
        )

    def idle(self) -> bool:
        return bool(self._library.fake_idle())

    def result(self, code: int) -> None:
        """What every request returns from now on."""
        self._library.fake_result(code)

    def last(self) -> Last:
        last = Last()
        self._library.fake_last(ctypes.byref(last))
        return last

    def record(self, count: int) -> None:
        """Times of up to ``count`` ticks and orders from now on."""
        self._library.fake_record(ctypes.c_int64(count))

    def times(self, orders: bool, count: int) -> list[int]:
        out = (ctypes.c_int64 * count)()
        size = self._library.fake_times(int(orders), out, ctypes.c_int64(count))
        return list(out[:size])
