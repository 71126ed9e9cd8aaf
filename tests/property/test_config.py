"""For every key: each kind of bad value is a fault of exactly that key; a good one loads."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from homalos.config.faults import ConfigError, Fault, Layer
from homalos.config.keys import KeyInfo, bare, type_of, walk
from homalos.config.loader import load
from homalos.config.schema import SIBLINGS, Config
from homalos.config.secrets import looks_secret
from homalos.config.shape import own_faults

ROWS = ("products", "calendar", "strategies")
KEYS = {
    i.key: i
    for i in walk(type_of(Config))
    if i.key.split(".")[0] not in ROWS and ".*." not in i.key
}


def _level(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(keys)


_PERCENT, _YUAN = st.floats(0.01, 1_000), st.floats(0.01, 1e12)
_ACCOUNT = st.sampled_from(["warn", "reduce", "flatten"])
LEVELS = st.one_of(
    _level(what=st.sampled_from(["day_loss", "drawdown", "margin_use"]), percent=_PERCENT,
           action=_ACCOUNT),
    _level(what=st.sampled_from(["day_loss", "drawdown"]), yuan=_YUAN, action=_ACCOUNT),
    _level(of=st.just("strategy"), what=st.sampled_from(["day_loss", "drawdown"]), yuan=_YUAN,
           action=st.sampled_from(["warn", "stop", "flatten"]),
           strategies=st.lists(st.sampled_from(["alpha", "beta"]), max_size=2)),
)  # fmt: skip
CHECKED_TOGETHER = {
    "console.host": st.sampled_from(["127.0.0.1", "::1", "localhost"]),
    "risk.watches": st.lists(LEVELS, max_size=3, unique_by=json.dumps),
}
"""Keys of which a section says more than their type does."""

BIG = 10**6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("config")
    for name in ("system.yaml", *SIBLINGS):
        (folder / name).write_text("")
    return folder


def good(info: KeyInfo) -> st.SearchStrategy[Any]:
    """Values that fit the declared type and range."""
    known = CHECKED_TOGETHER.get(info.key)
    return _fitting(info.type) if known is None else known


def _fitting(type_: inspect.Type) -> st.SearchStrategy[Any]:
    match bare(type_):
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType(gt=gt, ge=ge, lt=lt, le=le):
            least = int(ge) if ge is not None else int(gt) + 1 if gt is not None else -BIG
            most = int(le) if le is not None else int(lt) - 1 if lt is not None else BIG
            return st.integers(least, most)
        case inspect.FloatType(gt=gt, ge=ge, lt=lt, le=le):
            low, high = (ge if gt is None else gt), (le if lt is None else lt)
            return st.floats(
                -1e9 if low is None else low,
                1e9 if high is None else high,
                exclude_min=gt is not None,
                exclude_max=lt is not None,
                allow_nan=False,
            )
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.StrType(pattern=pattern) if pattern:
            return st.from_regex(pattern, fullmatch=True).filter(lambda t: t.isprintable())
        case inspect.StrType(min_length=least):
            return st.text(
                st.characters(min_codepoint=33, max_codepoint=0x9FFF), min_size=least or 1
            )
        case inspect.VarTupleType(item_type=item, min_length=least):
            rows = isinstance(bare(item), inspect.StructType)
            same = (lambda row: row["id"]) if rows else None  # ids of rows are unique
            return st.lists(_fitting(item), min_size=least or 0, max_size=3, unique_by=same)
        case inspect.DictType(value_type=value):
            names = st.from_regex(r"[A-Z]{2,4}\.[a-z]{1,2}", fullmatch=True)
            names = names.filter(lambda name: not any(map(looks_secret, name.split("."))))
            return st.dictionaries(names, _fitting(value), max_size=3)
        case inspect.StructType(fields=fields):
            return st.fixed_dictionaries({f.encode_name: _fitting(f.type) for f in fields})
        case inspect.UnionType(types=types):
            return st.one_of(*[_fitting(t) for t in types])
        case inspect.NoneType():
            return st.none()
        case other:
            raise AssertionError(f"no values for {other}: teach this test")


def bad(type_: inspect.Type) -> list[str]:
    """Texts that no key of this type takes from a file."""
    match bare(type_):
        case inspect.BoolType():
            return ["1", "maybe", '"true"', "[true]", "{a: true}", "~", "2026-01-02"]
        case inspect.IntType(gt=gt, ge=ge, lt=lt, le=le):
            outside = [int(x) - 1 for x in (ge,) if x is not None]
            outside += [int(x) + 1 for x in (le,) if x is not None]
            outside += [int(x) for x in (gt, lt) if x is not None]
            texts = ["many", "1.5", "true", '"5"', "5 ms", "1:30", "010", "[5]", "{a: 5}", "~"]
            return [*texts, ".nan", "2026-01-02", str(2**70), *map(str, outside)]
        case inspect.FloatType(gt=gt, ge=ge, lt=lt, le=le):
            beyond = [x - 1 for x in (ge, gt) if x is not None]
            beyond += [x * 2 + 1 for x in (le, lt) if x is not None]
            texts = ["much", "yes", '"1.5"', "1.5 s", "1:30.5", ".nan", ".inf", "-.inf", "1e999"]
            return [*texts, "[1.5]", "{a: 1.5}", "~", *map(str, beyond)]
        case inspect.LiteralType():
            return ["neither-of-them", "5", "[a]", "{a: b}", "~", "2026-01-02"]
        case inspect.StrType(pattern=pattern):
            texts = ["5", "1.5", "true", "on", "1:30", "2026-01-02", "[a]", "{a: b}", "~"]
            return [*texts, '"\\u2603 \\u2603"'] if pattern else texts
        case inspect.VarTupleType(item_type=item):
            return ["5", "text", "{a: 1}", *(f"[{text}]" for text in bad(item)[:4])]
        case inspect.UnionType(types=types):
            lists = [set(bad(t)) for t in types if not isinstance(t, inspect.NoneType)]
            return sorted(set.intersection(*lists) - {"~"})
        case inspect.DictType(value_type=value):
            return ["5", "text", "[a]", *(f"{{a: {text}}}" for text in bad(value)[:4])]
        case inspect.StructType():
            return ["5", "text", "[a]"]
        case other:
            raise AssertionError(f"no values for {other}: teach this test")


def write(folder: Path, texts: dict[str, str]) -> None:
    """Each key on a line of the file that its section stands in."""
    files: dict[str, list[str]] = {"system.yaml": []}
    for name, sibling in SIBLINGS.items():
        files[name] = []
        own = [key for key in texts if key.startswith(f"{sibling.key}.")]
        files[name] += [f"{key.partition('.')[2]}: {texts[key]}" for key in own]
    apart = {sibling.key for sibling in SIBLINGS.values()}
    for section in dict.fromkeys(key.split(".")[0] for key in texts):
        if section in apart:
            continue
        files["system.yaml"].append(f"{section}:")
        own = [key for key in texts if key.startswith(f"{section}.")]
        files["system.yaml"] += [f"  {key.partition('.')[2]}: {texts[key]}" for key in own]
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def faults_of(
    folder: Path, overrides: tuple[str, ...] = (), environ: dict[str, str] | None = None
) -> tuple[Fault, ...]:
    try:
        load(folder, overrides=overrides, environ=environ or {})
    except ConfigError as error:
        return error.faults
    return ()


@pytest.mark.parametrize("info", KEYS.values(), ids=lambda info: info.key)
def test_each_kind_of_bad_value_is_a_fault_of_that_key_alone(folder: Path, info: KeyInfo) -> None:
    for text in bad(info.type):
        write(folder, {info.key: text})
        found = faults_of(folder)
        assert {fault.key for fault in found} <= _at_or_in(info, found), text
        assert found, f"{info.key}: {text} was taken"
        assert all(fault.place.line == 1 + (info.key.split(".")[0] != "risk") for fault in found)
        assert all((f.expected.en and f.expected.zh) or f.problem.en for f in found)


_HOLDERS = (inspect.VarTupleType, inspect.DictType)


def _at_or_in(info: KeyInfo, found: tuple[Fault, ...]) -> set[str]:
    """The key itself, or an item of its list or mapping."""
    items = {f.key for f in found if f.key.startswith(f"{info.key}.")}
    return {info.key, *items} if isinstance(info.type, _HOLDERS) else {info.key}


@pytest.mark.parametrize("info", KEYS.values(), ids=lambda info: info.key)
def test_a_misspelt_key_is_told_and_the_right_one_suggested(folder: Path, info: KeyInfo) -> None:
    write(folder, {info.key + "x": "1"})
    (fault,) = faults_of(folder)
    assert fault.key == info.key + "x"
    assert info.key.rpartition(".")[2] in fault.cure.en


@pytest.mark.parametrize("layer", [Layer.ENVIRONMENT, Layer.OVERRIDE])
@pytest.mark.parametrize("info", KEYS.values(), ids=lambda info: info.key)
def test_the_upper_layers_refuse_it_too(folder: Path, info: KeyInfo, layer: Layer) -> None:
    write(folder, {})
    for text in ("[[[1]]]", "{a: {b: 1}}"):
        if layer is Layer.ENVIRONMENT:
            found = faults_of(folder, environ={_variable(info.key): text})
        else:
            found = faults_of(folder, overrides=(f"{info.key}={text}",))
        kind = bare(info.type)
        if isinstance(kind, inspect.StrType) and not kind.pattern:
            continue  # any text is text there
        assert {f.place.layer for f in found} == {layer}
        assert all(f.key == info.key or f.key.startswith(f"{info.key}.") for f in found)


def _variable(key: str) -> str:
    return "HOMALOS__" + key.replace(".", "__").upper()


ALL_GOOD = st.fixed_dictionaries({key: good(info) for key, info in KEYS.items()})


def _agreeing(values: dict[str, Any]) -> tuple[dict[str, Any], Config]:
    """Values whose sections have nothing against them together, and what they have to become."""
    kept = dict(values)
    while True:
        tree: dict[str, dict[str, Any]] = {}
        for key, value in kept.items():
            section, _, name = key.partition(".")
            tree.setdefault(section, {})[name] = value
        config = msgspec.convert(tree, Config)
        against = {s for s in tree if list(own_faults(getattr(config, s)))}
        if not against:
            return kept, config
        kept = {k: v for k, v in kept.items() if k.split(".")[0] not in against}


def _through(folder: Path, layer: Layer, values: dict[str, Any]) -> Config:
    texts = {key: json.dumps(value) for key, value in values.items()}
    write(folder, texts if layer is Layer.FILE else {})
    environ = {_variable(key): text for key, text in texts.items()}
    overrides = [f"{key}={text}" for key, text in texts.items()]
    loaded = load(
        folder,
        environ=environ if layer is Layer.ENVIRONMENT else {},
        overrides=overrides if layer is Layer.OVERRIDE else [],
    )
    assert {loaded.place(key).layer for key in values} <= {layer}
    return loaded.config


@pytest.mark.parametrize("layer", [Layer.FILE, Layer.ENVIRONMENT, Layer.OVERRIDE])
@settings(max_examples=25, deadline=None)
@given(values=ALL_GOOD)
def test_good_values_of_every_key_load_through_each_layer(
    folder: Path, layer: Layer, values: dict[str, Any]
) -> None:
    kept, expected = _agreeing(values)
    if layer is not Layer.FILE:  # raw text there: what JSON escapes would stay escaped
        kept = {k: v for k, v in kept.items() if not isinstance(v, str) or v.isascii()}
        kept = {k: v for k, v in kept.items() if not isinstance(v, str) or json.dumps(v)[1:-1] == v}
        _, expected = _agreeing(kept)
    assert _through(folder, layer, kept) == expected


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_number_of_faults_is_told_at_once(folder: Path, data: st.DataObject) -> None:
    spoilt = data.draw(st.sets(st.sampled_from(sorted(KEYS)), min_size=1, max_size=12))
    texts = {key: json.dumps(msgspec.to_builtins(info.default)) for key, info in KEYS.items()}
    for key in sorted(spoilt):
        texts[key] = data.draw(st.sampled_from(bad(KEYS[key].type)))
    write(folder, texts)
    told = {_declared(fault.key) for fault in faults_of(folder)}
    assert told == spoilt


def _declared(key: str) -> str:
    while key not in KEYS:
        key = key.rpartition(".")[0]
    return key


@settings(max_examples=150, deadline=None)
@given(
    text=st.binary(max_size=120) | st.text(":-[]{}&*!|>'\"#%@\n\t ab1", max_size=60).map(str.encode)
)
def test_any_bytes_are_a_configuration_or_faults_and_never_a_crash(
    folder: Path, text: bytes
) -> None:
    write(folder, {})
    (folder / "risk.yaml").write_bytes(text)
    for fault in faults_of(folder):
        assert fault.render("en")
        assert fault.render("zh")
