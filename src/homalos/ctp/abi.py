"""What CTP's API looks like in memory: structs, virtual methods, constants, by version.

``versions/*.json`` hold the facts, one file a version; the C++ declarations are generated from the
same files (``src/native/generate.py``), so Python and C++ cannot differ. Text is GB18030.
"""

import functools
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

VERSION = "6.7.11"
ENCODING = "gb18030"
VERSIONS = Path(__file__).parent / "versions"

Value = str | int | float | bytes
_CODES = {"int": "i", "double": "d", "short": "h"}


class FieldError(ValueError):
    """A field that does not exist, or whose value does not fit; names struct, field and limit."""


class Field(msgspec.Struct, frozen=True):
    """``len`` is of a char array, its terminating zero included; ``None``: a single value."""

    name: str
    type: str
    c: str
    offset: int
    size: int
    len: int | None = None


class Method(msgspec.Struct, frozen=True):
    name: str
    returns: str
    args: tuple[str, ...]

    @property
    def structs(self) -> tuple[str, ...]:
        """Names of the structs that it is given, in order."""
        return tuple(a.split()[0].rstrip("*") for a in self.args if a.startswith("CThost"))


class _Struct(msgspec.Struct, frozen=True):
    size: int
    fields: tuple[Field, ...]


class _Class(msgspec.Struct, frozen=True):
    virtual: tuple[Method, ...]
    static: tuple[Method, ...]
    protected_non_virtual_destructor: bool


class _Facts(msgspec.Struct, frozen=True):
    version: str
    constants: dict[str, str | int]
    structs: dict[str, _Struct]
    classes: dict[str, _Class]


class Layout:
    """One struct: from and to the bytes that the library has in memory."""

    def __init__(self, name: str, facts: _Struct) -> None:
        self.name = name
        self.size = facts.size
        self.fields = facts.fields
        self._by_name = {field.name: field for field in facts.fields}
        self._packer = struct.Struct(_format(facts))
        assert self._packer.size == facts.size, name
        self._blank = tuple(_blank(field) for field in facts.fields)
        self._places = {field.name: i for i, field in enumerate(facts.fields)}

    def encode(self, values: Mapping[str, Value]) -> bytes:
        """Bytes of the struct; fields not named are zero. ``FieldError``: no such field, a wrong
        type, or a text too long for it."""
        row = list(self._blank)
        for name, value in values.items():
            field = self._by_name.get(name)
            if field is None:
                raise FieldError(f"{self.name} has no field {name}")
            row[self._places[name]] = self._checked(field, value)
        try:
            return self._packer.pack(*row)
        except struct.error as error:
            raise FieldError(f"{self.name}: {error}") from error

    def _checked(self, field: Field, value: Value) -> Value:
        if field.c != "char":
            if isinstance(value, (str, bytes)):
                got = type(value).__name__
                raise FieldError(f"{self.name}.{field.name} is a number, got {got}")
            return value
        if not isinstance(value, (str, bytes)):
            raise FieldError(f"{self.name}.{field.name} is text, got {type(value).__name__}")
        raw = value if isinstance(value, bytes) else value.encode(ENCODING)
        room = 1 if field.len is None else field.len - 1
        if len(raw) > room:
            raise FieldError(f"{self.name}.{field.name} takes at most {room} bytes, got {len(raw)}")
        return raw if field.len is not None else raw or b"\0"

    def decode(self, raw: bytes | memoryview) -> dict[str, Any]:
        """All fields by name: text as ``str``, an unset single character as ``"\\0"``."""
        values = self._packer.unpack_from(raw)
        return {
            field.name: _text(field, value) if field.c == "char" else value
            for field, value in zip(self.fields, values, strict=True)
        }


class Abi:
    """One version of the API."""

    def __init__(self, facts: _Facts) -> None:
        self.version = facts.version
        self.constants = facts.constants
        self._structs = facts.structs
        self._layouts: dict[str, Layout] = {}
        self.md_api = _methods(facts, "CThostFtdcMdApi")
        self.md_spi = _methods(facts, "CThostFtdcMdSpi")
        self.td_api = _methods(facts, "CThostFtdcTraderApi")
        self.td_spi = _methods(facts, "CThostFtdcTraderSpi")

    def layout(self, name: str) -> Layout:
        """Of a struct, by its name as in the headers, or without ``CThostFtdc…Field``."""
        known = self._layouts.get(name)
        if known is None:
            full = name if name.startswith("CThostFtdc") else f"CThostFtdc{name}Field"
            known = self._layouts[name] = Layout(full, self._structs[full])
        return known

    def struct_names(self) -> tuple[str, ...]:
        return tuple(self._structs)


@functools.cache
def load(version: str = VERSION) -> Abi:
    """Facts of a version. ``FileNotFoundError``: it is not known here."""
    raw = (VERSIONS / f"{version}.json").read_bytes()
    return Abi(msgspec.json.decode(raw, type=_Facts))


def _methods(facts: _Facts, name: str) -> tuple[Method, ...]:
    """Virtual methods in the order of the table; the place of one is its number on the wire."""
    return facts.classes[name].virtual


def _format(facts: _Struct) -> str:
    parts, at = ["<"], 0
    for field in facts.fields:
        if field.offset > at:
            parts.append(f"{field.offset - at}x")
        at = field.offset + field.size
        if field.c == "char":
            parts.append("c" if field.len is None else f"{field.len}s")
        else:
            parts.append(_CODES[field.c])
    if facts.size > at:
        parts.append(f"{facts.size - at}x")
    return "".join(parts)


def _blank(field: Field) -> Value:
    if field.c == "char":
        return b"\0" if field.len is None else b""
    return 0.0 if field.c == "double" else 0


def _text(field: Field, raw: bytes) -> str:
    if field.len is not None:
        raw = raw.split(b"\0", 1)[0]
    return raw.decode(ENCODING, "replace")
