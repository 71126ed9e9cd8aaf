"""Puts the C++ program behind the same JSON lines: fields to structs and back, nothing else."""

import json
import subprocess
import sys
import threading
from typing import Any

from homalos.ctp import abi

FACTS = abi.load()
SIDE = "md" if "md" in sys.argv[1].rsplit("/", 1)[-1] else "td"
printing = threading.Lock()


def say(line: dict[str, Any]) -> None:
    with printing:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def layout(methods: Any, name: str) -> abi.Layout | None:
    method = next(m for m in methods if m.name == name)
    return FACTS.layout(method.structs[0]) if method.structs else None


def event(words: list[str]) -> dict[str, Any]:
    """``event NAME NUMBER LAST ERROR HEX``."""
    name, number, last, error, body = words[1:6]
    spi = FACTS.md_spi if SIDE == "md" else FACTS.td_spi
    found: dict[str, Any] = {"side": SIDE, "on": name, "data": None, "error": None}
    found |= {"number": int(number), "last": last == "1"}
    if error != "-":
        found["error"] = {"ErrorID": int(error)}
    kind = layout(spi, name)
    if body != "-" and kind is not None:
        found["data"] = kind.decode(bytes.fromhex(body))
    return found


def read(child: "subprocess.Popen[str]") -> None:
    assert child.stdout is not None
    for line in child.stdout:
        words = line.split()
        if words[0] == "event":
            say(event(words))
        elif words[0] == "ret":
            say({"ret": int(words[2])})
        elif words[0] in ("version", "day", "released"):
            say({"ret": " ".join(words[1:])})


def lines(asked: dict[str, Any]) -> list[str]:
    verb = asked["do"]
    if verb == "open":
        flows = ["resume 0 0"] if SIDE == "td" else []
        return [f"create {asked['flow']}", "spi", *flows, f"front {asked['front']}", "init", "day"]
    if verb == "call":
        kind = layout(FACTS.md_api if SIDE == "md" else FACTS.td_api, asked["name"])
        assert kind is not None
        return [f"call {asked['name']} {asked['request']} {kind.encode(asked['fields']).hex()}"]
    if verb == "subscribe":
        return ["SubscribeMarketData " + " ".join(asked["ids"])]
    return ["version"] if verb == "version" else ["release", "quit"]


def main() -> None:
    child = subprocess.Popen(
        [sys.argv[1]], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    )
    reader = threading.Thread(target=read, args=(child,))
    reader.start()
    assert child.stdin is not None
    for text in sys.stdin:
        asked = json.loads(text)
        child.stdin.write("\n".join(lines(asked)) + "\n")
        child.stdin.flush()
        if asked["do"] == "close":
            break
    child.stdin.close()
    reader.join()
    sys.exit(child.wait())


main()
