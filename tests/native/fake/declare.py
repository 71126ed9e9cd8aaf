"""What a stand-in for the vendor's libraries needs of every method: requests are remembered,
callbacks are made by number. Written from the same facts as the binding itself."""

import json
from pathlib import Path
from typing import Any

FACTS = Path(__file__).resolve().parents[3] / "src/homalos/ctp/versions/6.7.11.json"
SIDES = {"md": "Md", "td": "Trader"}


def header(side: str) -> str:
    facts = json.loads(FACTS.read_text(encoding="utf-8"))
    name = f"CThostFtdc{SIDES[side]}"
    lines = ["#pragma once", '#include "ctp_api.h"', ""]
    lines += _api(f"{name}Api", facts["classes"][f"{name}Api"]["virtual"])
    lines += _call(f"{name}Spi", facts["classes"][f"{name}Spi"]["virtual"])
    return "\n".join(lines) + "\n"


def _structs(method: Any) -> list[str]:
    return [arg.split()[0].rstrip("*") for arg in method["args"] if arg.startswith("CThost")]


def _api(name: str, methods: Any) -> list[str]:
    """Every request that is given one struct; the rest is written by hand in fake.cpp."""
    lines = [f"class FakeRequests : public {name} {{", "public:"]
    lines.append("    virtual int Remember(const char *, const void *, int, int) = 0;")
    for method in methods:
        structs = _structs(method)
        if len(structs) != 1 or method["name"] in ("RegisterSpi", "GetFrontInfo"):
            continue
        numbered = len(method["args"]) == 2
        args = f"{structs[0]} *body{', int id' if numbered else ''}"
        call = f'Remember("{method["name"]}", body, sizeof *body, {"id" if numbered else "0"})'
        call = f"return {call}" if method["returns"] == "int" else call
        lines.append(f"    {method['returns']} {method['name']}({args}) override {{ {call}; }}")
    return [*lines, "};", ""]


def _call(name: str, methods: Any) -> list[str]:
    lines = [
        f"inline void CallBack({name} *spi, int method, void *body,",
        "    CThostFtdcRspInfoField *error, int id, bool last) {",
        "    switch (method) {",
    ]
    for number, method in enumerate(methods):
        given = iter([f"static_cast<{s} *>(body)" for s in _structs(method)])
        args = []
        for arg in method["args"]:
            if arg.startswith("CThostFtdcRspInfoField"):
                args.append("error")
            elif arg.startswith("CThost"):
                args.append(next(given))
            else:
                args.append("last" if arg.startswith("bool") else "id")
        lines.append(f"    case {number}: spi->{method['name']}({', '.join(args)}); break;")
    return [*lines, "    }", "}", ""]
