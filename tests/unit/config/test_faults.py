"""Every fault at once, each with its place, its key, what was found and what was expected."""

from collections.abc import Callable
from pathlib import Path

import pytest

from homalos.config.faults import ConfigError, Fault
from homalos.config.loader import load

Faults = Callable[..., dict[str, Fault]]


def test_every_fault_of_every_layer_is_told_at_once(folder: Path) -> None:
    (folder / "system.yaml").write_text("kernel:\n  slice_us: fast\n  jurnal: 1\nconsole: [1]\n")
    (folder / "risk.yaml").write_text("max_order_lots: 0\nmax_order_lots: 5\n")
    (folder / "strategies.yaml").write_text("strategies:\n  - {id: a}\n")
    (folder / "calendar.yaml").write_text("closed: [\n")
    with pytest.raises(ConfigError) as error:
        load(
            folder,
            overrides=["risk.max_open_orders=-1", "nonsense"],
            environ={"HOMALOS__RISK__MAX_NET_LOTS": "many", "HOMALOS__RSK__X": "1"},
        )
    assert [(Path(f.place.source).name, f.place.line, f.key) for f in error.value.faults] == [
        ("calendar.yaml", 2, "calendar"),
        ("risk.yaml", 1, "risk.max_order_lots"),
        ("risk.yaml", 2, "risk.max_order_lots"),
        ("strategies.yaml", 2, "strategies.0.file"),
        ("system.yaml", 2, "kernel.slice_us"),
        ("system.yaml", 3, "kernel.jurnal"),
        ("system.yaml", 4, "console"),
        ("HOMALOS__RISK__MAX_NET_LOTS", None, "risk.max_net_lots"),
        ("HOMALOS__RSK__X", None, "rsk.x"),
        ("--set nonsense", None, ""),
        ("--set risk.max_open_orders", None, "risk.max_open_orders"),
    ]


def test_a_fault_says_place_key_found_and_expected_in_both_languages(folder: Path) -> None:
    (folder / "risk.yaml").write_text("# limits\nmax_order_lots: 0\n", encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load(folder, environ={})
    place = f"{folder / 'risk.yaml'}:2:17"
    assert error.value.render("en") == (
        f"{place}: risk.max_order_lots: found 0, expected an integer from 1 to 1,000,000 (lots)."
    )
    assert error.value.render("zh") == (
        f"{place}: risk.max_order_lots：读到 0，应为 1 到 1,000,000 的整数（手）。"
    )


def test_an_unknown_key_is_told_at_its_name_with_what_was_probably_meant(faults: Faults) -> None:
    fault = faults(system="app:\n    acount: x\n")["app.acount"]
    assert (fault.place.line, fault.place.column) == (2, 5)
    assert fault.cure.en == "did you mean account?"


def test_a_doubled_key_is_refused(faults: Faults) -> None:
    fault = faults(risk="max_order_lots: 4\nmax_order_lots: 5\n")["risk.max_order_lots"]
    assert "second time (first on line 1)" in fault.problem.en
    assert fault.place.line == 2


def test_a_value_that_a_higher_layer_covers_is_still_checked(faults: Faults) -> None:
    found = faults(risk="max_order_lots: many\n", overrides=("risk.max_order_lots=5",))
    assert found["risk.max_order_lots"].found.en == "many"


def test_a_key_of_another_file_is_refused_in_strategies(faults: Faults) -> None:
    assert "does not belong" in faults(strategies="risk: {}\n")["risk"].problem.en


def test_keys_are_checked_together(faults: Faults) -> None:
    found = faults(system="console:\n  host: 0.0.0.0\n")
    assert found["console.host"].place.line == 2
    rows = "strategies:\n  - {id: a, file: x.py}\n  - {id: a, file: y.py}\n"
    assert faults(system="", strategies=rows)["strategies.1.id"].place.line == 3


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("1:30", "base 60"),
        ("010", "octal"),
        ("0o7", "0o"),
        ("'5'", "write 5"),
        ("5 lots", "write 5"),
        ("5.0", ""),
        ("1e3", ""),
        ("true", ""),
        ("on", ""),
        ("2026-01-02", "date"),
        ("~", ""),
        ("", ""),
        ("[5]", ""),
        ("{a: 5}", ""),
        (".nan", ""),
        ("9" * 30, "too large"),
        ("9" * 5_000, ""),
    ],
)
def test_what_is_no_integer(faults: Faults, text: str, cure: str) -> None:
    assert cure in faults(risk=f"max_order_lots: {text}\n")["risk.max_order_lots"].cure.en


@pytest.mark.parametrize(("text", "value"), [("5", 5), ("1_000", 1_000), ("0x10", 16), ("+5", 5)])
def test_what_is_an_integer(folder: Path, text: str, value: int) -> None:
    (folder / "risk.yaml").write_text(f"max_order_lots: {text}\n")
    assert load(folder, environ={}).config.risk.max_order_lots == value


@pytest.mark.parametrize(
    "text", [".nan", ".inf", "-.inf", "nan", "inf", "1e999", "yes", "1:30.5", "'1.5'", "1.2.3"]
)
def test_what_is_no_number(faults: Faults, text: str) -> None:
    assert set(faults(risk=f"collar_percent: {text}\n")) == {"risk.collar_percent"}


@pytest.mark.parametrize(("text", "value"), [("5", 5.0), ("1e1", 10.0), (".5", 0.5), ("5.", 5.0)])
def test_what_is_a_number(folder: Path, text: str, value: float) -> None:
    (folder / "risk.yaml").write_text(f"collar_percent: {text}\n")
    percent = load(folder, environ={}).config.risk.collar_percent
    assert percent == value
    assert isinstance(percent, float)


@pytest.mark.parametrize("text", ["1", "0", "'true'", "y", "nein", "~"])
def test_what_is_no_boolean(faults: Faults, text: str) -> None:
    assert set(faults(system=f"kernel: {{journal: {text}}}\n")) == {"kernel.journal"}


@pytest.mark.parametrize("text", ["00123", "1:30", "on", "1.5", "2026-01-02"])
def test_text_that_yaml_takes_for_something_else_needs_quotes(faults: Faults, text: str) -> None:
    assert "in quotes" in faults(system=f"app: {{account: {text}}}\n")["app.account"].cure.en


def test_a_choice_named_on_is_not_the_boolean(folder: Path) -> None:
    (folder / "system.yaml").write_text("trading: {auto_arm: off}\n")
    assert load(folder, environ={}).config.trading.auto_arm == "off"


@pytest.mark.parametrize("text", [".nan", ".inf", "1e999", "1:30", "010", "2026-01-02", "[.nan]"])
def test_a_parameter_of_a_strategy_falls_into_no_trap_either(faults: Faults, text: str) -> None:
    (key,) = faults(strategies=f"strategies: [{{id: a, file: a.py, params: {{x: {text}}}}}]\n")
    assert key.startswith("strategies.0.params.x")


def test_parameters_of_a_strategy_keep_their_types(folder: Path) -> None:
    text = "{a: 5, b: 1.5, c: 1e3, d: true, e: word, f: '5', g: null, h: [1, {i: 2}]}"
    (folder / "strategies.yaml").write_text(
        f"strategies: [{{id: a, file: a.py, params: {text}}}]\n"
    )
    (entry,) = load(folder, environ={}).config.strategies
    nested = [1, {"i": 2}]
    expected = {"a": 5, "b": 1.5, "c": 1e3, "d": True, "e": "word", "f": "5", "g": None}
    assert entry.params == expected | {"h": nested}
