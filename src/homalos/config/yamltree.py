"""YAML text as a tree that remembers where each value stands.

Built from the parser's events: no object is ever constructed, depth and size are bounded (an alias
counts as often as it is used), and a doubled key is a fault instead of a silent overwrite.
Scalars keep their text; which type it has to be is decided by the schema (``shape``).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from homalos.config.faults import NOTHING, Fault, Layer, Place, Words

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER: Any = yaml.SafeLoader("")

DEPTH_MAX = 40
NODES_MAX = 200_000
_TAG = "tag:yaml.org,2002:"
_CORE = frozenset({"str", "int", "float", "bool", "null", "timestamp", "map", "seq"})


class Scalar(NamedTuple):
    """``kind``: what YAML 1.1 takes the text for (``int``, ``bool``, ``timestamp`` ...)."""

    text: str
    kind: str
    quoted: bool = False


class Node:
    """A value at its place.

    ``name`` is the place of its key, where it has one. ``under`` is the value of a lower layer that
    this one covers.
    """

    __slots__ = ("name", "place", "under", "value", "weight")

    def __init__(
        self,
        place: Place,
        value: "Scalar | dict[str, Node] | list[Node]",
        *,
        name: Place | None = None,
        under: "Node | None" = None,
    ) -> None:
        self.place = place
        self.value = value
        self.name = name or place
        self.under = under
        self.weight = 1
        if not isinstance(value, Scalar):
            children = value.values() if isinstance(value, dict) else value
            self.weight += sum(child.weight for child in children)

    @property
    def null(self) -> bool:
        return isinstance(self.value, Scalar) and self.value.kind == "null"


class _BrokenError(Exception):
    """Parsing cannot go on; the fault is recorded."""


def parse(text: str, place: Place, key: str = "") -> tuple[Node | None, list[Fault]]:
    """The tree of one document, None where there is none or it cannot be read, and its faults.

    ``place`` names the file, variable or override; only a file's nodes get lines and columns.
    ``key`` is the key that the whole document is the value of, for its faults.
    """
    builder = _Builder(text, place, key)
    try:
        return builder.document(), builder.faults
    except _BrokenError:
        return None, builder.faults
    except yaml.YAMLError as error:
        builder.faults.append(_syntax_fault(error, text, place)._replace(key=key))
        return None, builder.faults


def merge(base: Node | None, over: Node) -> Node:
    """``over`` laid on ``base``: mappings key by key, everything else as a whole."""
    if base is None:
        return over
    if over.null and isinstance(base.value, dict):
        return base
    if isinstance(base.value, dict) and isinstance(over.value, dict):
        merged = dict(base.value)
        for name, node in over.value.items():
            merged[name] = merge(merged.get(name), node)
        return Node(over.place, merged, name=over.name)
    return Node(over.place, over.value, name=over.name, under=base)


class _Builder:
    def __init__(self, text: str, place: Place, key: str) -> None:
        self.faults: list[Fault] = []
        self._place = place
        self._trail = [key] if key else []
        self._events: Iterator[Any] = yaml.parse(text, Loader=_Loader)
        self._anchors: dict[str, Node] = {}

    def document(self) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._break(event, "a second document begins here", "此处开始了第二个文档")
                root = self._node(next(self._events), 0)
        return root

    def _node(self, event: Any, depth: int) -> Node:
        if depth > DEPTH_MAX:
            self._break(event, f"nested deeper than {DEPTH_MAX} levels", f"嵌套超过 {DEPTH_MAX} 层")
        if isinstance(event, yaml.AliasEvent):
            alias = str(event.anchor)
            if alias not in self._anchors:
                self._break(
                    event, f"no anchor before the alias *{alias}", f"别名 *{alias} 之前没有锚点"
                )
            return self._anchors[alias]
        if isinstance(event, yaml.ScalarEvent):
            node = Node(self._at(event), self._scalar(event))
        elif isinstance(event, yaml.SequenceStartEvent):
            self._tag(event, event.tag)
            node = self._sequence(event, depth)
        else:
            self._tag(event, event.tag)
            node = self._mapping(event, depth)
        if node.weight > NODES_MAX:
            self._break(event, f"more than {NODES_MAX} values", f"值超过 {NODES_MAX} 个")
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _sequence(self, start: Any, depth: int) -> Node:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            self._trail.append(str(len(items)))
            items.append(self._node(event, depth + 1))
            self._trail.pop()
        return Node(self._at(start), items)

    def _mapping(self, start: Any, depth: int) -> Node:
        entries: dict[str, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._break(event, "a key has to be a plain word", "键必须是单个词")
            name, at = event.value, self._at(event)
            self._trail.append(name)
            value = self._node(next(self._events), depth + 1)
            dotted = ".".join(self._trail)
            self._trail.pop()
            if name == "<<" and not event.style:
                problem = Words("merge keys (<<) are not read", "不支持合并键 (<<)")
                cure = Words("write the keys out", "请逐个写出各键")
                self.faults.append(Fault(at, dotted, problem, cure=cure))
            elif name in entries:
                first = entries[name].place
                problem = Words(
                    f"the key {name} stands here a second time (first on line {first.line})",
                    f"键 {name} 重复（首次在第 {first.line} 行）",
                )
                self.faults.append(Fault(at, dotted, problem))
            else:
                entries[name] = Node(value.place, value.value, name=at)
        return Node(self._at(start), entries)

    def _scalar(self, event: Any) -> Scalar:
        quoted = bool(event.style)  # None or "" for a plain scalar, by the parser
        if event.tag and event.tag != "!":
            self._tag(event, event.tag)
            return Scalar(event.value, event.tag.removeprefix(_TAG), event.tag == _TAG + "str")
        if quoted or event.tag == "!":
            return Scalar(event.value, "str", quoted=True)
        tag: str = _RESOLVER.resolve(yaml.ScalarNode, event.value, (True, False))
        return Scalar(event.value, tag.removeprefix(_TAG))

    def _tag(self, event: Any, tag: str | None) -> None:
        if tag and tag != "!" and tag.removeprefix(_TAG) not in _CORE:
            self._break(event, f"the tag {tag} is not read", f"不支持标签 {tag}")

    def _at(self, event: Any) -> Place:
        if self._place.layer is not Layer.FILE:
            return self._place
        mark = event.start_mark
        return self._place._replace(line=mark.line + 1, column=mark.column + 1)

    def _break(self, event: Any, en: str, zh: str) -> None:
        self.faults.append(Fault(self._at(event), ".".join(self._trail), Words(en, zh)))
        raise _BrokenError


def _syntax_fault(error: yaml.YAMLError, text: str, place: Place) -> Fault:
    """Only the parser's own sentence: the text itself might hold a secret."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    position = getattr(error, "position", None)
    if place.layer is Layer.FILE and mark is not None:
        place = place._replace(line=mark.line + 1, column=mark.column + 1)
    elif place.layer is Layer.FILE and isinstance(position, int) and position >= 0:
        before = text[:position]
        place = place._replace(line=before.count("\n") + 1, column=position - before.rfind("\n"))
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    words = Words(f"not valid YAML: {problem}", f"YAML 语法错误：{problem}")
    tab = "\\t" in problem or _tab_at(text, place)
    cure = Words("indent with spaces, not with a tab", "缩进请用空格，不要用制表符")
    return Fault(place, "", words, cure=cure if tab else NOTHING)


def _tab_at(text: str, place: Place) -> bool:
    lines = text.splitlines()
    if place.line is None or place.line > len(lines):
        return False
    line = lines[place.line - 1]
    return "\t" in line[: len(line) - len(line.lstrip())]
