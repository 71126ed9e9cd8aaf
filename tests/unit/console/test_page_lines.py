"""What the page says of the lines to the venue: run as in a browser, over stand-ins."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import homalos.console

FILES = Path(homalos.console.__file__).parent / "static_files"
PAGE = """
const vm = require("vm"), fs = require("fs");
const made = {};
const element = () => ({
  addEventListener() {}, classList: { add() {}, remove() {} }, dataset: {},
});
const context = vm.createContext({
  document: { getElementById: (id) => (made[id] ??= element()), querySelectorAll: () => [],
    addEventListener() {}, documentElement: {}, body: element() },
  localStorage: { getItem: () => "en" }, navigator: { language: "en" }, location: { host: "x" },
  WebSocket: class {}, Intl,
});
const [files, status] = JSON.parse(fs.readFileSync(0, "utf8"));
for (const file of files) vm.runInContext(fs.readFileSync(file, "utf8"), context);
vm.runInContext(`draw.status(${JSON.stringify(status)})`, context);
console.log(made["line-fault"].textContent);
"""


def shown(*lines: dict[str, Any]) -> str:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node to run the page's script")
    status = {"gateway": "ctp", "trading_state": "reducing", "lines": lines}
    files = [str(FILES / "words.js"), str(FILES / "app.js")]
    run = subprocess.run(
        [node, "-e", PAGE], input=json.dumps([files, status]), capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    return run.stdout.strip()


def line(channel: str, *, ready: bool, code: int = 0, message: str = "") -> dict[str, Any]:
    return {"channel": channel, "ready": ready, "state": "x", "code": code, "message": message}


def test_every_line_says_what_is_wrong_with_it_ready_or_not() -> None:
    silent = line("md", ready=True, message="no tick of any contract")
    cut = line("td", ready=False, message="4097 the network could not be read")
    assert shown(silent, cut) == (
        "MD no tick of any contract · TD 4097 the network could not be read"
    )
    refused = line("td", ready=False, code=3, message="wrong password")
    assert shown(line("md", ready=True), refused) == "TD 3 wrong password"


def test_lines_in_order_say_nothing() -> None:
    assert shown(line("md", ready=True), line("td", ready=True)) == ""
