"""The configuration from its layers: defaults < files < environment < ``--set``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from homalos import defaults_dir
from homalos.config.faults import DEFAULT, NOTHING, ConfigError, Fault, Layer, Place, Words
from homalos.config.keys import type_of
from homalos.config.layers import PREFIX, lay
from homalos.config.schema import MAIN_FILE, SIBLINGS, Config, Sibling
from homalos.config.shape import BAD, Shaper, shown
from homalos.config.yamltree import Node, merge, parse

FILE_MAX_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Document:
    """One file as it was read. ``data`` is None where there is no such file."""

    path: Path
    data: bytes | None
    node: Node | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration, and where each value came from.

    ``folder`` is the trader's; ``documents`` are the files read, by name (``system.yaml`` for the
    main one, whatever it is called); a file that is missing there comes from the shipped ones.
    """

    config: Config
    places: Mapping[str, Place]
    folder: Path
    main: Path
    documents: Mapping[str, Document]
    overrides: tuple[str, ...]
    environ: Mapping[str, str]

    def place(self, key: str) -> Place:
        """Where the value of the dotted ``key`` stands; ``DEFAULT`` for the built-in one."""
        return self.places.get(key, DEFAULT)

    def watched(self) -> dict[str, Path]:
        """The trader's own files by name, there or not."""
        names = {name: self.folder / name for name in SIBLINGS}
        return {MAIN_FILE: self.main, **names}

    def again(self) -> "Loaded":
        """The same layers read anew; a file whose bytes are the same is not parsed again.

        Raises:
            ConfigError: as ``load``.
        """
        return _load(self.main, self.folder, self.overrides, self.environ, self.documents)


def load(where: Path, *, overrides: Sequence[str] = (), environ: Mapping[str, str]) -> Loaded:
    """Read the configuration from a folder, or from a main file and its siblings beside it.

    Args:
        where: a folder with ``system.yaml`` and siblings, or the file that plays ``system.yaml``.
        overrides: ``a.b.c=value``, the last layer.
        environ: variables, of which those that begin with ``HOMALOS__`` are read.

    Raises:
        ConfigError: with every fault of every layer.
    """
    where = where.expanduser().absolute()
    if where.is_dir():
        main, folder = where / MAIN_FILE, where
        known = [MAIN_FILE, *SIBLINGS]
        if not any((where / name).is_file() for name in known):
            words = Words(
                f"no {MAIN_FILE} or sibling in this folder", f"目录中没有 {MAIN_FILE} 等配置文件"
            )
            raise ConfigError([Fault(_file(where), "", words)])
    elif where.is_file():
        main, folder = where, where.parent
    else:
        words = Words("there is no such file or folder", "文件或目录不存在")
        raise ConfigError([Fault(_file(where), "", words)])
    variables = {name: value for name, value in environ.items() if name.upper().startswith(PREFIX)}
    return _load(main, folder, tuple(overrides), variables, {})


def _load(
    main: Path,
    folder: Path,
    overrides: tuple[str, ...],
    environ: Mapping[str, str],
    before: Mapping[str, Document],
) -> Loaded:
    documents = {
        name: _read(main if name == MAIN_FILE else folder / name, name, before.get(name))
        for name in (MAIN_FILE, *SIBLINGS)
    }
    faults = [fault for document in documents.values() for fault in document.faults]
    faults += _misnamed(folder)
    root = Node(Place(Layer.FILE, str(main)), {})
    for name, sibling in SIBLINGS.items():
        root = _with_sibling(root, documents[name].node, sibling, faults)
    if (node := documents[MAIN_FILE].node) is not None:
        root = merge(root, node)
    struct = type_of(Config)
    root = lay(root, struct, environ, overrides, faults)
    shaper = Shaper()
    config = shaper.value(root, struct, "")
    faults += shaper.faults
    if faults or config is BAD:
        raise ConfigError(_once(faults))
    return Loaded(config, shaper.places, folder, main, documents, overrides, environ)


def _read(path: Path, name: str, before: Document | None) -> Document:
    """The file, or the shipped one of that name where it is missing."""
    data, fault = _bytes(path)
    if data is None and fault is None:
        path = defaults_dir() / name
        data, fault = _bytes(path)
    if fault is not None:
        return Document(path, data, faults=(fault,))
    if data is None:
        return Document(path, None)
    if before is not None and before.path == path and before.data == data:
        return before
    place = _file(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        head = data[: error.start]
        at = place._replace(line=head.count(b"\n") + 1, column=error.start - head.rfind(b"\n"))
        words = Words("this is not UTF-8 text", "文件不是 UTF-8 编码")
        cure = Words("save the file as UTF-8 (it may be GBK)", "请另存为 UTF-8（可能是 GBK）")
        return Document(path, data, faults=(Fault(at, "", words, cure=cure),))
    sibling = SIBLINGS.get(name)
    prefix = sibling.key if sibling and not sibling.wrapped else ""
    node, faults = parse(text, place, prefix)
    if node is not None and not node.null and not isinstance(node.value, dict):
        expected = Words("a mapping of keys at the top", "顶层为键值映射")
        return Document(path, data, faults=(Fault(node.place, "", NOTHING, shown(node), expected),))
    return Document(path, data, node, tuple(faults))


def _bytes(path: Path) -> tuple[bytes | None, Fault | None]:
    """What the file holds; nothing and no fault where it does not exist."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_MAX_BYTES + 1)
    except FileNotFoundError:
        return None, None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return None, Fault(
            _file(path), "", Words(f"cannot be read: {reason}", f"无法读取：{reason}")
        )
    if len(data) > FILE_MAX_BYTES:
        limit = FILE_MAX_BYTES >> 20
        words = Words(f"larger than {limit} MiB", f"超过 {limit} MiB")
        return None, Fault(_file(path), "", words)
    return data, None


def _with_sibling(root: Node, node: Node | None, sibling: Sibling, faults: list[Fault]) -> Node:
    """The sibling's keys at their place in the whole."""
    if node is None or node.null:
        return root
    if not sibling.wrapped:
        return merge(root, Node(root.place, {sibling.key: node}))
    assert isinstance(node.value, dict)
    for name, child in node.value.items():
        if name != sibling.key:
            words = Words("does not belong in this file", "不属于此文件")
            cure = Words(f"its only key is {sibling.key}", f"此文件只有一个键 {sibling.key}")
            faults.append(Fault(child.name, name, words, cure=cure))
    wanted = {name: child for name, child in node.value.items() if name == sibling.key}
    return merge(root, Node(root.place, wanted))


def _misnamed(folder: Path) -> list[Fault]:
    """Files that look like ours and would be passed over in silence."""
    faults = []
    for name in (MAIN_FILE, *SIBLINGS):
        path = (folder / name).with_suffix(".yml")
        if path.exists():
            words = Words("is not read", "不会被读取")
            faults.append(
                Fault(_file(path), "", words, cure=Words(f"call it {name}", f"请改名为 {name}"))
            )
    return faults


def _file(path: Path) -> Place:
    return Place(Layer.FILE, str(path))


def _once(faults: list[Fault]) -> list[Fault]:
    """In order of the places, without repeats (an alias is read at each of its uses)."""
    order = {layer: i for i, layer in enumerate(Layer)}
    unique = dict.fromkeys(faults)
    return sorted(
        unique,
        key=lambda f: (
            order[f.place.layer],
            f.place.source,
            f.place.line or 0,
            f.place.column or 0,
        ),
    )
