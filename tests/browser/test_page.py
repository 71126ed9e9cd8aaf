"""The console's page in a real browser, on the real daemon."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.browser.chromium import Browser, Page, find
from tests.integration.daemon import Daemon, until

PROGRAM = find()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium here (set CHROMIUM to its path)"),
]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    made = Daemon(tmp_path_factory.mktemp("page"))
    try:
        made.start("--speed", "20")
        yield made
        assert made.stop() == 0
    finally:
        made.kill()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go; HOMALOS_SCREENSHOTS keeps them."""
    kept = os.environ.get("HOMALOS_SCREENSHOTS")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def page(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Logged in through the link that the daemon printed."""
    assert PROGRAM is not None
    browser = Browser(PROGRAM, tmp_path_factory.mktemp("profile"))
    try:
        made = browser.page()
        made.look(1440, 900, "light")
        made.open(daemon.link())
        made.wait("document.querySelectorAll('#strategies td').length > 3")
        made.reload("en")
        made.wait("document.documentElement.lang === 'en'")
        made.wait("document.querySelectorAll('#strategies td').length > 3")
        yield made
    finally:
        browser.close()


@pytest.fixture(autouse=True)
def _no_complaint(request: pytest.FixtureRequest, page: Page, daemon: Daemon) -> Iterator[None]:
    """No error in the console, no request to anybody else: after every test."""
    yield
    if "quiet" in request.fixturenames:
        return
    assert page.complaints() == []
    assert page.hosts() <= {f"127.0.0.1:{daemon.port}"}


def test_the_link_logs_in_and_leaves_no_secret(page: Page, daemon: Daemon) -> None:
    assert page.hosts() == {f"127.0.0.1:{daemon.port}"}
    assert page.run("location.href") == f"http://127.0.0.1:{daemon.port}/"
    assert "console_sid" not in page.run("document.cookie"), "no script can read the cookie"
    assert page.text("#venue").startswith("SIMULATED")


def test_everything_is_there_and_moves(page: Page) -> None:
    ticks = "Number(document.getElementById('ticks').innerText.replaceAll(',', ''))"
    first = page.wait(ticks)
    page.wait(f"{ticks} > {first + 20}")
    clock = page.text("#market-time")
    page.wait(f"document.getElementById('market-time').innerText !== '{clock}'")
    assert float(page.text("#balance").replace(",", "")) > 100_000
    for table, word in (("orders", "churn"), ("trades", "churn"), ("strategies", "watch-rb")):
        page.wait(f"document.getElementById('{table}').innerText.includes('{word}')")
    page.wait("document.querySelectorAll('#positions td:not(.empty)').length > 4", 20)
    newest = page.text("#orders tr:nth-child(2)")
    page.wait(f"document.querySelector('#orders tr:nth-child(2)').innerText !== {newest!r}")
    assert page.text("#state") == "ACTIVE"
    assert page.text("#lines") == "up / up"
    assert not page.run("document.body.classList.contains('stale')")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            [
                {"channel": "md", "ready": True, "code": 0, "message": "no tick of any contract"},
                {"channel": "td", "ready": False, "code": 3, "message": "wrong password"},
            ],
            "MD no tick of any contract · TD 3 wrong password",
        ),
        ([{"channel": "md", "ready": True, "code": 0, "message": ""}], ""),
    ],
)
def test_every_line_says_what_is_wrong_with_it_ready_or_not(
    page: Page, lines: list[dict[str, object]], said: str
) -> None:
    page.wait("latest.status")
    script = f"(() => {{ draw.status({{...latest.status, lines: {json.dumps(lines)}}});"
    script += " return document.getElementById('line-fault').textContent; })()"
    assert page.run(script) == said


def test_the_language_changes_and_stays(page: Page) -> None:
    assert page.text("#kill") == "Kill switch"
    page.click("#language")
    page.wait("document.getElementById('kill').innerText === '停止并全撤'")
    assert page.run("document.documentElement.lang") == "zh"
    page.reload()
    page.wait("document.getElementById('state')?.innerText === '可交易'")
    words = page.run("document.body.innerText")
    for english in ("Strategies", "Trading day", "undefined", "NaN", "null"):
        assert english not in words
    page.click("#language")
    page.wait("document.getElementById('state').innerText === 'ACTIVE'")
    words = page.run("document.body.innerText")
    assert "undefined" not in words
    assert "NaN" not in words


def button(strategy: str) -> str:
    """A selector of the strategy's own button, which the page is told to mark."""
    return f"#strategies tr[data-id='{strategy}'] button"


def test_a_strategy_stops_and_starts_by_its_button(page: Page, daemon: Daemon) -> None:
    assert page.text(button("churn-m")) == "Stop"
    # Pressed for longer than it takes the page to draw the table anew.
    page.click(button("churn-m"), hold_s=0.7)
    until(lambda: daemon.strategy("churn-m")["state"] == "stopped", 5, "stopped")
    page.wait(f"document.querySelector(\"{button('churn-m')}\").innerText === 'Start'")
    assert "stopped" in page.text("#strategies tr[data-id='churn-m']")
    page.click(button("churn-m"))
    until(lambda: daemon.strategy("churn-m")["state"] == "running", 5, "running")
    page.wait(f"document.querySelector(\"{button('churn-m')}\").innerText === 'Stop'")


def test_the_keyboard_keeps_its_place(page: Page) -> None:
    page.run(f'document.querySelector("{button("churn-rb")}").focus()')
    orders = page.text("#strategies tr[data-id='churn-rb']")
    page.wait(
        f"document.querySelector('#strategies tr[data-id=churn-rb]').innerText !== {orders!r}"
    )
    assert page.run("document.activeElement.closest('tr')?.dataset.id") == "churn-rb"
    rows = page.run("[...document.querySelectorAll('#orders tr')].map(r => r.dataset.key)")
    assert len(rows) == len(set(rows)) > 5
    assert len(rows) <= 51, "old rows go"


def test_the_kill_switch_asks_once_and_then_acts(
    page: Page, daemon: Daemon, pictures: Path
) -> None:
    page.click("#kill")
    page.wait("document.getElementById('kill-dialog').open")
    assert "cancel every order" in page.text("#kill-dialog")
    assert page.run("document.querySelector('input[name=scope]:checked').value") == "cancel"
    page.shoot(pictures / "kill.png")
    page.click("#kill-dialog button[value=no]")
    page.wait("!document.getElementById('kill-dialog').open")
    page.rest(0.5)
    assert daemon.status()["trading_state"] == "active", "Back does nothing"
    page.click("#kill")
    page.wait("document.getElementById('kill-dialog').open")
    page.run("document.querySelector('input[name=scope][value=account]').click()")
    page.click("#kill-dialog button[value=yes]")
    page.wait("document.getElementById('state').innerText === 'HALTED'")
    page.wait("document.getElementById('flatten').innerText.includes('flat')")
    page.shoot(pictures / "flatten.png")
    assert daemon.ask("/api/v1/positions") == []
    assert daemon.status()["trading_state"] == "halted"
    page.wait("document.getElementById('arm').innerText === 'Arm trading'")
    page.click("#arm")
    page.wait("document.getElementById('confirm').open")
    page.click("#confirm button[value=yes]")
    page.wait("document.getElementById('state').innerText === 'ACTIVE'")
    page.wait("document.getElementById('flatten-card').hidden")


def test_a_refusal_stays_until_it_is_read(page: Page, pictures: Path) -> None:
    """An error is not wiped by the next message of the socket, a fifth of a second later."""
    page.run("post('/strategies/nobody/start')")
    page.wait("!document.getElementById('notice').hidden")
    page.rest(1.0)
    assert "nobody" in page.text("#notice")
    page.shoot(pictures / "refused.png")
    page.click("#notice button")
    page.wait("document.getElementById('notice').hidden")
    assert len(page.complaints()) == 1, "the browser itself tells of the 404"
    page.forget()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(390, 844), (1440, 900)])
