"""Conditional orders on the page: what they are, that they are local, and their cancel."""

from collections.abc import Iterator

import pytest
from tests.browser.chromium import Browser, Page, find
from tests.integration.daemon import Daemon

PROGRAM = find()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium here (set CHROMIUM to its path)"),
]
ROW = "  - {id: guarded, file: guarded.py, instruments: [SHFE.rb], params: {loose: true}}\n"


@pytest.fixture
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    assert PROGRAM is not None
    daemon = Daemon(tmp_path_factory.mktemp("page"), "strategies:\n" + ROW)
    browser = Browser(PROGRAM, tmp_path_factory.mktemp("profile"))
    try:
        daemon.start("--speed", "20")
        made = browser.page()
        made.look(1440, 900, "light")
        made.open(daemon.link())
        made.wait("document.querySelectorAll('#strategies td').length > 3")
        made.reload("en")
        yield made
    finally:
        browser.close()
        daemon.kill()


def test_they_are_listed_said_to_be_local_and_cancelled(page: Page) -> None:
    table = "document.getElementById('conditionals').innerText"
    page.wait(f"{table}.includes('armed')", 20)
    shown = page.text("#conditionals")
    for word in ("SHFE.rb", "sell exit", "stop", "Last", "market", "0/2", "guarded"):
        assert word in shown
    assert "does not exist while it is off" in page.run("document.body.innerText")
    page.click("#language")
    page.wait(f"{table}.includes('等待触发')")
    words = page.run("document.body.innerText")
    assert "本地条件单" in words
    assert "关机即不存在" in words
    assert "undefined" not in words
    page.click("#conditionals tr[data-id]:not([data-id='']) button")
    page.wait(f"!{table}.includes('guarded')")
    assert page.complaints() == []
