"""``binding_spi.h``: the SPI classes that copy every callback into the inbox, and the tables of
callbacks and requests by which Python calls them."""

from typing import Any

Facts = dict[str, Any]

_RSP_INFO = "CThostFtdcRspInfoField"
_SIDES = (("Md", "Md"), ("Td", "Trader"))
_NOT_REQUESTS = {"GetFrontInfo"}
_SPELLED = {"OnRspQrySPBMAddOnInterParameter": "onRspQrySPBMAddonInterParameter"}
"""Faces that vnpy_ctp.api spells in its own way."""
_HEAD = """// CTP {version}, generated from its facts: do not edit.
#pragma once
#include "ctp_api.h"
#include "ctp_tables.h"
#include "door.h"

namespace binding {{

// What a callback is given: nothing, a number, or structs.
enum class Shape : uint8_t {{ kPlain, kNumber, kResponse, kError, kNotice, kErrorNotice }};

// face: the name in the manner of vnpy_ctp.api.
struct Callback {{ const char *name; const char *face; Shape shape; const ctp::StructInfo *info; }};

template <class Api>
struct Request {{
    const char *name;
    const char *face;
    const ctp::StructInfo *info;
    bool numbered;  // takes a request id
    int (*call)(Api *api, void *fields, int request);
}};
"""


def files(facts: Facts) -> dict[str, str]:
    lines = [_HEAD.format(version=facts["version"])]
    for short, name in _SIDES:
        spi = facts["classes"][f"CThostFtdc{name}Spi"]["virtual"]
        api = facts["classes"][f"CThostFtdc{name}Api"]["virtual"]
        lines += _shell(short, name, spi)
        lines += _callbacks(short, spi)
        lines += _requests(short, f"CThostFtdc{name}Api", api)
    largest = max(struct["size"] for struct in facts["structs"].values())
    lines.append(f"inline constexpr size_t kLargestStruct = {largest};\n")
    lines.append("}  // namespace binding\n")
    return {"binding_spi.h": "\n".join(lines)}


def _structs(method: Facts) -> list[str]:
    return [arg.split()[0].rstrip("*") for arg in method["args"] if arg.startswith("CThost")]


def _shape(method: Facts) -> str:
    structs, count = _structs(method), len(method["args"])
    if not count:
        return "kPlain"
    if not structs:
        return "kNumber"
    if structs == [_RSP_INFO] and count == 3:
        return "kError"
    if len(structs) == 2 and structs[1] == _RSP_INFO:
        return {4: "kResponse", 2: "kErrorNotice"}[count]
    assert count == 1, method
    return "kNotice"


_PUT = {
    "kPlain": ("", "nullptr, 0, nullptr, 0, false"),
    "kNumber": ("int number", "nullptr, 0, nullptr, number, false"),
    "kError": (f"{_RSP_INFO} *error, int id, bool last", "nullptr, 0, error, id, last"),
    "kNotice": ("{0} *data", "data, sizeof *data, nullptr, 0, false"),
    "kErrorNotice": (f"{{0}} *data, {_RSP_INFO} *error", "data, sizeof *data, error, 0, false"),
    "kResponse": (
        f"{{0}} *data, {_RSP_INFO} *error, int id, bool last",
        "data, sizeof *data, error, id, last",
    ),
}


def _shell(short: str, name: str, spi: list[Facts]) -> list[str]:
    lines = [
        f"class {short}Shell final : public CThostFtdc{name}Spi {{",
        "public:",
        f"    explicit {short}Shell(Inbox *inbox) : door(inbox) {{}}",
        "    Door door;",
        "",
    ]
    for number, method in enumerate(spi):
        args, put = _PUT[_shape(method)]
        args = args.format(*_structs(method))
        drops = ", true" if method["name"] == "OnRtnDepthMarketData" else ""
        lines += [
            f"    void {method['name']}({args}) override {{",
            f"        door.Put({number}, {put}{drops});",
            "    }",
        ]
    return [*lines, "};", ""]


def _face(name: str) -> str:
    return _SPELLED.get(name, name[0].lower() + name[1:])


def _callbacks(short: str, spi: list[Facts]) -> list[str]:
    lines = [f"inline constexpr Callback k{short}Callbacks[] = {{"]
    for method in spi:
        shape = _shape(method)
        given = shape in ("kResponse", "kNotice", "kErrorNotice")
        info = f"&ctp::k{_structs(method)[0]}" if given else "nullptr"
        name = method["name"]
        lines.append(f'    {{"{name}", "{_face(name)}", Shape::{shape}, {info}}},')
    return [*lines, "};", ""]


def _requests(short: str, api_class: str, api: list[Facts]) -> list[str]:
    """All that is given one struct: ``Req…`` has a request id, ``Register…``/``Submit…`` none."""
    lines = [f"inline constexpr Request<{api_class}> k{short}Requests[] = {{"]
    for method in api:
        name, structs = method["name"], _structs(method)
        if len(structs) != 1 or name in _NOT_REQUESTS or name == "RegisterSpi":
            continue
        numbered = len(method["args"]) == 2
        call = f"api->{name}(static_cast<{structs[0]} *>(fields){', id' if numbered else ''})"
        body = f"return {call};" if method["returns"] == "int" else f"{call}; return 0;"
        args = f"[]({api_class} *api, void *fields, int{' id' if numbered else ''})"
        lines += [
            f'    {{"{name}", "{_face(name)}", &ctp::k{structs[0]}, {str(numbered).lower()},',
            f"     {args} {{ {body} }}}},",
        ]
    return [*lines, "};", ""]