def test_it_fits_every_window(
    page: Page, pictures: Path, width: int, height: int, scheme: str, language: str
) -> None:
    page.look(width, height, scheme)
    page.reload(language)
    page.wait(f"document.documentElement.lang === '{language}'")
    page.wait("document.querySelectorAll('#trades td').length > 8")
    page.rest(0.3)
    page.shoot(pictures / f"{width}-{scheme}-{language}.png")
    assert page.run("document.documentElement.scrollWidth") <= width, "nothing sticks out"
    small = page.run(
        "[...document.querySelectorAll('button')].filter(b => b.offsetParent"
        " && b.getBoundingClientRect().height < 24).map(b => b.innerText)"
    )
    assert small == [], "buttons that a finger misses"
    assert page.run(
        "[...document.querySelectorAll('#strategies button')].every(b =>"
        " b.getBoundingClientRect().right <= b.closest('.scroll').getBoundingClientRect().right)"
    ), "a strategy can be stopped without scrolling sideways"
    page.look(1440, 900, "light")
    page.reload("en")
    page.wait("document.getElementById('state')?.innerText === 'ACTIVE'")


@pytest.fixture
def quiet() -> None:
    """This test makes the console complain."""


def test_without_a_session_there_is_only_a_word(
    daemon: Daemon, tmp_path: Path, pictures: Path, quiet: None
) -> None:
    assert PROGRAM is not None
    browser = Browser(PROGRAM, tmp_path)
    try:
        stranger = browser.page()
        stranger.look(390, 844, "dark")
        stranger.open(f"http://127.0.0.1:{daemon.port}/")
        stranger.wait("document.body?.innerText.includes('login')")
        stranger.shoot(pictures / "login.png")
        assert "churn" not in stranger.run("document.documentElement.outerHTML")
        stranger.open(f"http://127.0.0.1:{daemon.port}/#t=spent")
        stranger.reload()
        stranger.wait("document.body?.innerText.includes('used already')")
    finally:
        browser.close()


def test_when_the_daemon_goes_the_page_says_so(
    page: Page, daemon: Daemon, pictures: Path, quiet: None
) -> None:
    """Last: the daemon of this module goes and comes back; its sessions do not."""
    page.wait("!document.body.classList.contains('stale')")
    daemon.kill()
    page.wait("document.body.classList.contains('stale')")
    page.wait("document.getElementById('notice').innerText.includes('does not answer')")
    page.shoot(pictures / "gone.png")
    daemon.start("--speed", "20")
    page.wait("document.getElementById('notice').innerText.includes('session has ended')", 20)
