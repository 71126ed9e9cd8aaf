"""Programs that others wrote for the vendor's libraries, on ours: each in a process of its own,
with a copy of its package whose two libraries are replaced."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.native.front import Front

from homalos.ctp.libraries import DROPIN_FILES, NativeMissingError, vendor_libraries
from homalos.setup.conformance import conformance_folder

HERE = Path(__file__).parent


def run(name: str, *words: object, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(HERE / name), *map(str, words)],
        cwd=cwd,
        env=os.environ | {"HOMALOS_CTP_RECONNECT_MS": "20"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> list[str]:
    try:
        said = process.communicate(timeout=40)[0]
    finally:
        process.kill()
    assert process.returncode == 0, said
    return said.splitlines()


def has_locale() -> bool:
    """vnpy-ctp ends its process at the first text where this locale is missing."""
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout
    return "zh_cn.gb18030" in known.lower()


def test_vnpy_ctp(native: Path, tmp_path: Path) -> None:
    try:
        shutil.copytree(vendor_libraries(), tmp_path / "api")
    except NativeMissingError as missing:
        pytest.skip(str(missing))
    if not has_locale():
        pytest.skip("no locale zh_CN.GB18030")
    for name in DROPIN_FILES:
        shutil.copy(native / name, tmp_path / "api" / name)
    with Front("md") as md_front, Front("td") as td_front:
        words = tmp_path, tmp_path, md_front.address, td_front.address
        process = run("vnpy_program.py", *words, cwd=tmp_path)
        quotes, line = md_front.connect(), td_front.connect()
        assert quotes.request()[0] == "ReqUserLogin"
        quotes.call("OnRspUserLogin", {}, 0, 1)
        name, _, body = quotes.request()
        assert (name, body.rstrip(b"\0")) == ("SubscribeMarketData", b"rb2505")
        quotes.call("OnRtnDepthMarketData", {"InstrumentID": "rb2505", "LastPrice": 3500.0})
        assert line.fields()[2]["AppID"] == "a"
        line.call("OnRspAuthenticate", {}, 0, 1)
        line.request()
        line.call("OnRspUserLogin", {"FrontID": 7}, 0, 2)
        assert line.request()[:2] == ("ReqQryInstrument", 3)
        assert line.request()[0] == "ReqSettlementInfoConfirm"  # both queries were tried
        line.call("OnRspQryInstrument", {"InstrumentName": "螺纹钢2505"}, None, 3)
        assert line.fields()[2]["OrderRef"] == "1"
        line.call("OnRtnOrder", {"OrderSysID": "        7919"}, flow=1, sequence=1)
        line.close()
        td_front.connect().close()
        said = finish(process)
    assert said[0].startswith("v6.7.11_homalos")
    assert {
        "md login 0 1 True",
        "tick rb2505 3500.0",
        "td login 7 CTP:无错误",
        "query 0 -2",
    } <= set(said)
    assert {"instrument 螺纹钢2505 True", "order '        7919' '\\x00'", "cut 4097"} <= set(said)
    assert said[-1] == "cut twice"


def openctp(folder: Path) -> bool:
    """Lays the package openctp_ctp into a folder; False where it is not installed for the tests."""
    installed = conformance_folder()
    if installed is None:
        return False
    for name in ("openctp_ctp", "openctp_ctp.libs"):
        shutil.copytree(installed / name, folder / name)
    return True


def test_openctp_ctp(native: Path, tmp_path: Path) -> None:
    if not openctp(tmp_path):
        pytest.skip("openctp-ctp is not installed: `python start.py test` does it")
    bundled = sorted((tmp_path / "openctp_ctp.libs").iterdir())
    for theirs, ours in zip(bundled, DROPIN_FILES, strict=True):
        assert theirs.name.startswith(ours.removesuffix(".so"))
        shutil.copy(native / ours, theirs)
    with Front("td") as front:
        process = run("openctp_program.py", tmp_path, tmp_path, front.address, cwd=tmp_path)
        line = front.connect()
        assert line.fields()[2]["UserID"] == "sim"
        line.call("OnRspUserLogin", {"FrontID": 7}, 0, 2)
        assert line.request()[:2] == ("ReqQryOrder", 3)
        assert line.request()[0] == "ReqSettlementInfoConfirm"  # both queries were tried
        line.call("OnRspQryOrder", None, None, 3)
        assert line.is_closed_by_client()
        said = finish(process)
    assert [line.split("_")[0] for line in said[:2]] == ["v6.7.11", "v6.7.11"]
    assert said[2:] == [
        "login 0",
        "in 7 0 CTP:无错误 2 True",
        "query 0 -2",
        "orders None 3 True",
        "released",
    ]
