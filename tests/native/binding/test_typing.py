"""The stub file says what the module has, and programs are checked by it."""

import ast
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from tests.native.binding.test_face import face as spelled

import homalos.ctp
from homalos.ctp.libraries import load_binding

STUB = Path(homalos.ctp.__file__).parent / "_homalos_ctp.pyi"
SRC = STUB.parents[2]

SAMPLE = """
from pathlib import Path
from typing import Any
from homalos.ctp.api import THOST_FTDC_D_Buy, MdApi, TdApi
from homalos.ctp.fast import FastMd, FastTd, OrderRow, Resume, TradeRow, wait
from homalos.model.market import Tick

class Common:
    def on_connected(self) -> None: ...
    def on_disconnected(self, reason: int) -> None: ...
    def on_response(self, name: str, data: dict[str, Any] | None, error: int, message: str,
                    request: int, last: bool) -> None: ...
    def on_notice(
        self, name: str, data: dict[str, Any] | None, error: int, message: str) -> None: ...

class Md(Common):
    def on_tick(self, tick: Tick) -> None: ...

class Td(Common):
    def on_order(self, row: OrderRow) -> None: ...
    def on_trade(self, row: TradeRow) -> None: ...

def use(folder: Path) -> int:
    md, td = FastMd(folder, folder), FastTd(folder, folder, production=False)
    td.open(["tcp://a:1"], private=Resume.QUICK)
    wait([md, td], 1000)
    return md.drain(Md()) + td.drain(Td(), 5) + td.insert(
        "1", "SHFE", "rb", "0", "0", "2", 1.0, 1, "3", "1", 1, request=7)

class Theirs(MdApi):
    def onRtnDepthMarketData(self, data: dict[str, Any]) -> None:
        self.subscribeMarketData(data["InstrumentID"])
    def onRspUserLogin(
        self, data: dict[str, Any], error: dict[str, Any], n: int, last: bool) -> None:
        code: int = self.reqUserLogin({"BrokerID": "9999"}, n)

def trade(api: TdApi) -> int:
    return api.reqOrderInsert({"Direction": THOST_FTDC_D_Buy, "LimitPrice": 1.5}, 1)
"""
FAULTS = [
    "FastMd(Path()).close()",
    "FastMd('a', Path())",
    "FastMd(Path(), Path()).insert()",
    "FastMd(Path(), Path()).drain(Td())",
    "FastTd(Path(), Path()).insert(1, 'SHFE', 'rb', '0', '0', '2', 1.0, 1, '3', '1', 1, 7)",
    "FastTd(Path(), Path()).nonsense()",
    "Theirs().reqUserLogin({}, '1')",
    "Theirs().reqNonsense({}, 1)",
]


@pytest.fixture(scope="session")
def binding(native: Path) -> object:
    return load_binding()


def test_programs_are_checked(tmp_path: Path) -> None:
    sample = textwrap.dedent(SAMPLE)
    (tmp_path / "sample.py").write_text(sample + "\n".join(FAULTS) + "\n")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "sample.py",
         "--cache-dir", str(tmp_path / "cache"), "--python-version", "3.11"],
        cwd=tmp_path, capture_output=True, text=True, timeout=110, env={"MYPYPATH": str(SRC)},
    )  # fmt: skip
    lines = {int(line.split(":")[1]) for line in checked.stdout.splitlines() if "error:" in line}
    first = sample.count("\n") + 1
    assert lines == set(range(first, first + len(FAULTS))), checked.stdout + checked.stderr


def test_the_stub_names_all_that_there_is(binding: object) -> None:
    tree = ast.parse(STUB.read_text())
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    assert set(classes) == {"Md", "Td", "MdApi", "TdApi"}
    for name, node in classes.items():
        stub = {one.name for one in node.body if isinstance(one, ast.FunctionDef)} - {"__new__"}
        there = set(vars(getattr(binding, name))) - {*dir(object), "__module__"}
        assert stub == there, name
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert functions == {"wait"}


def test_the_calls_of_the_stub_are_those_of_the_facts() -> None:
    """``req…`` take a dict and a number, ``on…`` what the SPI method is given."""
    from homalos.ctp.abi import load

    tree = ast.parse(STUB.read_text())
    counts = {
        (node.name, one.name): len(one.args.posonlyargs) - 1
        for node in tree.body if isinstance(node, ast.ClassDef)
        for one in node.body if isinstance(one, ast.FunctionDef)
    }  # fmt: skip
    abi = load()
    for name, methods in (("MdApi", abi.md_spi + abi.md_api), ("TdApi", abi.td_spi + abi.td_api)):
        for method in methods:
            if method.name.startswith(("On", "Req")):
                face = spelled(method.name)
                assert counts[name, face] == len(method.args), face
