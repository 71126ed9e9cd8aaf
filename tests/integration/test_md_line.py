"""The market data line for real: ``homalos exchange`` in its process, the drop-in libraries and
either binding in another."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.daemon import ROOT
from tests.integration.front import FrontProcess

from homalos.ctp.errors import LibraryError
from homalos.ctp.libraries import NativeMissingError, vendor_libraries
from homalos.ctp.vnpy_library import check_locale
from homalos.setup.compiler import missing_for_build
from homalos.setup.native_parts import ensure_native


@pytest.fixture
def front(tmp_path: Path) -> Iterator[FrontProcess]:
    if missing := missing_for_build():
        pytest.skip(f"{missing.text.en}: {missing.cure.en}")
    built = ensure_native()
    assert built.folder is not None, built.reason.en
    process = FrontProcess(tmp_path)
    process.start("--speed", "10")
    yield process
    process.kill()


@pytest.mark.parametrize("binding", ["native", "vnpy"])
def test_a_line_logs_in_is_cut_goes_silent_and_is_started_anew(
    binding: str, front: FrontProcess, tmp_path: Path
) -> None:
    if binding == "vnpy":
        try:
            vendor_libraries()
            check_locale()
        except (NativeMissingError, LibraryError) as error:
            pytest.skip(str(error))
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.md_line", binding, front.md, str(front.data),
         str(tmp_path / "gateway")],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["before"] == 0, "no tick that nobody asked for"
    assert told["up"] == [True, False, True, False, True, False]
    assert "no tick of any of" in told["silent"]
    assert told["quiet"], "nothing comes of a line that was stopped"
    assert told["products"] == ["CZCE.TA", "DCE.m", "SHFE.rb"]
    assert told["accepted"] > 0.95, told["verdicts"]
    assert told["native"]
    (ratio,) = told["turnover"]
    assert 4.0 < ratio < 6.0, "yuan: the multiplier of TA is 5"
