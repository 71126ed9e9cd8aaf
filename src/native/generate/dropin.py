"""What the drop-in libraries need of every method, a side each: ``dropin_md.h``, ``dropin_td.h``.

Each has the class that forwards every request that can only be forwarded, the switch that gives a
frame to its callback, and the last byte of every text of a callback's structs, which is made zero
whatever the front has sent. ``client_md.h`` and ``client_td.h`` are the same from the other side,
for the test program: a callback class that records, and a switch that calls any method.
"""

import re
from typing import Any

Facts = dict[str, Any]

SIDES = {"md": "Md", "td": "Trader"}
SUBSCRIBE = ["char *ppInstrumentID[]", "int nCount"]
_STRUCT = re.compile(r"(CThostFtdc\w+Field)\s*\*")


def files(facts: Facts) -> dict[str, str]:
    made = {f"dropin_{side}.h": dropin(facts, side) for side in SIDES}
    return made | {f"client_{side}.h": client(facts, side) for side in SIDES}


def dropin(facts: Facts, side: str) -> str:
    short = SIDES[side]
    api = facts["classes"][f"CThostFtdc{short}Api"]["virtual"]
    spi = facts["classes"][f"CThostFtdc{short}Spi"]["virtual"]
    return "\n".join(
        [
            f"// CTP {facts['version']}, generated from its facts: do not edit.",
            "#pragma once",
            '#include "dropin/dispatch.h"',
            '#include "dropin/session.h"',
            "",
            "namespace dropin {",
            "",
            *_text_ends(facts, spi),
            "",
            *_forwards(short, api),
            "",
            *_dispatch(short, spi),
            "",
            *_ends_query(spi),
            "",
            "}  // namespace dropin",
            "",
        ]
    )


def _structs(method: Facts) -> list[str]:
    return [found[1] for a in method["args"] if (found := _STRUCT.match(a))]


def _text_ends(facts: Facts, spi: list[Facts]) -> list[str]:
    names = sorted({name for method in spi for name in _structs(method)})
    lines = []
    for name in names:
        fields = [f for f in facts["structs"][name]["fields"] if f.get("len")]
        ends = ", ".join(str(f["offset"] + f["size"] - 1) for f in fields)
        lines.append(f"template <> struct TextEnds<{name}> {{")
        lines.append(f"    static constexpr std::array<uint16_t, {len(fields)}> at{{{{{ends}}}}};")
        lines.append("};")
    return lines


def _forwards(short: str, api: list[Facts]) -> list[str]:
    """Requests of a struct and perhaps a number. All else is written by hand."""
    lines = [
        f"class {short}Forward : public CThostFtdc{short}Api {{",
        "public:",
        f"    explicit {short}Forward(Session &session) : session_(session) {{}}",
        "",
    ]
    for number, method in enumerate(api):
        name, args = method["name"], method["args"]
        if method["returns"] != "int" or not _structs(method):
            continue
        body = args[0].replace("*", " ").split()[-1]
        request = "nRequestID" if len(args) == 2 else "0"
        send = "query" if name.startswith("ReqQry") else "request"
        lines.append(f"    int {name}({', '.join(args)}) override {{")
        lines.append(f"        return session_.{send}({number}, {body}, {request});")
        lines.append("    }")
    return [*lines, "", "protected:", "    Session &session_;", "};"]


def _dispatch(short: str, spi: list[Facts]) -> list[str]:
    """The first three callbacks are of the connection, which the library itself knows."""
    cls = f"CThostFtdc{short}Spi"
    return [
        f"inline bool dispatch({cls} &spi, const Frame &frame) {{",
        "    switch (frame.method) {",
        *(
            f"    case {number}: return give(spi, frame, &{cls}::{method['name']});"
            for number, method in enumerate(spi)
            if _structs(method)
        ),
        "    default: return false;",
        "    }",
        "}",
    ]


def _ends_query(spi: list[Facts]) -> list[str]:
    numbers = [n for n, m in enumerate(spi) if m["name"].startswith("OnRspQry")]
    error = next(n for n, m in enumerate(spi) if m["name"] == "OnRspError")
    return [
        "// Whether this callback ends the query that is under way.",
        "inline bool ends_query(uint16_t method, bool last) {",
        "    switch (method) {",
        f"    case {error}: return true;",
        *(f"    case {number}:" for number in numbers),
        "        return last;",
        "    default: return false;",
        "    }",
        "}",
    ]


# ---------------------------------------------------------------- the test program's side


def client(facts: Facts, side: str) -> str:
    short = SIDES[side]
    api = facts["classes"][f"CThostFtdc{short}Api"]["virtual"]
    spi = facts["classes"][f"CThostFtdc{short}Spi"]["virtual"]
    return "\n".join(
        [
            f"// CTP {facts['version']}, generated from its facts: do not edit.",
            "#pragma once",
            '#include "ctp_api.h"',
            "",
            *_recorder(short, spi),
            "",
            *_calls(short, api),
            "",
        ]
    )


def _recorder(short: str, spi: list[Facts]) -> list[str]:
    lines = [f"class {short}Recorder : public CThostFtdc{short}Spi {{", "public:"]
    for method in spi:
        names = [a.replace("*", " ").split()[-1] for a in method["args"]]
        structs = [(kind, name) for kind, name in zip(_kinds(method), names, strict=True) if kind]
        body = next(((k, n) for k, n in structs if k != "CThostFtdcRspInfoField"), None)
        info = next((n for k, n in structs if k == "CThostFtdcRspInfoField"), "nullptr")
        size = f"sizeof({body[0]})" if body else "0"
        data = body[1] if body else "nullptr"
        number = "nRequestID" if "nRequestID" in names else names[0] if _plain(names, method) else 0
        last = "bIsLast" if "bIsLast" in names else "false"
        lines.append(f"    void {method['name']}({', '.join(method['args'])}) override {{")
        lines.append(f'        on("{method["name"]}", {data}, {size}, {info}, {number}, {last});')
        lines.append("    }")
    return [
        *lines,
        "",
        "protected:",
        (
            "    virtual void on(const char *name, const void *data, size_t size,"
            " const CThostFtdcRspInfoField *info, int number, bool last) = 0;"
        ),
        f"    ~{short}Recorder() = default;",
        "};",
    ]


def _kinds(method: Facts) -> list[str]:
    found = [_STRUCT.match(a) for a in method["args"]]
    return [match[1] if match else "" for match in found]


def _plain(names: list[str], method: Facts) -> bool:
    return len(names) == 1 and not _structs(method)


def _calls(short: str, api: list[Facts]) -> list[str]:
    """``body`` holds as many bytes as any struct has; null: a null pointer."""
    cls = f"CThostFtdc{short}Api"
    lines = [
        f"constexpr int k{short}Methods = {len(api)};",
        f"inline int call({cls} &api, int method, void *body, int request) {{",
        "    switch (method) {",
    ]
    for number, method in enumerate(api):
        structs = _structs(method)
        if not structs or method["returns"] != "int":
            continue
        args = [f"static_cast<{structs[0]} *>(body)", "request"][: len(method["args"])]
        lines.append(f"    case {number}: return api.{method['name']}({', '.join(args)});")
    lines += ["    default: return 99;", "    }", "}", ""]
    lines += [f"inline int method_of(CThostFtdc{short}Api *, const char *name) {{"]
    lines += [
        f'    if (!__builtin_strcmp(name, "{method["name"]}")) return {number};'
        for number, method in enumerate(api)
    ]
    return [*lines, "    return -1;", "}"]
