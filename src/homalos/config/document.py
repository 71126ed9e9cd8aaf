"""The keys for people: the reference page, and the list of what is set and where it came from."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import NODEFAULT

from homalos.config.faults import Language, Layer, Words
from homalos.config.keys import ROW, KeyInfo, describe, row_of, type_of, walk
from homalos.config.loader import Loaded
from homalos.config.schema import MAIN_FILE, SIBLINGS, TITLES, Config

DATA = ("products.products", "calendar.closed", "calendar.no_night")
"""Lists too long to be shown to a person."""

SHOWN_MAX = 1_000
"""A default of more characters is told by its number of rows."""

_APPLIES = {"at once": Words("at once", "立即"), "restart": Words("restart", "重启后")}

_INTRO = Words(
    f"""# Configuration

Written by `homalos config --reference`. Every key is declared once, in
`src/homalos/config/sections`.

Layers, the later wins: built-in default < file < environment < `--set`. A key `risk.max_order_lots`
is set by the file `risk.yaml`, by the variable `HOMALOS__RISK__MAX_ORDER_LOTS=5` (letter case does
not matter) or by `--set risk.max_order_lots=5`. Sections stand in `{MAIN_FILE}` unless the heading
names another file; the main file may hold any of them, and wins over the file beside it. A file
that is missing in your folder comes from the shipped ones. `*` stands for the number of a row, from
0; a row with an `id` can be named by it: `--set strategies.NAME.enabled=false`.

Keys that apply *at once* take effect when the file is saved; the others at the next start. A file
with faults changes nothing. Secrets never stand in a file: `HOMALOS_SECRET__NAME`, or the system's
key store (extra `keyring`, service `homalos`).
""",
    f"""# 配置

由 `homalos config --reference` 生成；每个键只在 `src/homalos/config/sections` 声明一次。

各层优先级（后者优先）：内置默认值 < 文件 < 环境变量 < `--set`。例如 `risk.max_order_lots` 可由
文件 `risk.yaml`、环境变量 `HOMALOS__RISK__MAX_ORDER_LOTS=5`（不分大小写）或
`--set risk.max_order_lots=5` 设置。除非标题注明其他文件，各节都写在 `{MAIN_FILE}` 中；
主文件可包含任意一节，且优先于旁边的文件。
您的目录中缺少的文件采用随附版本。`*` 表示行号，从 0 起；有 `id` 的行可用 id 指明：
`--set strategies.NAME.enabled=false`。

标为“立即”的键在保存文件后生效，其余在下次启动时生效。有错误的文件不会改变任何设置。密码等机密不写入
文件：请用环境变量 `HOMALOS_SECRET__NAME` 或系统密钥库（附加组件 `keyring`，服务名 `homalos`）。
""",
)

_HEADS = Words(
    "| key | meaning | value | default | applies |", "| 键 | 含义 | 取值 | 默认值 | 生效 |"
)


def reference(language: Language) -> str:
    """Every key as a page of Markdown."""
    sections: dict[str, list[KeyInfo]] = {}
    for info in walk(type_of(Config)):
        sections.setdefault(info.key.split(".")[0], []).append(info)
    pages = [_INTRO.of(language)]
    for name, infos in sections.items():
        head = [_heading(name, language), "", _HEADS.of(language), "|---|---|---|---|---|"]
        pages.append("\n".join(head + [_line(info, language) for info in infos]) + "\n")
    return "\n".join(pages)


def listing(loaded: Loaded, language: Language | None = None) -> str:
    """Every key with its value, where the value came from, and what it means.

    ``language`` None: the one of the configuration itself.
    """
    language = language or loaded.config.app.language
    lines = []
    for key, value, info in values(loaded.config):
        place = loaded.place(key)
        source = "" if place.layer is Layer.DEFAULT else f"  # {place}"
        meaning = info.zh if language == "zh" else info.en
        shown = f"{len(value)} entries" if key.startswith(DATA) and value else _json(value)
        lines += [f"# {meaning}", f"{key} = {shown}{source}"]
    return "\n".join(lines) + "\n"


def values(config: Config) -> Iterator[tuple[str, Any, KeyInfo]]:
    """Every key of a configuration, rows by their numbers, with its value; of products and
    calendar, which are data, each list as a whole."""
    infos = {info.key: info for info in walk(type_of(Config))}
    yield from _values(config, "", "", infos)


def _values(
    struct: Any, key: str, pattern: str, infos: dict[str, KeyInfo]
) -> Iterator[tuple[str, Any, KeyInfo]]:
    for field in type_of(struct.__class__).fields:
        value = getattr(struct, field.name)
        dotted, known = f"{key}{field.encode_name}", f"{pattern}{field.encode_name}"
        if known not in infos:
            yield from _values(value, f"{dotted}.", f"{known}.", infos)
        elif row_of(field.type) is not None and value and not known.startswith(DATA):
            for index, row in enumerate(value):
                yield from _values(row, f"{dotted}.{index}.", f"{known}.{ROW}.", infos)
        else:
            yield dotted, value, infos[known]


def _heading(name: str, language: Language) -> str:
    file = next((file for file, sibling in SIBLINGS.items() if sibling.key == name), MAIN_FILE)
    return f"## {name}: {TITLES[name].of(language)} (`{file}`)"


def _line(info: KeyInfo, language: Language) -> str:
    applies = _APPLIES[info.applies].of(language)
    meaning = info.zh if language == "zh" else info.en
    expected = describe(info.type, info.unit).of(language).strip()
    default = "" if info.default is NODEFAULT else f"`{_json(info.default)}`"
    if isinstance(info.default, tuple) and len(default) > SHOWN_MAX:
        default = f"{len(info.default)} × `{ROW}`"
    cells = [f"`{info.key}`", meaning, expected, default, applies]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _json(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()
