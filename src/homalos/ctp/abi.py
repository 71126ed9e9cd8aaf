"""What CTP's API looks like in memory: structs, virtual methods, constants, by version.

``versions/*.json`` hold the facts, one file a version; the C++ declarations are generated from the
same files (``src/native/generate.py``), so Python and C++ cannot differ. Text is GB18030.
"""

import functools
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

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


class _Slot(NamedTuple):
    """Where a value goes, most bytes of a text (0: a number), and whether it is an array."""

    place: int
    room: int
    array: bool


class Layout:
    """One struct: from and to the bytes that the library has in memory."""

    def __init__(self, name: str, facts: _Struct) -> None:
        self.name = name
        self.size = facts.size
        self.fields = facts.fields
        self._packer = struct.Struct(_format(facts))
        assert self._packer.size == facts.size, name
        self._blank = [_blank(field) for field in facts.fields]
        self._slots = {field.name: _slot(i, field) for i, field in enumerate(facts.fields)}

    def encode(self, values: Mapping[str, Value]) -> bytes:
        """Bytes of the struct; fields not named are zero. ``FieldError``: no such field, a wrong
        type, or a text too long for it."""
        row, slots = self._blank.copy(), self._slots
        for name, value in values.items():
            slot = slots.get(name)
            if slot is None:
                raise FieldError(f"{self.name} has no field {name}")
            place, room, array = slot
            if room == 0:
                if isinstance(value, (str, bytes)):
                    self._wrong_type(name, "a number", value)
                row[place] = value
                continue
            if isinstance(value, str):
                raw = value.encode() if value.isascii() else value.encode(ENCODING)
            elif isinstance(value, bytes):
                raw = value
            else:
                self._wrong_type(name, "text", value)
            if len(raw) > room:
                raise FieldError(f"{self.name}.{name} takes at most {room} bytes, got {len(raw)}")
            row[place] = raw if array else raw or b"\0"
        try:
            return self._packer.pack(*row)
        except struct.error as error:
            raise FieldError(f"{self.name}: {error}") from error

    def _wrong_type(self, name: str, wanted: str, value: object) -> NoReturn:
        raise FieldError(f"{self.name}.{name} is {wanted}, got {type(value).__name__}")

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


def _slot(place: int, field: Field) -> _Slot:
    if field.c != "char":
        return _Slot(place, 0, False)
    return _Slot(place, 1 if field.len is None else field.len - 1, field.len is not None)


def _blank(field: Field) -> Value:
    if field.c == "char":
        return b"\0" if field.len is None else b""
    return 0.0 if field.c == "double" else 0


def _text(field: Field, raw: bytes) -> str:
    if field.len is not None:
        raw = raw.split(b"\0", 1)[0]
    return raw.decode(ENCODING, "replace")
