"""Layers, places, and files that are missing, foreign or broken."""

from pathlib import Path

import pytest

from homalos import defaults_dir
from homalos.config.faults import ConfigError, Layer
from homalos.config.loader import FILE_MAX_BYTES, load


def test_layers_win_in_order(folder: Path) -> None:
    def lots(environ: dict[str, str], overrides: list[str]) -> tuple[int, Layer]:
        loaded = load(folder, overrides=overrides, environ=environ)
        return loaded.config.risk.max_order_lots, loaded.place("risk.max_order_lots").layer

    default = lots({}, [])
    assert default[1] is Layer.DEFAULT
    (folder / "risk.yaml").write_text("# limits\nmax_order_lots: 11\n", encoding="utf-8")
    assert lots({}, []) == (11, Layer.FILE)
    environ = {"HOMALOS__RISK__MAX_ORDER_LOTS": "12"}
    assert lots(environ, []) == (12, Layer.ENVIRONMENT)
    assert lots(environ, ["risk.max_order_lots=13"]) == (13, Layer.OVERRIDE)


def test_place_of_a_value(folder: Path) -> None:
    (folder / "risk.yaml").write_text("# limits\nmax_order_lots:   11\n", encoding="utf-8")
    place = load(folder, environ={}).place("risk.max_order_lots")
    assert str(place) == f"{folder / 'risk.yaml'}:2:19"


def test_the_main_file_wins_over_its_sibling_key_by_key(folder: Path) -> None:
    (folder / "risk.yaml").write_text("max_order_lots: 11\nmax_open_orders: 12\n")
    (folder / "system.yaml").write_text("risk: {max_order_lots: 21}\n")
    risk = load(folder, environ={}).config.risk
    assert (risk.max_order_lots, risk.max_open_orders) == (21, 12)


def test_a_main_file_of_another_name_takes_its_siblings_from_its_folder(folder: Path) -> None:
    (folder / "system.yaml").write_text("kernel: {slice_us: 700}\n")
    (folder / "night.yaml").write_text("kernel: {slice_us: 800}\n")
    (folder / "risk.yaml").write_text("max_order_lots: 11\n")
    config = load(folder / "night.yaml", environ={}).config
    assert (config.kernel.slice_us, config.risk.max_order_lots) == (800, 11)


def test_a_missing_sibling_comes_from_the_shipped_ones(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = tmp_path_factory.mktemp("shipped")
    (shipped / "risk.yaml").write_text("max_order_lots: 31\n")
    monkeypatch.setattr("homalos.config.loader.defaults_dir", lambda: shipped)
    assert load(folder, environ={}).config.risk.max_order_lots != 31
    (folder / "risk.yaml").unlink()
    assert load(folder, environ={}).config.risk.max_order_lots == 31


def test_environment_letter_case_does_not_matter(folder: Path) -> None:
    environ = {"homalos__Risk__max_order_LOTS": "12", "PATH": "/bin", "HOMALOS_HOME": "x"}
    assert load(folder, environ=environ).config.risk.max_order_lots == 12


def test_environment_sets_a_group_and_the_precise_name_wins(folder: Path) -> None:
    environ = {
        "HOMALOS__RISK__MAX_ORDER_LOTS": "13",
        "HOMALOS__RISK": "{max_order_lots: 12, max_open_orders: 14}",
    }
    risk = load(folder, environ=environ).config.risk
    assert (risk.max_order_lots, risk.max_open_orders) == (13, 14)


def test_one_key_twice_in_the_environment_is_refused(folder: Path) -> None:
    environ = {"HOMALOS__APP__ACCOUNT": "a", "homalos__app__account": "b"}
    with pytest.raises(ConfigError, match="same key"):
        load(folder, environ=environ)


def test_text_from_the_environment_needs_no_quotes(folder: Path) -> None:
    config = load(folder, environ={"HOMALOS__APP__ACCOUNT": "00123"}).config
    assert config.app.account == "00123"
    config = load(folder, overrides=["app.account='no'"], environ={}).config
    assert config.app.account == "no"


STRATEGIES = """
strategies:
  - {id: slow, file: a.py, params: {fast: 5}}
  - {id: quick, file: b.py}
"""


def test_rows_are_set_by_number_or_id(folder: Path) -> None:
    (folder / "strategies.yaml").write_text(STRATEGIES)
    loaded = load(
        folder,
        overrides=["strategies.0.params.fast=7", "strategies.quick.instruments=[SHFE.rb, DCE.m]"],
        environ={"HOMALOS__STRATEGIES__SLOW__ENABLED": "no"},
    )
    slow, quick = loaded.config.strategies
    assert (slow.params, slow.enabled) == ({"fast": 7}, False)
    assert quick.instruments == ("SHFE.rb", "DCE.m")
    assert loaded.place("strategies.1.instruments").layer is Layer.OVERRIDE


def test_a_section_with_everything_commented_out_is_empty(folder: Path) -> None:
    (folder / "system.yaml").write_text("kernel:\n  # slice_us: 5\nlogging:\n")
    (folder / "strategies.yaml").write_text("strategies:\n")
    config = load(folder, environ={}).config
    assert (config.kernel.slice_us, config.strategies) == (1_000, ())


def test_no_folder_a_foreign_folder_and_a_wrong_ending_are_told(folder: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load(folder / "nowhere", environ={})
    (folder / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"no system\.yaml"):
        load(folder / "empty", environ={})
    (folder / "risk.yml").write_text("max_order_lots: 5\n")
    with pytest.raises(ConfigError, match=r"risk\.yml: is not read, call it risk\.yaml"):
        load(folder, environ={})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"max_order_lots: 5\n# \xb7\xe7\xbf\xd8\n", r"risk\.yaml:2:3: this is not UTF-8"),
        (b"max_order_lots: 5\x00\n", r"risk\.yaml:1:\d+: .*not valid YAML"),
        (b"a: 1\n\tb: 2\n", r"risk\.yaml:2:1: .*spaces"),
        (b"- 1\n", "expected a mapping"),
        (b"just text\n", "expected a mapping"),
        (b"{a: [1\n", r"risk\.yaml:2:1: .*not valid YAML"),
        (b"max_order_lots: 5\n---\nmax_order_lots: 6\n", r"risk\.yaml:2:1: .*second document"),
        (b"a: !!python/object:os.system x\n", "tag"),
        (b"a: *nowhere\n", "anchor"),
        (b"a: &x [*x]\n", "anchor"),
        (b"<<: {max_order_lots: 5}\n", "merge keys"),
        (b"? [a]\n: 1\n", "plain word"),
        (b"a: " + b"[" * 50_000 + b"\n", "nested deeper"),
        (b"- " * 50_000 + b"\n", "nested deeper"),
        (b"a: 1\n" + b"#" * FILE_MAX_BYTES, "larger than"),
    ],
)
def test_broken_files_are_told_with_their_place(folder: Path, data: bytes, said: str) -> None:
    (folder / "risk.yaml").write_bytes(data)
    with pytest.raises(ConfigError, match=said):
        load(folder, environ={})


