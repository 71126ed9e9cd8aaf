"""Declared parameters: type, default, range, unit, meaning in both languages.

fast: int = param(5, ge=1, le=200, unit="bars", en="fast average", zh="快线周期")
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import msgspec

from homalos.model.event import Record

Value = bool | int | float | str
T = TypeVar("T", bool, int, float, str)

_EXPECTED = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


class ParameterError(ValueError):
    """A value that its declaration does not allow, or a name that is not declared."""


class ParameterInfo(Record, frozen=True):
    """A parameter as a page shows it. ``ge`` .. ``lt`` are bounds, ``None`` where open."""

    name: str
    type: str
    value: Value
    default: Value
    unit: str
    en: str
    zh: str
    ge: float | None
    gt: float | None
    le: float | None
    lt: float | None
    choices: tuple[Value, ...]

    def as_dict(self) -> dict[str, Any]:
        """By name, for JSON: on the bus a record is an array."""
        return msgspec.structs.asdict(self)


class Parameter:
    """One declaration. Made by ``param``; the class keeps it in ``Strategy.parameters``."""

    def __init__(
        self,
        default: Value,
        bounds: tuple[float | None, float | None, float | None, float | None],
        choices: tuple[Value, ...],
        unit: str,
        en: str,
        zh: str,
    ) -> None:
        self.name = ""
        self.kind: type = type(default)
        self.default = default
        self.ge, self.gt, self.le, self.lt = bounds
        self.choices = choices
        self.unit = unit
        self.en = en
        self.zh = zh

    def bind(self, name: str, annotation: object) -> None:
        """Take the name, and the annotation's word that ``param(1)`` means a float.

        ``ParameterError``: the default itself is not allowed.
        """
        self.name = name
        if annotation in (float, "float"):
            self.kind = float
        self.default = self.check(self.default)

    def check(self, value: object) -> Value:
        """Return ``value`` as this parameter's type. ``ParameterError`` says what was expected."""
        fits = isinstance(value, self.kind) or (self.kind is float and isinstance(value, int))
        if not fits or (isinstance(value, bool) and self.kind is not bool):
            raise ParameterError(f"{self.name}: {value!r} is not {_EXPECTED[self.kind]}")
        typed = cast(Value, self.kind(value))
        if not _keeps(typed):
            raise ParameterError(f"{self.name}: {value!r} cannot be written down / 无法保存的值")
        if self.choices and typed not in self.choices:
            raise ParameterError(f"{self.name}: {value!r} is none of {list(self.choices)}")
        if not isinstance(typed, str):
            self._check_range(typed)
        return typed

    def _check_range(self, value: float) -> None:
        inside = (
            value == value
            and (self.ge is None or value >= self.ge)
            and (self.gt is None or value > self.gt)
            and (self.le is None or value <= self.le)
            and (self.lt is None or value < self.lt)
        )
        if not inside:
            raise ParameterError(f"{self.name}: {value!r} is outside {self.range_text()}")

    def range_text(self) -> str:
        """``1 <= fast <= 200``, in the unit of the parameter."""
        low = f"{self.ge} <= " if self.ge is not None else ""
        low = f"{self.gt} < " if self.gt is not None else low
        high = f" <= {self.le}" if self.le is not None else ""
        high = f" < {self.lt}" if self.lt is not None else high
        return f"{low}{self.name}{high}" + (f" ({self.unit})" if self.unit else "")

    def info(self, value: Value) -> ParameterInfo:
        return ParameterInfo(
            self.name,
            self.kind.__name__,
            value,
            self.default,
            self.unit,
            self.en,
            self.zh,
            self.ge,
            self.gt,
            self.le,
            self.lt,
            self.choices,
        )


def _keeps(value: Value) -> bool:
    """Whether the journal can write it: 64 bits of an int, a text that encodes to UTF-8."""
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def param(
    default: T,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    choices: Sequence[T] = (),
    unit: str = "",
    en: str = "",
    zh: str = "",
) -> T:
    """Declare a parameter of a strategy: a bool, int, float or str.

    Typed as its value, because that is what ``self.fast`` is in a strategy.
    """
    return cast(T, Parameter(default, (ge, gt, le, lt), tuple(choices), unit, en, zh))


def check_all(declared: Mapping[str, Parameter], given: Mapping[str, object]) -> dict[str, Any]:
    """Check ``given`` values against their declarations; every fault in one ``ParameterError``."""
    faults: list[str] = []
    values: dict[str, Any] = {}
    for name, value in given.items():
        declaration = declared.get(name)
        if declaration is None:
            known = ", ".join(declared) or "none"
            faults.append(f"{name}: no such parameter (declared: {known})")
            continue
        try:
            values[name] = declaration.check(value)
        except ParameterError as error:
            faults.append(str(error))
    if faults:
        raise ParameterError("; ".join(faults))
    return values
