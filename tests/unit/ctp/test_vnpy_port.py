"""The ports over vnpy-ctp do what those over our binding do, on the same drop-in libraries."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from homalos.ctp.errors import LibraryError
from homalos.ctp.libraries import NativeMissingError, vendor_libraries
from homalos.ctp.vnpy_library import LOCALE, check_locale
from homalos.setup.compiler import missing_for_build
from homalos.setup.native_parts import ensure_native

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module", autouse=True)
def parts() -> None:
    if missing := missing_for_build():
        pytest.skip(f"{missing.text.en}: {missing.cure.en}")
    built = ensure_native()
    assert built.folder is not None, built.reason.en
    try:
        vendor_libraries()
        check_locale()
    except NativeMissingError as error:
        pytest.skip(str(error))
    except LibraryError as error:
        pytest.skip(str(error))


def run(scenario: str, port: str, folder: Path, seconds: float = 60) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.ctp.vnpy_process", scenario, port, str(folder / port)],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        capture_output=True, text=True, timeout=seconds, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("scenario", ["ticks", "clock", "trading", "sink_raises"])
def test_both_ports_tell_the_same(scenario: str, tmp_path: Path) -> None:
    ours, theirs = run(scenario, "fast", tmp_path), run(scenario, "vnpy", tmp_path)
    if isinstance(ours, list) and isinstance(ours[0], list):
        for one, other in zip(ours[0], theirs[0], strict=True):
            assert one == other
    assert ours == theirs


def test_what_the_ticks_are(tmp_path: Path) -> None:
    """Against the rule itself, not against the other port alone."""
    lines, received, delivered, junk, unknown = run("ticks", "vnpy", tmp_path)
    ticks = [values for kind, *rest in lines if kind == "tick" for values in rest]
    assert (junk, unknown) == (5, 1)
    assert len(ticks) == 21 - 6
    assert received - delivered == 6
    first = ticks[0]
    assert first["last_price"] == 3594.0
    assert first["instrument"] == "SHFE.rb2605"
    assert first["trading_day"] == 20251110
    unset = ("bid_price", "ask_price", "turnover", "open_interest", "settlement", "depth")
    assert [first[name] for name in unset] == [None] * 6
    sugar = [tick for tick in ticks if tick["instrument"] == "CZCE.SR2605"]
    assert sugar[1]["ts_event"] - sugar[0]["ts_event"] == 500_000_000
    assert sugar[0]["turnover"] == 1000.0


def test_the_dates_of_ticks_go_by_the_clock(tmp_path: Path) -> None:
    away, stale = run("clock", "vnpy", tmp_path)
    assert away == [0, 20, 20]
    assert stale == 2


def test_faults_of_a_request_are_errors_here(tmp_path: Path) -> None:
    *_, faults = run("trading", "vnpy", tmp_path)
    assert faults == ["FieldError"] * 4


def test_closing_under_a_flood_comes_to_an_end(tmp_path: Path) -> None:
    assert run("shutdown", "vnpy", tmp_path, seconds=90) == ["closed"] * 4


@pytest.mark.parametrize("attempt", range(3))
def test_a_process_may_end_with_a_port_open(attempt: int, tmp_path: Path) -> None:
    assert run("left_open", "vnpy", tmp_path) == 1


def test_a_full_queue_drops_ticks_and_nothing_else(tmp_path: Path) -> None:
    assert run("full", "vnpy", tmp_path) == [True, "OnRspSubMarketData"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's locales")
def test_a_missing_locale_is_an_error_with_its_cure(tmp_path: Path) -> None:
    text = run("no_locale", "vnpy", tmp_path)
    assert LOCALE in text
    assert "localedef -i zh_CN -f GB18030" in text
    assert "ctp.binding: native" in text


def test_wrong_folders_are_errors(tmp_path: Path) -> None:
    absent, second = run("wrong_folder", "vnpy", tmp_path)
    assert "no CTP library" in absent
    assert "already loaded" in second


def test_nothing_of_vnpy_itself_is_imported(tmp_path: Path) -> None:
    if importlib.util.find_spec("vnpy") is not None:
        pytest.skip("vnpy is installed")
    code = (
        "import sys; from pathlib import Path; from homalos.ctp.vnpy_port import VnpyMd;"
        "from homalos.ctp.libraries import vendor_libraries;"
        f"VnpyMd(vendor_libraries(), Path({str(tmp_path)!r}) / 'flow').close();"
        "print([m for m in sys.modules if m.split('.')[0] in ('vnpy', 'vnpy_ctp', 'pandas')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stdout + done.stderr
