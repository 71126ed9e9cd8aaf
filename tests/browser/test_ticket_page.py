"""A person trades on the page: the ticket, other terms, and what they decide about differences."""

import json
from collections.abc import Iterator

import pytest
from tests.browser.chromium import Browser, Page, find
from tests.integration.daemon import Daemon, until

PROGRAM = find()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium here (set CHROMIUM to its path)"),
]
ROW = "  - {id: watch-rb, file: watch.py, instruments: [SHFE.rb]}\n"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    made = Daemon(tmp_path_factory.mktemp("page"), "strategies:\n" + ROW)
    try:
        made.start("--speed", "20")
        yield made
    finally:
        made.kill()


@pytest.fixture(scope="module")
def page(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    assert PROGRAM is not None
    browser = Browser(PROGRAM, tmp_path_factory.mktemp("profile"))
    try:
        made = browser.page()
        made.look(1440, 900, "light")
        made.open(daemon.link())
        made.wait("document.querySelectorAll('#strategies td').length > 3")
        made.reload("en")
        made.wait("document.documentElement.lang === 'en'")
        made.wait("document.getElementById('ticket-instrument').value.includes('SHFE.rb')")
        made.run("document.getElementById('ticket-card').open = true")
        yield made
    finally:
        browser.close()


def fill(page: Page, **fields: object) -> None:
    for name, value in fields.items():
        script = f"field('{name}').value = {json.dumps(str(value))};"
        page.run(script + f" field('{name}').dispatchEvent(new Event('change'))")


def sure(page: Page) -> str:
    """What the page asks before it sends; then yes."""
    page.wait("document.getElementById('confirm').open")
    text = page.text("#question-about")
    page.click("#confirm button[value=yes]")
    return text


def test_a_ticket_becomes_an_order_and_takes_other_terms(page: Page, daemon: Daemon) -> None:
    fill(page, kind="market", lots=2)
    assert page.run("field('price').closest('label').hidden")
    page.click("#ticket-buy")
    asked = sure(page)
    assert asked.startswith("buy · 2 × SHFE.rb")
    page.wait("document.getElementById('positions').innerText.includes('SHFE.rb')", 10)
    page.wait("document.getElementById('trades').innerText.includes('manual')", 10)
    last = float(page.run("latest.positions[0].last_price"))

    fill(page, kind="limit", lots=1, price=last - 60)
    page.click("#ticket-buy")
    sure(page)
    page.wait("latest.orders.some((o) => o.status === 'accepted')", 10)
    page.click("#orders .pair button")
    page.wait("document.getElementById('replace-dialog').open")
    page.run(f"$('replace-price').value = {last - 70}")
    page.click("#replace-dialog button[value=yes]")
    at = f"latest.orders.some((o) => o.status === 'accepted' && o.price === {last - 70})"
    page.wait(at, 10)
    assert page.complaints() == []


def test_a_ticket_holds_a_conditional_order(page: Page) -> None:
    last = float(page.run("latest.positions[0].last_price"))
    fill(page, kind="stop", lots=2, trigger=last - 300)
    assert "local" in page.text("#ticket-note")
    page.click("#ticket-sell")
    assert "close only" in sure(page)
    page.wait("document.getElementById('conditionals').innerText.includes('manual')", 10)
    assert page.complaints() == []


def test_what_is_wrong_is_said(page: Page) -> None:
    fill(page, kind="limit", lots=1, price="")
    page.click("#ticket-buy")
    sure(page)
    page.wait("!document.getElementById('notice').hidden")
    assert "price" in page.text("#notice")
    page.click("#notice-read")


DIFFER = {
    "differences": ["SHFE.rb2605 long: books 2 today + 0 yesterday lots, venue 1 + 0"],
    "confirmed": True,
    "missing": [
        {
            "instrument": "SHFE.rb2605", "direction": "long", "lots": 1,
            "owners": [{"strategy": "a", "lots": 1}, {"strategy": "manual", "lots": 1}],
        }
    ],
}  # fmt: skip


def test_differences_are_shown_and_are_a_persons_to_settle(page: Page, daemon: Daemon) -> None:
    assert page.run("$('differences-card').hidden")
    page.run(
        f"latest.reconciliation = {json.dumps(DIFFER)}; draw.reconciliation({json.dumps(DIFFER)})"
    )
    assert "books 2 today" in page.text("#differences-card")
    assert page.run("document.querySelectorAll('#missing button').length") == 2
    # Nothing differs in truth, and the daemon says so: exactly what was shown is what it is asked.
    page.click("#accept")
    assert "venue 1 + 0" in sure(page)
    page.wait("!document.getElementById('notice').hidden")
    until(lambda: "two answers" in page.text("#notice"), 5, "the refusal")
    page.click("#notice-read")
    page.run("draw.reconciliation({differences: [], confirmed: false, missing: []})")
    assert page.run("$('differences-card').hidden")


def test_limits_are_shown_with_what_they_do(page: Page) -> None:
    page.wait("document.getElementById('limits').innerText.includes('margin use')", 10)
    shown = page.text("#limits")
    assert "85 % warns" in shown
    assert "5 % reduces" in shown
    counter = {"count": 420, "own": 420, "group": 0, "soft": 400, "limit": 500}
    empty = {"count": 0, "own": 0, "group": 0, "soft": 4, "limit": 5}
    contract = {
        "instrument": "SHFE.rb2605", "exempt": False, "source": "SHFE", "cancels": counter,
        "large_cancels": empty, "self_trades": empty, "messages": empty,
    }  # fmt: skip
    breaker = {"strategy": "trend", "count": 5, "limit": 5, "until": 1, "why": "5 rejects in a row"}
    more = {"programme": {"exchanges": [], "contracts": [contract]}, "breakers": [breaker]}
    page.run(f"draw.limits({{...latest.limits, ...{json.dumps(more)}}})")
    shown = page.text("#limits")
    assert "400 denies opens" in shown
    assert "trend" in shown
    assert page.run("document.querySelectorAll('#limits td.error').length") >= 4
    page.click("#limits button")  # of a breaker that is not open in truth
    page.wait("!document.getElementById('notice').hidden")
    assert "not open" in page.text("#notice")
    page.click("#notice-read")
