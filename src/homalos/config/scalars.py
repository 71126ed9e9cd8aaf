"""One scalar against the type that it has to be: where YAML 1.1 sets its traps."""

import datetime as dt
import math
import re
from typing import Any

from msgspec import inspect

from homalos.config.faults import NOTHING, Words
from homalos.config.keys import enum_choices
from homalos.config.yamltree import Scalar


class UnfitError(Exception):
    """The value is not what it has to be; ``cure`` says more where there is more to say."""

    def __init__(self, cure: Words = NOTHING) -> None:
        super().__init__(cure.en)
        self.cure = cure


_DIGITS_MAX = 40
_INT64 = range(-(2**63), 2**63)
_EXPONENT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")
_NUMBER_IN_TEXT = re.compile(r"\s*([-+]?\d[\d_,]*(?:\.\d+)?)\s*[^\d\s.]*\s*")


def read(scalar: Scalar, type_: inspect.Type, *, typed: bool) -> Any:
    """The value of ``scalar`` as ``type_``.

    ``typed``: it stood in a file, where text that YAML takes for something else needs quotes.
    A variable or an override is text to begin with.

    Raises:
        UnfitError: it is something else, or outside its range.
    """
    match type_:
        case inspect.NoneType():
            if scalar.kind != "null":
                raise UnfitError
            return None
        case inspect.BoolType():
            return _bool(scalar)
        case inspect.IntType():
            return _in_range(_int(scalar), type_)
        case inspect.FloatType():
            return _in_range(_float(scalar), type_)
        case inspect.StrType():
            return _str(scalar, type_, typed)
        case inspect.LiteralType(values=values):
            return _choice(scalar, {str(value): value for value in values})
        case inspect.EnumType(cls=cls):
            members = {str(c): m.value for c, m in zip(enum_choices(cls), cls, strict=True)}
            return _choice(scalar, members)
        case inspect.DateType():
            return _date(scalar)
        case inspect.AnyType():
            return _any(scalar)
        case _:
            raise UnfitError


def _bool(scalar: Scalar) -> bool:
    if scalar.quoted:
        raise UnfitError(Words("take the quotes away", "请去掉引号"))
    if scalar.kind != "bool":
        raise UnfitError
    return scalar.text.lower() in {"true", "yes", "on"}


def _int(scalar: Scalar) -> int:
    text = scalar.text.replace("_", "")
    if scalar.kind != "int" or len(text) > _DIGITS_MAX:
        raise UnfitError(_number_cure(scalar))
    _refuse_traps(text)
    value = int(text, 0)
    if value not in _INT64:
        raise UnfitError(Words("too large", "数值过大"))
    return value


def _float(scalar: Scalar) -> float:
    if scalar.kind == "int":
        return float(_int(scalar))
    text = scalar.text.replace("_", "")
    exponent = scalar.kind == "str" and not scalar.quoted and _EXPONENT.fullmatch(text)
    if scalar.kind != "float" and not exponent:
        raise UnfitError(_number_cure(scalar))
    _refuse_traps(text)
    try:
        value = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        raise UnfitError(_number_cure(scalar)) from None
    if not math.isfinite(value):
        raise UnfitError(Words("infinity and NaN are no settings", "不接受无穷大与 NaN"))
    return value


def _refuse_traps(text: str) -> None:
    """``1:30`` is 90 and ``010`` is 8 in YAML 1.1; nobody who writes them means that."""
    if ":" in text:
        raise UnfitError(
            Words(
                "YAML reads a:b as a number to base 60; write the number out",
                "YAML 把 a:b 当作六十进制数，请直接写出数值",
            )
        )
    digits = text.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0" and digits.isdigit():
        raise UnfitError(
            Words(
                "a leading 0 makes it octal in YAML; leave it out",
                "YAML 中前导 0 表示八进制，请去掉",
            )
        )


def _number_cure(scalar: Scalar) -> Words:
    found = _NUMBER_IN_TEXT.fullmatch(scalar.text)
    if scalar.kind == "bool":
        return NOTHING
    if scalar.text.startswith("0o"):
        return Words(
            "YAML 1.1 does not know 0o; write it in decimal", "YAML 1.1 不识别 0o，请写十进制"
        )
    if scalar.kind == "timestamp":
        return Words("this is a date", "这是日期")
    if found and (scalar.quoted or scalar.kind == "str"):
        number = found[1].replace(",", "").replace("_", "")
        return Words(f"write {number}, without quotes and unit", f"请写 {number}，不带引号和单位")
    return NOTHING


def _in_range(value: Any, type_: inspect.IntType | inspect.FloatType) -> Any:
    fits = (
        (type_.ge is None or value >= type_.ge)
        and (type_.gt is None or value > type_.gt)
        and (type_.le is None or value <= type_.le)
        and (type_.lt is None or value < type_.lt)
    )
    if not fits:
        raise UnfitError
    return value


def _str(scalar: Scalar, type_: inspect.StrType, typed: bool) -> str:
    text = scalar.text
    if typed and scalar.kind == "null":
        raise UnfitError(Words('an empty text is written ""', '空文字写作 ""'))
    if typed and scalar.kind != "str":
        raise UnfitError(
            Words(
                f'YAML takes it for {_KINDS[scalar.kind].en}; write it in quotes: "{text}"',
                f'YAML 把它当作{_KINDS[scalar.kind].zh}，请加引号："{text}"',
            )
        )
    if not (type_.min_length or 0) <= len(text) <= (type_.max_length or len(text)):
        raise UnfitError
    if type_.pattern and not re.search(type_.pattern, text):
        raise UnfitError
    return text


_KINDS = {
    "int": Words("a number", "数字"),
    "float": Words("a number", "数字"),
    "bool": Words("true or false", "布尔值"),
    "timestamp": Words("a date", "日期"),
    "null": Words("nothing", "空值"),
}


def _choice(scalar: Scalar, values: dict[str, Any]) -> Any:
    """By its text alone: a choice named ``on`` or ``off`` is not the boolean."""
    if scalar.text not in values:
        for text in values:
            if text.lower() == scalar.text.lower():
                raise UnfitError(Words(f"write {text}", f"请写 {text}"))
        raise UnfitError
    return values[scalar.text]


def _date(scalar: Scalar) -> dt.date:
    try:
        return dt.date.fromisoformat(scalar.text)
    except ValueError:
        raise UnfitError from None


def _any(scalar: Scalar) -> Any:
    """A value whose type a strategy knows and we do not."""
    match scalar.kind:
        case "null":
            return None
        case "bool":
            return _bool(scalar)
        case "int":
            return _int(scalar)
        case "float":
            return _float(scalar)
        case "str":
            exponent = not scalar.quoted and _EXPONENT.fullmatch(scalar.text)
            return _float(scalar) if exponent else scalar.text
        case kind:
            words = _KINDS.get(kind, Words(kind, kind))
            raise UnfitError(
                Words(
                    f"YAML takes it for {words.en}; write it in quotes",
                    f"YAML 把它当作{words.zh}，请加引号",
                )
            )
