"""What the CTP lines need and do not find: the daemon ends with the cure, and nothing aborts it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.ctp_pair import CtpDaemon
from tests.integration.daemon import ROOT

from homalos.ctp.libraries import DROPIN_FILES

ENTRIES = "strategies:\n  - {id: watch, file: watch.py, instruments: [SHFE.ag2702]}\n"
NOWHERE = (
    "gateway.md=ctp", "gateway.td=ctp", "app.account=sim", "ctp.broker=9999",
    "ctp.td_fronts=[tcp://127.0.0.1:9]", "ctp.md_fronts=[tcp://127.0.0.1:9]",
)  # fmt: skip
WRONG = 2


def refused(root: Path, *sets: str, **environment: str) -> str:
    """Runs the daemon, which must end by itself with the code of a wrong set-up; what it said."""
    daemon = CtpDaemon(root, ENTRIES)
    done = subprocess.run(
        daemon.command("run", "--port", "0", "--for", "20", sets=(*NOWHERE, *sets)),
        cwd=root, env=daemon.environment() | environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == WRONG, f"{done.returncode}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stderr


def test_no_such_folder(tmp_path: Path, dropins: Path) -> None:
    said = refused(tmp_path, f"ctp.libraries={tmp_path / 'nothing'}")
    assert str(tmp_path / "nothing") in said
    assert "ctp.libraries" in said


def test_a_folder_without_the_libraries(tmp_path: Path, dropins: Path) -> None:
    (tmp_path / "empty").mkdir()
    said = refused(tmp_path, f"ctp.libraries={tmp_path / 'empty'}")
    assert DROPIN_FILES[0] in said or DROPIN_FILES[1] in said


@pytest.mark.parametrize("binding", ["native", "vnpy"])
def test_libraries_of_another_version(tmp_path: Path, dropins: Path, binding: str) -> None:
    if binding == "vnpy":
        _vnpy()
    other = tmp_path / "other"
    other.mkdir()
    for name in DROPIN_FILES:
        raw = (dropins / name).read_bytes()
        assert b"v6.7.11_" in raw
        (other / name).write_bytes(raw.replace(b"v6.7.11_", b"v6.7.10_"))
    said = refused(tmp_path, f"ctp.libraries={other}", f"ctp.binding={binding}")
    assert "6.7.10" in said
    assert "6.7.11" in said
    assert str(other) in said


def test_a_file_that_is_no_library(tmp_path: Path, dropins: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name in DROPIN_FILES:
        (other / name).write_bytes(b"not a library")
    assert str(other) in refused(tmp_path, f"ctp.libraries={other}")


def test_native_parts_that_were_never_built(tmp_path: Path) -> None:
    """Other sources than those that were built: as in a clone without a compiler."""
    clone = tmp_path / "clone"
    shutil.copytree(ROOT / "src", clone / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "meson.build", clone)
    with (clone / "src" / "native" / "meson.build").open("a") as file:
        file.write("# another state\n")
    here = {"PYTHONPATH": str(clone / "src")}
    for sets in (("ctp.libraries=dropin",), ("ctp.binding=native",)):
        root = tmp_path / sets[0].rpartition("=")[2]
        root.mkdir()
        said = refused(root, *sets, **here)
        assert "python start.py setup native" in said
        assert "g++" in said


def test_without_a_compiler_the_set_up_says_so(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(ROOT / "src", clone / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "meson.build", clone)
    with (clone / "src" / "native" / "meson.build").open("a") as file:
        file.write("# another state\n")
    (tmp_path / "bin").mkdir()
    script = (
        "import sys, pathlib; sys.prefix = sys.argv[1]\n"
        "from homalos.setup import native_parts\n"
        "parts = native_parts.ensure_native()\n"
        "print(parts.ready, parts.reason.en, parts.cure.en)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(clone / "src"), "PATH": str(tmp_path / "bin"), "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("False")
    assert "g++" in done.stdout


def test_without_the_locale_of_vnpy_ctp(tmp_path: Path, dropins: Path) -> None:
    """Its binding would abort the process at the first text."""
    _vnpy()
    nowhere = {"LOCPATH": str(tmp_path / "no-locales")}
    said = refused(tmp_path, "ctp.binding=vnpy", "ctp.libraries=dropin", **nowhere)
    assert "zh_CN.GB18030" in said
    assert "localedef" in said


def test_our_binding_needs_no_locale(tmp_path: Path, dropins: Path) -> None:
    daemon = CtpDaemon(tmp_path, ENTRIES)
    done = subprocess.run(
        daemon.command("run", "--port", "0", "--for", "1",
                       sets=(*NOWHERE, "ctp.libraries=dropin", "ctp.binding=native")),
        cwd=tmp_path, env=daemon.environment() | {"LOCPATH": str(tmp_path), "LC_ALL": "C"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_without_vnpy_ctp(tmp_path: Path, dropins: Path) -> None:
    """The vendor's libraries come with it."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'vnpy_ctp' else find(name, *rest)\n"
    )
    path = os.pathsep.join([str(hidden), str(ROOT / "src")])
    said = refused(tmp_path, "ctp.libraries=vendor", PYTHONPATH=path)
    assert "python start.py setup ctp" in said


def test_no_front_named(tmp_path: Path, dropins: Path) -> None:
    said = refused(tmp_path, "ctp.libraries=dropin", "ctp.td_fronts=[]")
    assert "td_fronts" in said


def test_a_product_where_a_contract_is_wanted(tmp_path: Path, dropins: Path) -> None:
    daemon = CtpDaemon(
        tmp_path, "strategies:\n  - {id: watch, file: watch.py, instruments: [SHFE.ag]}\n"
    )
    sets = (*NOWHERE, "ctp.libraries=dropin")
    code, _, said = daemon.say("run", "--port", "0", "--for", "5", sets=sets)
    assert code == WRONG
    assert "SHFE.ag2605" in said


def _vnpy() -> None:
    import importlib.util

    if importlib.util.find_spec("vnpy_ctp") is None:
        pytest.skip("vnpy-ctp is not installed: python start.py setup ctp")
