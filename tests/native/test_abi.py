"""What the build made: symbols, names, sizes; and that C++ and Python have the same numbers.

Sizes and offsets of all structs and the order of all methods are held by static_asserts in the
generated declarations, which are compiled with the libraries; here the generator is held to it.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from homalos.ctp import abi, latency, wire
from homalos.ctp.libraries import DROPIN_FILES
from homalos.setup.native_parts import build_program

FACTORIES = {
    DROPIN_FILES[0]: {
        "_ZN15CThostFtdcMdApi15CreateFtdcMdApiEPKcbbb",
        "_ZN15CThostFtdcMdApi13GetApiVersionEv",
    },
    DROPIN_FILES[1]: {
        "_ZN19CThostFtdcTraderApi19CreateFtdcTraderApiEPKcb",
        "_ZN19CThostFtdcTraderApi13GetApiVersionEv",
    },
}


@pytest.fixture(scope="module")
def numbers(native: Path) -> dict[str, int]:
    """What `probe.cpp` prints."""
    done = subprocess.run([build_program("ctp_probe")], capture_output=True, text=True, check=True)
    rows = (line.rsplit(" ", 1) for line in done.stdout.splitlines())
    return {name: int(value) for name, value in rows}


def told(program: str, *words: str) -> str:
    if shutil.which(program) is None:
        pytest.skip(f"no {program} here (binutils)")
    return subprocess.run([program, *words], capture_output=True, text=True, check=True).stdout


def test_the_wire_is_the_same_in_both_languages(numbers: dict[str, int]) -> None:
    for name, layout in (
        ("Header", wire.HEADER),
        ("Hello", wire.HELLO),
        ("Welcome", wire.WELCOME),
        ("FlowsCleared", wire.FLOWS_CLEARED),
        ("Instrument", wire.INSTRUMENT),
    ):
        assert numbers[f"sizeof({name})"] == layout.size, name
    assert numbers["kSizeField"] == wire.SIZE_FIELD
    assert numbers["kMaxFrame"] == wire.MAX_FRAME
    for kind in (wire.Flag, wire.Flow, wire.Control, wire.Resume):
        for member in kind:
            name = "k" + "".join(word.title() for word in member.name.split("_"))
            assert numbers[name] == member.value, member


@pytest.mark.parametrize(
    ("layout", "name", "fields"),
    [
        (wire.HEADER, "Header", ["size", "method", "flags", "flow", "request", "sequence"]),
        (
            wire.HELLO,
            "Hello",
            ["", "kind", "private_resume", "", "trading_day", "", "public_last"],
        ),
        (
            wire.WELCOME,
            "Welcome",
            ["", "trading_day", "heartbeat_seconds", "queries_per_second", "packages_per_second"],
        ),
    ],
)
def test_places_of_the_fields(
    numbers: dict[str, int], layout: object, name: str, fields: list[str]
) -> None:
    at = places(getattr(layout, "format", ""))
    for field, place in zip(fields, at, strict=True):
        assert numbers.get(f"offsetof({name}, {field})", place) == place, field


def places(form: str) -> Iterator[int]:
    sizes = {"I": 4, "i": 4, "H": 2, "B": 1}
    at = 0
    for count, code in re.findall(r"(\d*)([a-zA-Z])", form):
        yield at
        at += int(count) if code == "s" else sizes[code]


def test_the_latency_file_is_the_same_in_both_languages(numbers: dict[str, int]) -> None:
    assert numbers["latency::kMagic"] == latency.MAGIC
    assert numbers["sizeof(latency::File)"] == latency.SIZE
    assert numbers["sizeof(latency::Slot)"] == latency.SLOT.size
    places = [numbers[f"offsetof(latency::File, {name})"] for name in ("slot", "tick", "order")]
    assert places == [latency.SLOTS_AT, latency.TICKS_AT, latency.ORDERS_AT]
    counts = [numbers[f"offsetof(latency::File, {name})"] for name in ("ticks", "orders")]
    assert tuple(counts) == latency.COUNTS_AT
    assert numbers["latency::kTicks"] == latency.TICKS
    assert numbers["latency::kOrders"] == latency.ORDERS
    assert numbers["latency::kSlots"] == latency.SLOTS


@pytest.mark.parametrize("name", DROPIN_FILES)
def test_only_the_factories_are_seen(native: Path, name: str) -> None:
    rows = told("nm", "-D", "--defined-only", str(native / name)).splitlines()
    assert {row.split()[-1] for row in rows} == FACTORIES[name]


@pytest.mark.parametrize("name", DROPIN_FILES)
def test_a_library_is_called_as_its_file_and_needs_no_cpp_runtime(native: Path, name: str) -> None:
    shown = told("readelf", "-d", str(native / name))
    assert re.findall(r"\(SONAME\).*\[(.+)\]", shown) == [name]
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", shown)
    assert needed
    assert not [one for one in needed if "stdc++" in one or "gcc_s" in one]
    assert "NODELETE" in shown  # its thread may run when a program closes it


def test_every_method_and_struct_is_in_the_generated_code(
    project_root: Path, tmp_path: Path
) -> None:
    facts = abi.load()
    version = project_root / "src" / "homalos" / "ctp" / "versions" / f"{facts.version}.json"
    subprocess.run(
        ["python3", "-B", "-m", "generate", version, tmp_path],
        cwd=project_root / "src" / "native",
        check=True,
    )
    declared = (tmp_path / "ctp_api.h").read_text("utf-8")
    for name in facts.struct_names():
        layout = facts.layout(name)
        assert f'static_assert(sizeof({name}) == {layout.size}, "{name}");' in declared
        last = layout.fields[-1]
        assert f"static_assert(offsetof({name}, {last.name}) == {last.offset}," in declared
    for side, api, spi in (
        ("md", facts.md_api, facts.md_spi),
        ("td", facts.td_api, facts.td_spi),
    ):
        made = (tmp_path / f"dropin_{side}.h").read_text("utf-8")
        for number, method in enumerate(spi):
            if method.structs:
                assert re.search(rf"case {number}: return give\(.+::{method.name}\);", made)
        for number, method in enumerate(api):
            if method.structs and method.returns == "int":
                assert re.search(rf"int {method.name}\(.+\n.+\({number}, ", made), method.name
