"""A gateway of somebody else is installed, found by its name, and keeps the contract."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, cast

import pytest

from homalos.gateway.protocol import Gateway
from homalos.gateway.registry import (
    GROUP,
    GatewayError,
    GatewayKit,
    installed,
    make_gateway,
    open_gateway,
)
from homalos.kernel.clock import SimClock
from homalos.model.ids import AccountId

EXAMPLE = Path(__file__).parent / "example_gateway"
ROOT = Path(__file__).resolve().parents[2]


def install(place: Path, entries: dict[str, str], name: str = "homalos-example") -> None:
    """What an installer leaves of a package: its code, and its metadata with the entry points."""
    info = place / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = "\n".join(f"{key} = {value}" for key, value in entries.items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "site"
    place.mkdir()
    monkeypatch.syspath_prepend(str(place))
    return place


def kit(folder: Path) -> GatewayKit:
    unused = cast(Any, None)
    return GatewayKit(
        SimClock(), unused, AccountId("me"), folder, unused, unused, lambda name: None, lambda: None
    )


def test_the_example_is_installed_and_keeps_the_contract(tmp_path: Path) -> None:
    """With the entry points of its own pyproject.toml, in a process of its own."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    site = tmp_path / "site"
    install(site, project["entry-points"][GROUP], project["name"])
    shutil.copytree(EXAMPLE / "homalos_example", site / "homalos_example")
    tests = tmp_path / "contract_of_example.py"
    shutil.copy(EXAMPLE / "tests" / "contract_of_example.py", tests)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path),
         str(tests)],
        env=os.environ | {"PYTHONPATH": f"{site}{os.pathsep}{ROOT / 'src'}"},
        cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 14, "the whole contract ran"


def test_an_unknown_name_lists_what_there_is(site: Path) -> None:
    install(site, {"acme": "acme_gateway:make"})
    assert "acme" in installed()
    with pytest.raises(GatewayError, match="no gateway acne; there are: sim, ctp, acme"):
        open_gateway("acne")


def test_one_that_cannot_be_imported_says_why(site: Path) -> None:
    install(site, {"acme": "acme_gateway:make"})
    with pytest.raises(GatewayError, match=r"acme_gateway:make of homalos-example 1\.0"):
        open_gateway("acme")
    (site / "acme_gateway.py").write_text("raise RuntimeError('no licence')\n")
    with pytest.raises(GatewayError, match="RuntimeError: no licence"):
        open_gateway("acme")


def test_what_is_no_factory_is_refused(site: Path) -> None:
    install(site, {"seven": "seven_gateway:make"})
    (site / "seven_gateway.py").write_text("make = 7\n")
    with pytest.raises(GatewayError, match="is no factory"):
        open_gateway("seven")


def test_a_name_given_twice_is_refused(site: Path) -> None:
    install(site, {"acme": "one:make"}, "one")
    install(site, {"acme": "two:make"}, "two")
    with pytest.raises(GatewayError, match=r"given twice: .*one:make of one"):
        open_gateway("acme")


def test_a_gateway_without_a_method_is_refused(site: Path, tmp_path: Path) -> None:
    install(site, {"poor": "poor_gateway:Poor"})
    methods = [m for m in vars(Gateway) if not m.startswith("_") and m not in ("send", "query")]
    body = "\n".join(f"    def {name}(self, *args): ..." for name in methods)
    (site / "poor_gateway.py").write_text(
        "class Poor:\n    name = 'poor'\n    simulated = True\n"
        f"    def __init__(self, kit): ...\n{body}\n"
    )
    with pytest.raises(GatewayError, match="poor lacks send, query"):
        make_gateway("poor", kit(tmp_path))
