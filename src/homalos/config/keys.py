"""Every key that there is, read from the structs that declare them."""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import msgspec
from msgspec import NODEFAULT, inspect

from homalos.config.faults import Words

UNITS_ZH = {
    "ms": "毫秒",
    "s": "秒",
    "us": "微秒",
    "ns": "纳秒",
    "min": "分钟",
    "minutes": "分钟",
    "hours": "小时",
    "days": "天",
    "lots": "手",
    "orders": "笔",
    "rows": "行",
    "events": "个事件",
    "ticks": "个最小变动价位",
    "errors": "次错误",
    "yuan": "元",
    "CNY": "元",
    "%": "%",
    "times": "倍",
    "files": "个文件",
    "segments": "段",
}

ROW = "*"
"""Stands in a key for the number of a row: ``strategies.*.name``."""

SEQUENCES = (inspect.ListType, inspect.VarTupleType, inspect.SetType, inspect.FrozenSetType)


class KeyInfo(NamedTuple):
    """What is declared about one key. ``type`` is stripped of its description."""

    key: str
    type: inspect.Type
    en: str
    zh: str
    unit: str
    applies: str
    default: Any
    """``NODEFAULT`` where a row has to give it."""


def bare(type_: inspect.Type) -> inspect.Type:
    """The type without its description."""
    while isinstance(type_, inspect.Metadata):
        type_ = type_.type
    return type_


def about(type_: inspect.Type) -> tuple[str, dict[str, Any]]:
    """English sentence and the rest of the description; empty where nothing is declared.

    A range can stand on a number alone, so an optional one is ``Annotated[int, key(...)] | None``,
    described inside.
    """
    en: str = ""
    extra: dict[str, Any] = {}
    while isinstance(type_, inspect.Metadata):
        en = en or (type_.extra_json_schema or {}).get("description", "")
        extra = {**(type_.extra or {}), **extra}
        type_ = type_.type
    if isinstance(type_, inspect.UnionType) and not en:
        return next((found for found in map(about, type_.types) if found[0]), ("", {}))
    return en, extra


def row_of(type_: inspect.Type) -> inspect.StructType | None:
    """The struct of a list's rows, where the type is a list of structs."""
    type_ = bare(type_)
    if isinstance(type_, SEQUENCES):
        item = bare(type_.item_type)
        if isinstance(item, inspect.StructType):
            return item
    return None


def default_of(field: inspect.Field) -> Any:
    if field.default is not NODEFAULT:
        return field.default
    if field.default_factory is not NODEFAULT:
        return field.default_factory()
    return NODEFAULT


def walk(type_: inspect.Type, prefix: str = "") -> Iterator[KeyInfo]:
    """Every key below a struct; a list of rows is a key itself, and so is each key of its rows."""
    struct = bare(type_)
    assert isinstance(struct, inspect.StructType), struct
    for field in struct.fields:
        key = f"{prefix}{field.encode_name}"
        inner = bare(field.type)
        if isinstance(inner, inspect.StructType):
            yield from walk(inner, f"{key}.")
            continue
        en, extra = about(field.type)
        yield KeyInfo(
            key,
            inner,
            en,
            extra.get("zh", ""),
            extra.get("unit", ""),
            extra.get("applies", ""),
            default_of(field),
        )
        row = row_of(field.type)
        if row is not None:
            yield from walk(row, f"{key}.{ROW}.")


@cache
def type_of(cls: type[msgspec.Struct]) -> inspect.StructType:
    found = inspect.type_info(cls)
    assert isinstance(found, inspect.StructType)
    return found


def unit_words(unit: str) -> Words:
    return Words(unit, UNITS_ZH.get(unit, unit))


def describe(type_: inspect.Type, unit: str = "") -> Words:
    """What a value has to be: "an integer from 1 to 100 (ms)"."""
    type_ = bare(type_)
    words = _describe(type_)
    if not unit:
        return words
    shown = unit_words(unit)
    return Words(f"{words.en} ({shown.en})", f"{words.zh}（{shown.zh}）")


def _describe(type_: inspect.Type) -> Words:
    match type_:
        case inspect.BoolType():
            return Words("true or false", " true 或 false")
        case inspect.IntType() | inspect.FloatType():
            return _number(type_)
        case inspect.StrType():
            return _text(type_)
        case inspect.NoneType():
            return Words("null", " null")
        case inspect.LiteralType(values=values):
            return _choice([str(value) for value in values])
        case inspect.EnumType(cls=cls):
            return _choice([str(choice) for choice in enum_choices(cls)])
        case inspect.UnionType(types=types):
            parts = [describe(part) for part in types]
            return Words(" or ".join(p.en for p in parts), "或".join(p.zh for p in parts))
        case inspect.DictType(value_type=value):
            inner = describe(value)
            return Words(f"a mapping of names to {inner.en}", f"名称到{inner.zh}的映射")
        case inspect.StructType():
            return Words("a mapping of keys", "键值映射")
        case inspect.TupleType(item_types=items):
            parts = [describe(item) for item in items]
            return Words(
                f"a list of {len(parts)}: " + "; ".join(p.en for p in parts),
                f"{len(parts)} 项的列表：" + "；".join(p.zh for p in parts),
            )
        case inspect.DateType():
            return Words("a date like 2026-01-31", "形如 2026-01-31 的日期")
        case plain if isinstance(plain, SEQUENCES):
            inner = describe(plain.item_type)
            return Words(f"a list, each {inner.en}", f"列表，每项为{inner.zh}")
        case _:
            return Words("a value", "一个值")


def enum_choices(cls: Any) -> list[str | int]:
    """What a file may say for an enumeration: values that are text, else names in lower case."""
    if all(isinstance(member.value, str) for member in cls):
        return [member.value for member in cls]
    return [member.name.lower() for member in cls]


def _number(type_: inspect.IntType | inspect.FloatType) -> Words:
    integer = isinstance(type_, inspect.IntType)
    noun = Words("an integer", "整数") if integer else Words("a number", "数")
    low, high = type_.ge, type_.le
    if low is not None and high is not None:
        return Words(f"{noun.en} from {low:,} to {high:,}", f" {low:,} 到 {high:,} 的{noun.zh}")
    limits = [
        (type_.gt, "above", "大于 "),
        (low, "at least", "不小于 "),
        (type_.lt, "below", "小于 "),
        (high, "at most", "不大于 "),
    ]
    given = [(f"{en} {value:,}", f"{zh}{value:,}") for value, en, zh in limits if value is not None]
    if not given:
        return noun
    return Words(
        f"{noun.en} " + " and ".join(en for en, _ in given),
        "且".join(zh for _, zh in given) + f" 的{noun.zh}",
    )


def _text(type_: inspect.StrType) -> Words:
    if type_.pattern:
        return Words(f"text that matches {type_.pattern}", f"匹配 {type_.pattern} 的文字")
    if type_.min_length:
        return Words(
            f"text of at least {type_.min_length} characters",
            f"至少 {type_.min_length} 个字符的文字",
        )
    return Words("text", "文字")


def _choice(values: list[str]) -> Words:
    joined = ", ".join(values)
    return Words(f"one of {joined}", f"其中之一：{joined}")