def test_a_byte_order_mark_and_windows_line_ends_are_harmless(folder: Path) -> None:
    (folder / "risk.yaml").write_bytes(b"\xef\xbb\xbfmax_order_lots: 5\r\nmax_open_orders: 6\r\n")
    risk = load(folder, environ={}).config.risk
    assert (risk.max_order_lots, risk.max_open_orders) == (5, 6)


def test_a_folder_in_the_place_of_a_file_is_told(folder: Path) -> None:
    (folder / "risk.yaml").unlink()
    (folder / "risk.yaml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load(folder, environ={})


def test_a_billion_laughs_are_bounded(folder: Path) -> None:
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"l{i}: &l{i} [" + ", ".join([f"*l{i - 1}"] * 10) + "]" for i in range(1, 12)]
    (folder / "risk.yaml").write_text("\n".join(lines))
    with pytest.raises(ConfigError, match="values"):
        load(folder, environ={})


def test_an_anchor_used_twice_is_fine(folder: Path) -> None:
    (folder / "risk.yaml").write_text("max_order_lots: &n 17\nmax_open_orders: *n\n")
    risk = load(folder, environ={}).config.risk
    assert (risk.max_order_lots, risk.max_open_orders) == (17, 17)


def test_reading_again_parses_only_what_changed(folder: Path) -> None:
    (folder / "risk.yaml").write_text("max_order_lots: 5\n")
    first = load(folder, environ={"HOMALOS__APP__ACCOUNT": "kept"})
    (folder / "risk.yaml").write_text("max_order_lots: 6\n")
    again = first.again()
    assert again.config.risk.max_order_lots == 6
    assert again.config.app.account == "kept"
    assert again.documents["system.yaml"] is first.documents["system.yaml"]
    assert again.documents["risk.yaml"] is not first.documents["risk.yaml"]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("lots_of: {SHFE.rbb: 5}", "SHFE.rbb"),
        ("lots_of: {metal: 5}", "metal"),
        ("lots_of: {SHFE.xx2605: 5}", "SHFE.xx2605"),
        ("lots_of: {CZCE.SR605: 5}", "CZCE.SR605"),
        ("day_opens_of: {CFFEX.IFF: 5}", "CFFEX.IFF"),
        ("day_opens_of: {metals: 5}", "metals"),
        ("instruments_denied: [SHEF]", "SHEF"),
        ("instruments_allowed: [metals]", "metals"),
    ],
)
def test_a_limit_for_a_name_that_nothing_has_is_a_fault(line: str, name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is no name of products.yaml"):
        load(defaults_dir(), overrides=(f"risk.{line.replace(': ', '=', 1)}",), environ={})


def test_limits_by_name_take_exchanges_products_contracts_and_sectors() -> None:
    good = (
        "risk.lots_of={SHFE.rb2605: 5, SHFE.rb: 9, metals: 100, CZCE.SR2605: 3}",
        "risk.instruments_denied=[SHFE, DCE.m, CZCE.SR2605]",
    )
    risk = load(defaults_dir(), overrides=good, environ={}).config.risk
    assert risk.lots_of["metals"] == 100
    assert risk.instruments_denied == ("SHFE", "DCE.m", "CZCE.SR2605")
