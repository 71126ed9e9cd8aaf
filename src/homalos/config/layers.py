"""The layers above the files: environment variables, then ``--set``, laid into the tree by key."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import inspect

from homalos.config import secrets
from homalos.config.faults import Fault, Layer, Place, Words
from homalos.config.keys import bare, row_of
from homalos.config.shape import secret_fault, unknown_key
from homalos.config.yamltree import Node, Scalar, merge, parse

PREFIX = "HOMALOS__"


def lay(
    root: Node,
    struct: inspect.StructType,
    environ: Mapping[str, str],
    overrides: Sequence[str],
    faults: list[Fault],
) -> Node:
    """``root`` with the environment and the overrides laid on; what is wrong goes to ``faults``."""
    for place, parts, text in [*_variables(environ, faults), *_overrides(overrides, faults)]:
        root = _Setting(place, text, faults).into(root, struct, parts, "")
    return root


def _variables(
    environ: Mapping[str, str], faults: list[Fault]
) -> Iterator[tuple[Place, list[str], str]]:
    """``HOMALOS__RISK__MAX_ORDER_LOTS``; shorter names first, so that the more precise one wins."""
    seen: dict[str, str] = {}
    for name in sorted(environ, key=lambda n: (n.count("__"), n.lower())):
        if not name.upper().startswith(PREFIX):
            continue
        place = Place(Layer.ENVIRONMENT, name)
        folded = name.lower()
        if folded in seen:
            words = Words(f"the same key as {seen[folded]}", f"与 {seen[folded]} 是同一个键")
            faults.append(Fault(place, "", words, cure=Words("unset one of them", "请取消其一")))
            continue
        seen[folded] = name
        yield place, folded[len(PREFIX) :].split("__"), environ[name]


def _overrides(
    overrides: Sequence[str], faults: list[Fault]
) -> Iterator[tuple[Place, list[str], str]]:
    for override in overrides:
        key, equals, text = override.partition("=")
        place = Place(Layer.OVERRIDE, f"--set {key.strip()}")
        if not equals:
            words = Words("has no value", "没有给出值")
            faults.append(
                Fault(place, "", words, cure=Words("write --set key=value", "写法：--set 键=值"))
            )
            continue
        yield place, key.strip().split("."), text


class _Setting:
    """One value on its way to its key."""

    def __init__(self, place: Place, text: str, faults: list[Fault]) -> None:
        self._place = place
        self._text = text.strip()
        self._faults = faults

    def into(self, node: Node | None, type_: inspect.Type, parts: Sequence[str], key: str) -> Node:
        """``node`` with the value laid at ``parts`` below it."""
        if not parts:
            leaf = self._leaf(type_)
            return merge(node, leaf) if leaf is not None else self._unchanged(node)
        match bare(type_):
            case inspect.StructType() as struct:
                return self._into_struct(node, struct, parts, key)
            case inspect.DictType(value_type=value_type):
                return self._into_dict(node, value_type, parts, key)
            case inspect.AnyType() as anything:
                return self._into_dict(node, anything, parts, key)
        if row_of(type_) is not None:
            return self._into_row(node, type_, parts, key)
        self._refuse(parts, key, ())
        return self._unchanged(node)

    def _into_struct(
        self, node: Node | None, struct: inspect.StructType, parts: Sequence[str], key: str
    ) -> Node:
        fields = {field.encode_name: field for field in struct.fields}
        name = parts[0] if parts[0] in fields else parts[0].lower()
        if name not in fields:
            self._refuse(parts, key, fields)
            return self._unchanged(node)
        return self._child(node, name, fields[name].type, parts[1:], key)

    def _into_dict(
        self, node: Node | None, type_: inspect.Type, parts: Sequence[str], key: str
    ) -> Node:
        name = parts[0]
        if secrets.looks_secret(name):
            self._refuse(parts, key, ())
            return self._unchanged(node)
        present = node.value if node is not None and isinstance(node.value, dict) else {}
        if name not in present:
            name = next((known for known in present if known.lower() == name.lower()), name)
        return self._child(node, name, type_, parts[1:], key)

    def _into_row(
        self, node: Node | None, type_: inspect.Type, parts: Sequence[str], key: str
    ) -> Node:
        """Rows are named by number (from 0) or by their ``id``."""
        rows = list(node.value) if node is not None and isinstance(node.value, list) else []
        names = [_id_of(row) for row in rows]
        wanted = parts[0]
        index = next((i for i, name in enumerate(names) if name.lower() == wanted.lower()), None)
        if index is None and wanted.isdecimal() and int(wanted) < len(rows):
            index = int(wanted)
        if index is None or node is None:
            self._refuse(parts, key, [name for name in names if name])
            return self._unchanged(node)
        row = row_of(type_)
        assert row is not None
        rows[index] = self.into(rows[index], row, parts[1:], f"{key}.{index}")
        return Node(node.place, rows)

    def _child(
        self, node: Node | None, name: str, type_: inspect.Type, parts: Sequence[str], key: str
    ) -> Node:
        if node is not None and not node.null and not isinstance(node.value, dict):
            return node  # a scalar where a group has to be: the file's own fault, told there
        entries = dict(node.value) if node is not None and isinstance(node.value, dict) else {}
        entries[name] = self.into(entries.get(name), type_, parts, f"{key}.{name}".lstrip("."))
        return Node(node.place if node is not None else self._place, entries)

    def _leaf(self, type_: inspect.Type) -> Node | None:
        text = self._text
        kinds = _text_kinds(bare(type_))
        if kinds and text.lower() in ("null", "~") and "null" in kinds:
            return Node(self._place, Scalar(text, "null"))
        if kinds:
            quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
            return Node(self._place, Scalar(text[1:-1] if quoted else text, "str", quoted=True))
        node, faults = parse(text, self._place)
        self._faults += faults
        if node is None and not faults:
            return Node(self._place, Scalar("", "null"))
        return node

    def _refuse(self, parts: Sequence[str], key: str, known: Any) -> None:
        dotted = ".".join([key, *parts]) if key else ".".join(parts)
        if any(secrets.looks_secret(part) for part in parts):
            self._faults.append(secret_fault(self._place, dotted))
        else:
            self._faults.append(unknown_key(self._place, dotted, parts[0], known))

    def _unchanged(self, node: Node | None) -> Node:
        return node if node is not None else Node(self._place, {})


def _text_kinds(type_: inspect.Type) -> set[str]:
    """Not empty for a type that is text: it is then taken as it stands, without YAML's reading."""
    match type_:
        case inspect.StrType() | inspect.LiteralType() | inspect.EnumType():
            return {"text"}
        case inspect.UnionType(types=types) if len(types) == 2:
            kinds = [_text_kinds(bare(t)) for t in types]
            if any(kinds) and any(isinstance(t, inspect.NoneType) for t in types):
                return {"text", "null"}
    return set()


def _id_of(row: Node) -> str:
    if isinstance(row.value, dict) and "id" in row.value:
        value = row.value["id"].value
        return value.text if isinstance(value, Scalar) else ""
    return ""
