"""A real Chromium over its DevTools protocol: one page, what it says, what it asks for."""

import base64
import json
import os
import shutil
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.integration.daemon import until
from websockets.sync.client import connect


def find() -> str | None:
    """The browser of this machine."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


class Browser:
    """Headless, with a profile of its own, knowing no host but this machine."""

    def __init__(self, program: str, profile: Path) -> None:
        self._process = subprocess.Popen(
            [
                program, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--no-proxy-server", "--hide-scrollbars", "--mute-audio",
                "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        port_file = profile / "DevToolsActivePort"
        until(
            lambda: port_file.is_file() and len(port_file.read_text().split()) == 2, 30, "Chromium"
        )
        port, path = port_file.read_text().split()
        url = f"ws://127.0.0.1:{port}{path}"
        self._open = ExitStack()
        self._socket = self._open.enter_context(
            connect(url, max_size=None, proxy=None, open_timeout=20)
        )
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Ask and wait for the answer; events that come meanwhile are kept."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(timeout=30))
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def page(self) -> "Page":
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, session)

    def close(self) -> None:
        self._open.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)


class Page:
    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **params)

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)

    def reload(self, language: str = "") -> None:
        """Until the new document is there: nothing is read of the old one. ``language``: to be
        shown from now on."""
        if language:
            self.run(f"localStorage.setItem('language', '{language}')")
        self.run("window.replaced = true")
        self.call("Page.reload")
        self.wait("!window.replaced && document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """The value of an expression; what it throws is raised."""
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def text(self, selector: str) -> str:
        """Text of the first match as a person sees it; "" where there is none."""
        return str(self.run(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def wait(self, script: str, seconds: float = 15.0) -> Any:
        """Until the expression is true."""

        def ask() -> Any:
            try:
                return self.run(script)
            except RuntimeError:  # the page is being replaced
                return None

        return until(ask, seconds, script)

    def click(self, selector: str, hold_s: float = 0.0) -> None:
        """With the mouse, in the middle of the first match, after scrolling there."""
        name = json.dumps(selector)
        self.wait(f"!!document.querySelector({name})")
        spot = self.run(
            f"(() => {{ const e = document.querySelector({name});"
            " e.scrollIntoView({block: 'center', inline: 'center'});"
            " const r = e.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=spot[0], y=spot[1], button="left",
                      clickCount=1)  # fmt: skip
            if kind == "mousePressed":
                self.rest(hold_s)

    def look(self, width: int, height: int, scheme: str) -> None:
        """Window size and the system's colours."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 500)  # fmt: skip
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": scheme}])  # fmt: skip

    def shoot(self, path: Path) -> None:
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    # ------------------------------------------------------------ what it said and asked for

    def complaints(self) -> list[str]:
        """Errors in the console and exceptions so far."""
        self.run("0")  # what is on its way arrives before the answer
        found = []
        for event in self._browser.events:
            method, params = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                found.append(str(params["exceptionDetails"]))
            elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
                found.append(str(params["args"]))
            elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
                found.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
        return found

    def forget(self) -> None:
        """What was said so far is known."""
        self._browser.events.clear()

    def hosts(self) -> set[str]:
        """Every host that was asked for anything, sockets included."""
        self.run("0")
        urls = []
        for event in self._browser.events:
            params = event.get("params", {})
            if event.get("method") == "Network.requestWillBeSent":
                urls.append(params["request"]["url"])
            elif event.get("method") == "Network.webSocketCreated":
                urls.append(params["url"])
        return {urlsplit(url).netloc for url in urls} - {""}

    def rest(self, seconds: float) -> None:
        """Let the page go on for a while."""
        time.sleep(seconds)
        self.run("0")
