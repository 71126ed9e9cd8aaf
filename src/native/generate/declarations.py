"""``ctp_api.h``: the vendor's structs, held to their sizes and offsets, and its classes, their
virtual methods in the order of the table; ``ctp_tables.h``: the same as data."""

from typing import Any

Facts = dict[str, Any]

_KINDS = {"int": "i", "double": "d", "short": "h"}
_CLASSES = ("MdSpi", "MdApi", "TraderSpi", "TraderApi")


def files(facts: Facts) -> dict[str, str]:
    return {"ctp_api.h": api(facts), "ctp_tables.h": tables(facts)}


def api(facts: Facts) -> str:
    lines = [
        f"// CTP {facts['version']}, generated from its facts: do not edit.",
        "#pragma once",
        "#ifdef __GNUC__",
        "#pragma GCC system_header  // no warnings about parameters that the SPI does not use",
        "#endif",
        "#include <cstddef>",
        "",
        f'#define CTP_ABI_VERSION "{facts["version"]}"',
        "",
        (
            "enum THOST_TE_RESUME_TYPE { THOST_TERT_RESTART = 0, THOST_TERT_RESUME,"
            " THOST_TERT_QUICK, THOST_TERT_NONE };"
        ),
        "",
    ]
    for name, struct in facts["structs"].items():
        lines += _struct(name, struct)
    for name in facts["classes"]:
        lines.append(f"class {name};")
    for name, cls in facts["classes"].items():
        lines += ["", *_class(name, cls)]
    return "\n".join(lines) + "\n"


def _struct(name: str, struct: Facts) -> list[str]:
    lines = [f"struct {name} {{"]
    for field in struct["fields"]:
        length = f"[{field['len']}]" if field.get("len") else ""
        lines.append(f"    {field['c']} {field['name']}{length};")
    lines.append("};")
    lines.append(f'static_assert(sizeof({name}) == {struct["size"]}, "{name}");')
    for field in struct["fields"]:
        at = f"offsetof({name}, {field['name']}) == {field['offset']}"
        lines.append(f'static_assert({at}, "{name}.{field["name"]}");')
    return lines


def _class(name: str, cls: Facts) -> list[str]:
    lines = [f"class {name} {{", "public:"]
    end = " = 0;" if name.endswith("Api") else " {}"
    lines += [f"    static {_signature(method)};" for method in cls["static"]]
    lines += [f"    virtual {_signature(method)}{end}" for method in cls["virtual"]]
    if cls["protected_non_virtual_destructor"]:
        lines += ["protected:", f"    ~{name}() {{}}"]
    return [*lines, "};"]


def _signature(method: Facts) -> str:
    return f"{method['returns']} {method['name']}({', '.join(method['args'])})"


def tables(facts: Facts) -> str:
    lines = [
        f"// CTP {facts['version']}, generated from its facts: do not edit.",
        "#pragma once",
        "#include <cstddef>",
        "#include <cstdint>",
        "",
        "namespace ctp {",
        "",
        "// kind: s text, c one character, i int, d double, h short. size is of the whole field.",
        "struct FieldInfo { const char *name; char kind; uint32_t offset; uint32_t size; };",
        (
            "struct StructInfo { const char *name; uint32_t size; uint32_t count;"
            " const FieldInfo *fields; };"
        ),
        "",
    ]
    for name, struct in facts["structs"].items():
        lines += _table(name, struct)
    for short in _CLASSES:
        lines += _numbers(short, facts["classes"][f"CThostFtdc{short}"])
    return "\n".join([*lines, "}  // namespace ctp", ""])


def _table(name: str, struct: Facts) -> list[str]:
    rows = ", ".join(
        f"{{\"{f['name']}\", '{_kind(f)}', {f['offset']}, {f['size']}}}" for f in struct["fields"]
    )
    count = len(struct["fields"])
    return [
        f"inline constexpr FieldInfo k{name}Fields[] = {{{rows}}};",
        (
            f'inline constexpr StructInfo k{name} = {{"{name}", {struct["size"]}, {count},'
            f" k{name}Fields}};"
        ),
    ]


def _kind(field: Facts) -> str:
    if field["c"] == "char":
        return "s" if field.get("len") else "c"
    return _KINDS[field["c"]]


def _numbers(short: str, cls: Facts) -> list[str]:
    """Places of the methods in the table, which are their numbers on the wire and in the ring."""
    names = [f"    {m['name']} = {i}," for i, m in enumerate(cls["virtual"])]
    return [f"enum class {short} : uint16_t {{", *names, "};", ""]
