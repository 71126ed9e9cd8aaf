"""What differs between two configurations, and laying such a difference on one of them."""

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple, get_type_hints

import msgspec
from msgspec import inspect

from homalos.config.keys import ROW, bare, row_of, type_of, walk
from homalos.config.schema import Config

JSON_MAX = 2_000
"""A longer value of a key that waits for a restart is told by its digest."""


class Change(NamedTuple):
    """One key whose value differs; the values are JSON."""

    key: str
    old: str
    new: str


@cache
def applies() -> dict[str, str]:
    """By key (with ``*`` for the number of a row): ``at once`` or ``restart``."""
    return {info.key: info.applies for info in walk(type_of(Config))}


def at_once(key: str) -> bool:
    """Whether a change of this key holds without a restart."""
    name = ".".join(ROW if part.isdecimal() else part for part in key.split("."))
    return applies()[name] == "at once"


def difference(old: Config, new: Config) -> tuple[Change, ...]:
    """Every key that differs, in order of declaration.

    Rows are compared one by one where both lists have the same ids in the same order; else the
    whole list is one change.
    """
    return tuple(
        Change(key, _json(key, before), _json(key, after))
        for key, before, after in _compare(type_of(Config), old, new, "")
    )


def patched(config: Config, changes: Iterable[Change]) -> Config:
    """``config`` with the new values of ``changes``.

    Raises:
        LookupError: a key that this configuration does not have.
    """
    for change in changes:
        config = _patch(config, change.key.split("."), change)
    return config


def digest(config: Config) -> str:
    """A fingerprint of every value, for the journal."""
    return hashlib.sha256(msgspec.json.encode(config, order="deterministic")).hexdigest()


def _compare(
    struct: inspect.StructType, old: Any, new: Any, prefix: str
) -> Iterator[tuple[str, Any, Any]]:
    for field in struct.fields:
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before == after:
            continue
        key = f"{prefix}{field.encode_name}"
        inner = bare(field.type)
        row = row_of(inner)
        if isinstance(inner, inspect.StructType):
            yield from _compare(inner, before, after, f"{key}.")
        elif row is not None and _same_rows(before, after):
            for index, (one, other) in enumerate(zip(before, after, strict=True)):
                yield from _compare(row, one, other, f"{key}.{index}.")
        else:
            yield key, before, after


def _same_rows(before: Any, after: Any) -> bool:
    return [getattr(row, "id", None) for row in before] == [
        getattr(row, "id", None) for row in after
    ]


def _json(key: str, value: Any) -> str:
    text = msgspec.json.encode(value, order="deterministic").decode()
    if len(text) > JSON_MAX and not at_once(key):
        fingerprint = hashlib.sha256(text.encode()).hexdigest()[:16]
        return msgspec.json.encode(f"{len(text)} characters, sha256 {fingerprint}").decode()
    return text


def _patch(value: Any, parts: list[str], change: Change) -> Any:
    """A copy of a struct or a tuple of rows with the change laid at ``parts``."""
    name = parts[0]
    if isinstance(value, tuple):
        index = int(name)
        return (*value[:index], _patch(value[index], parts[1:], change), *value[index + 1 :])
    attribute = _attributes(value.__class__).get(name)
    if attribute is None:
        raise LookupError(f"no key {change.key}")
    if len(parts) > 1:
        new = _patch(getattr(value, attribute), parts[1:], change)
    else:
        new = msgspec.json.decode(change.new, type=_hints(value.__class__)[attribute])
    return msgspec.structs.replace(value, **{attribute: new})


@cache
def _attributes(cls: type[msgspec.Struct]) -> dict[str, str]:
    """By its name in the file, the attribute (``from`` cannot be one)."""
    return {field.encode_name: field.name for field in type_of(cls).fields}


@cache
def _hints(cls: type[msgspec.Struct]) -> dict[str, Any]:
    return get_type_hints(cls)
