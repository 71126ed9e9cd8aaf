"""A tree of nodes against the struct that it has to become; every fault is found, not the first."""

import difflib
import re
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import NODEFAULT, inspect

from homalos.config import scalars, secrets
from homalos.config.faults import NOTHING, Fault, Layer, Place, Words
from homalos.config.keys import SEQUENCES, about, bare, default_of, describe
from homalos.config.yamltree import Node, Scalar

_SHOWN_MAX = 60
_PATH_IN_MESSAGE = re.compile(r" - at `\$\.?([^`]*)`$")


class _Bad:
    """Stands for a value that cannot be used; its fault is recorded."""


BAD = _Bad()


class Shaper:
    """Turns nodes into values, gathering ``faults`` and, by dotted key, ``places``."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.places: dict[str, Place] = {}

    def value(self, node: Node, type_: inspect.Type, key: str) -> Any:
        """The value of ``node``, or ``BAD``. A value that it covers is checked like it."""
        self.places[key] = node.place
        if node.under is not None:
            below = Shaper()
            below.value(node.under, type_, key)
            self.faults += below.faults
        _, extra = about(type_)
        unit = extra.get("unit", "")
        match bare(type_):
            case inspect.StructType() as struct:
                return self._struct(node, struct, key)
            case inspect.DictType() as mapping:
                return self._dict(node, mapping, key)
            case inspect.UnionType(types=types):
                return self._union(node, types, type_, key, unit)
            case inspect.TupleType(item_types=items):
                return self._tuple(node, items, type_, key)
            case inspect.AnyType() as anything:
                return self._any(node, anything, key)
            case plain:
                if isinstance(plain, SEQUENCES):
                    return self._sequence(node, plain, key)
                return self._scalar(node, plain, key, unit)

    # ------------------------------------------------------------ groups of keys

    def _struct(self, node: Node, struct: inspect.StructType, key: str) -> Any:
        if node.null:
            node = Node(node.place, {})
        if not isinstance(node.value, dict):
            return self._unfit(node, struct, key)
        before = len(self.faults)
        fields = {field.encode_name: field for field in struct.fields}
        values: dict[str, Any] = {}
        for name, child in node.value.items():
            field = fields.get(name)
            if field is None:
                self._unknown(name, child, fields, key)
            else:
                values[name] = self.value(child, field.type, _join(key, name))
        for name, field in fields.items():
            if field.required and name not in values:
                self._missing(node.place, field, _join(key, name))
        if len(self.faults) > before:
            return BAD
        return self._built(node.place, struct.cls, values, key)

    def _built(self, place: Place, cls: type[Any], values: dict[str, Any], key: str) -> Any:
        """The struct itself, after what it says about its keys together (``faults``)."""
        try:
            built = msgspec.convert(values, cls)
        except msgspec.ValidationError as error:
            text = str(error)
            inner = _PATH_IN_MESSAGE.search(text)
            at = _join(key, inner[1]) if inner and inner[1] else key
            sentence = _PATH_IN_MESSAGE.sub("", text)
            self.faults.append(Fault(self.place_of(at, place), at, Words(sentence, sentence)))
            return BAD
        told = list(own_faults(built))
        for name, words in told:
            at = _join(key, name) if name else key
            self.faults.append(Fault(self.place_of(at, place), at, words))
        return BAD if told else built

    def place_of(self, key: str, otherwise: Place) -> Place:
        """Where ``key`` stands, or the nearest group around it that stands somewhere."""
        while key:
            if key in self.places:
                return self.places[key]
            key = key.rpartition(".")[0]
        return otherwise

    def _unknown(self, name: str, child: Node, known: Iterable[str], key: str) -> None:
        if self._refuse_secrets(name, child, key):
            return
        dotted = _join(key, name)
        self.faults.append(unknown_key(child.name, dotted, name, known))

    def _missing(self, place: Place, field: inspect.Field, key: str) -> None:
        _, extra = about(field.type)
        expected = describe(field.type, extra.get("unit", ""))
        self.faults.append(Fault(place, key, Words("is missing", "缺失"), expected=expected))

    def _refuse_secrets(self, name: str, node: Node, key: str) -> bool:
        """Whether a secret stands under ``name`` or below it; each is a fault of its own."""
        dotted = _join(key, name)
        if secrets.looks_secret(name) and not node.null:
            self.faults.append(secret_fault(node.name, dotted))
            return True
        if isinstance(node.value, dict):
            below = [self._refuse_secrets(n, child, dotted) for n, child in node.value.items()]
        elif isinstance(node.value, list):
            items = enumerate(node.value)
            below = [self._refuse_secrets(str(i), child, dotted) for i, child in items]
        else:
            below = []
        return any(below)

    # ------------------------------------------------------------ collections

    def _dict(self, node: Node, mapping: inspect.DictType, key: str) -> Any:
        if node.null:
            return {}
        if not isinstance(node.value, dict):
            return self._unfit(node, mapping, key)
        values: dict[Any, Any] = {}
        for name, child in node.value.items():
            if secrets.looks_secret(name):
                self._refuse_secrets(name, child, key)
                continue
            kind = bare(mapping.key_type)
            plain = int(name) if isinstance(kind, inspect.IntType) and name.isdecimal() else name
            values[plain] = self.value(child, mapping.value_type, _join(key, name))
        return values

    def _sequence(self, node: Node, type_: Any, key: str) -> Any:
        if node.null:
            return []
        if not isinstance(node.value, list):
            return self._unfit(node, type_, key)
        item = type_.item_type
        items = [self.value(n, item, _join(key, str(i))) for i, n in enumerate(node.value)]
        if not (type_.min_length or 0) <= len(items) <= (type_.max_length or len(items)):
            return self._unfit(node, type_, key)
        return items

    def _tuple(
        self, node: Node, items: tuple[inspect.Type, ...], type_: inspect.Type, key: str
    ) -> Any:
        if not isinstance(node.value, list) or len(node.value) != len(items):
            return self._unfit(node, type_, key)
        pairs = zip(node.value, items, strict=True)
        return [self.value(n, t, _join(key, str(i))) for i, (n, t) in enumerate(pairs)]

    def _union(
        self, node: Node, types: tuple[inspect.Type, ...], whole: inspect.Type, key: str, unit: str
    ) -> Any:
        if node.null and any(isinstance(t, inspect.NoneType) for t in types):
            return None
        candidates = [t for t in types if not isinstance(t, inspect.NoneType)]
        if len(candidates) == 1:
            return self._only(node, candidates[0], whole, key, unit)
        for candidate in sorted(candidates, key=_precedence):
            trial = Shaper()
            value = trial.value(node, candidate, key)
            if not trial.faults:
                self.places |= trial.places
                return value
        return self._unfit(node, whole, key, unit)

    def _only(
        self, node: Node, type_: inspect.Type, whole: inspect.Type, key: str, unit: str
    ) -> Any:
        """``type or null`` with something there."""
        group = isinstance(bare(type_), (inspect.StructType, *SEQUENCES))
        if isinstance(node.value, Scalar) and not group:
            return self._scalar(node, bare(type_), key, unit, whole)
        return self.value(Node(node.place, node.value), type_, key)

    def _any(self, node: Node, anything: inspect.AnyType, key: str) -> Any:
        if isinstance(node.value, Scalar):
            return self._scalar(node, anything, key, "")
        if isinstance(node.value, list):
            return [self.value(n, anything, _join(key, str(i))) for i, n in enumerate(node.value)]
        mapping = inspect.DictType(inspect.StrType(), anything)
        return self._dict(node, mapping, key)

    # ------------------------------------------------------------ scalars

    def _scalar(
        self,
        node: Node,
        type_: inspect.Type,
        key: str,
        unit: str,
        whole: inspect.Type | None = None,
    ) -> Any:
        if not isinstance(node.value, Scalar):
            return self._unfit(node, whole or type_, key, unit)
        if secrets.holds_secret(node.value.text):
            self.faults.append(secret_fault(node.place, key))
            return BAD
        try:
            return scalars.read(node.value, type_, typed=node.place.layer is Layer.FILE)
        except scalars.UnfitError as error:
            return self._unfit(node, whole or type_, key, unit, error.cure)

    def _unfit(
        self, node: Node, type_: inspect.Type, key: str, unit: str = "", cure: Words = NOTHING
    ) -> _Bad:
        expected = describe(type_, unit)
        self.faults.append(Fault(node.place, key, NOTHING, shown(node), expected, cure))
        return BAD


def unknown_key(place: Place, dotted: str, name: str, known: Iterable[str]) -> Fault:
    """The fault of a key that does not exist, with the one that was probably meant."""
    names = sorted(known)
    problem = Words("there is no such key", "没有这个键")
    if close := difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6):
        cure = Words(f"did you mean {close[0]}?", f"是否指 {close[0]}？")
    elif len(names) <= 20:
        cure = Words("there are: " + ", ".join(names), "可用的键：" + ", ".join(names))
    else:
        cure = Words("homalos config lists them", "homalos config 列出全部")
    return Fault(place, dotted, problem, cure=cure)


def secret_fault(place: Place, dotted: str) -> Fault:
    """The fault of a password in the open; the value itself is told to nobody."""
    name = "_".join(part for part in dotted.split(".") if not part.isdecimal())
    variable = secrets.variable(name)
    shown = variable.removeprefix(secrets.PREFIX).lower()
    cure = Words(
        f"take it out, and give it by the environment variable {variable} or in the system's key "
        f"store (service {secrets.SERVICE}, name {shown})",
        f"请删去，改用环境变量 {variable}，"
        f"或存入系统密钥库（服务 {secrets.SERVICE}，名称 {shown}）",
    )
    problem = Words("a secret does not belong here", "密码等机密不能写在这里")
    return Fault(place, dotted, problem, cure=cure)


def own_faults(struct: Any) -> Iterable[tuple[str, Words]]:
    """What a struct says is wrong with its keys together: ``faults(self)``, if it has one.

    It yields ``(key, English, Chinese)`` or ``(key, "English / Chinese")``; the key is relative to
    the struct.
    """
    check = getattr(struct, "faults", None)
    for name, *texts in check() if callable(check) else ():
        en, _, zh = texts[0].partition(" / ") if len(texts) == 1 else (texts[0], "", texts[1])
        yield name, Words(en, zh or en)


def default(type_: inspect.Type) -> Any:
    """An instance of a struct with nothing set."""
    struct = bare(type_)
    assert isinstance(struct, inspect.StructType)
    assert all(default_of(field) is not NODEFAULT for field in struct.fields), struct.cls
    return struct.cls()


def _precedence(type_: inspect.Type) -> int:
    order = (inspect.BoolType, inspect.IntType, inspect.FloatType, inspect.StrType)
    return next((i for i, kind in enumerate(order) if isinstance(bare(type_), kind)), len(order))


def shown(node: Node) -> Words:
    """A value as a fault shows it."""
    if isinstance(node.value, dict):
        return Words("a mapping", "键值映射")
    if isinstance(node.value, list):
        return Words(f"a list of {len(node.value)}", f"{len(node.value)} 项的列表")
    if node.null:
        return Words("nothing", "空值")
    text = node.value.text
    if len(text) > _SHOWN_MAX:
        text = text[:_SHOWN_MAX] + "..."
    if node.value.quoted or not text.isprintable():
        text = repr(text)
    return Words(text, text)


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
