"""The daemon's books against the statements of the simulated front, over a real CTP line: a day
that agrees to the cent through its roll, and a statement that was tampered with, after a restart.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.ctp_pair import Pair, main_contract
from tests.integration.daemon import until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("dropins")]

PRODUCTS = ("INE.ec", "CZCE.AP", "DCE.jd")
"""Without a night session, so that a day is soon over; three exchanges with other rules."""
SETS = (
    f"exchange.generator_products=[{','.join(PRODUCTS)}]", "exchange.generator_history_bars=240",
    "front.queries_per_s=0",
)  # fmt: skip
PACE = ("--speed", "30")


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path)
    yield made
    made.kill()


def begin(pair: Pair) -> None:
    """Front and daemon, each at work on the day's main contracts."""
    pair.start_front(*PACE, sets=SETS)
    day = int(pair.front.tell("status")["trading_day"])
    pair.contracts = tuple(main_contract(name, day) for name in PRODUCTS)
    pair.start_daemon()


def settled(pair: Pair, day: int) -> None:
    """The rest of the day, as fast as it goes, until the exchange has settled it."""
    pair.front.tell("speed", speed="max")
    until(lambda: int(pair.front.tell("status")["trading_day"]) > day, 60, "the settlement")
    pair.front.tell("speed", speed=0.00001)


def traded(pair: Pair, count: int = 20) -> None:
    """So many trades, then nobody acts and both sides hold the same."""
    pair.until_ready()
    pair.front.tell("go")
    pair.trade(count)
    pair.quiesce()
    pair.compare()


def statements(pair: Pair) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pair.at_work.ask("/api/v1/settlements")["items"]
    return found


def result(pair: Pair, day: int, *wanted: str) -> dict[str, Any]:
    """The result of that day, when it is there and one of those."""

    def found() -> list[dict[str, Any]]:
        rows = [row for row in statements(pair) if row["trading_day"] == day]
        return [row for row in rows if not wanted or row["result"] in wanted]

    until(lambda: bool(found()), 30, f"a statement of {day}: {statements(pair)}")
    return found()[0]


def figures(row: dict[str, Any]) -> dict[str, tuple[float, float]]:
    return {f["name"]: (f["ours"], f["theirs"]) for f in row["figures"]}


def alerts(pair: Pair, severity: str) -> list[str]:
    return [
        row["text"] for row in pair.at_work.ask("/api/v1/alerts?limit=200")
        if row["severity"] == severity
    ]  # fmt: skip


def beyond_its_trades(pair: Pair, strategy: str) -> float:
    """What a strategy's book has in fees that its trades, of all days, do not make."""

    def looked() -> float:
        rows = pair.at_work.rows("SELECT sum(fee) FROM trades WHERE strategy = ?", strategy)
        books = {row["id"]: row["fees"] for row in pair.at_work.ask("/api/v1/strategies")}
        return float(books[strategy]) - float(rows[0][0])

    until(lambda: looked() == pytest.approx(100.0, abs=0.005), 10, f"rows: {looked()}")
    return looked()


def tamper(pair: Pair, day: int, change: Any) -> None:
    """Another text for the day, in the front's own file; it must be down."""
    path = next(pair.front.data.rglob("front.json"))
    book = json.loads(path.read_text(encoding="utf-8"))
    kept = book["statements"]["sim"]
    before = kept[str(day)]
    kept[str(day)] = change(before)
    assert kept[str(day)] != before
    path.write_text(json.dumps(book), encoding="utf-8")


def test_a_day_agrees_to_the_cent_through_its_roll_and_a_restart(pair: Pair) -> None:
    begin(pair)
    traded(pair)
    day = pair.at_work.status()["trading_day"]
    trades = len(pair.books()["trades"])
    settled(pair, day)
    until(lambda: pair.at_work.status()["trading_day"] != day, 30, "the new day")
    pair.until_ready()
    row = result(pair, day, "agreed", "differs", "partly")
    assert row["differences"] == [], row["differences"]
    assert (row["result"], row["corrections"], row["notes"]) == ("agreed", [], [])
    money = figures(row)
    for name in ("opening", "deposit", "closed_profit", "position_profit", "fees", "equity"):
        ours, theirs = money[name]
        assert ours == pytest.approx(theirs, abs=0.005), name
    text = Path(row["path"]).read_text(encoding="utf-8")
    assert f"共{trades:4d}条" in text
    theirs = money["equity"][1]
    assert pair.at_work.ask("/api/v1/account")["pre_balance"] == pytest.approx(theirs, abs=0.005)
    code, out, err = pair.at_work.say("settlement", "--day", str(day))
    assert (code, err) == (0, "")
    assert "agrees with the books" in out
    # A restart asks for it again, and compares nothing again; a replay comes to the same without
    # the file.
    assert pair.at_work.stop() == 0, pair.at_work.err()
    Path(row["path"]).unlink()
    words = ("journal", "replay", "--anyway", "--strategies", str(pair.at_work.strategies))
    code, out, err = pair.at_work.say(*words)
    assert code == 0, out + err
    pair.start_daemon()
    pair.until_ready()
    assert result(pair, day)["ts"] == row["ts"]
    log = pair.at_work.rows("SELECT result FROM audit WHERE kind = 'settlement'")
    assert {found[0] for found in log} == {"agreed"}
    pair.stop()


def test_a_statement_that_differs_is_found_after_a_restart(pair: Pair) -> None:
    """The daemon is down while the day is settled; a fee, a trade, lots, the equity and a margin
    call are not as the books have them."""
    begin(pair)
    traded(pair)
    day = pair.at_work.status()["trading_day"]
    assert pair.at_work.stop() == 0, pair.at_work.err()
    settled(pair, day)
    assert pair.front.stop() == 0
    changed: dict[str, str] = {}

    def change(text: str) -> str:
        lines = text.split("\n")
        at = next(i for i, line in enumerate(lines) if "成交序号" in line)
        rows = [i for i in range(at, len(lines)) if lines[i].startswith("|2")]
        first, last = rows[0], rows[-1]
        while not lines[last].startswith("|2"):
            last -= 1
        cells = lines[first].split("|")
        changed["number"], changed["fee"] = cells[14].strip(), cells[11].strip()
        cells[11] = f"{float(changed['fee']) + 100:.2f}"
        lines[first] = "|".join(cells)
        trades = [i for i in rows if lines[i].count("|") == lines[first].count("|")]
        changed["gone"] = lines[trades[-1]].split("|")[14].strip()
        del lines[trades[-1]]
        text = "\n".join(lines)
        count = len(trades)
        text = text.replace(f"共{count:4d}条", f"共{count - 1:4d}条", 1)
        head, tail = text.split("应追加资金 Margin Call：", 1)
        _, rest = tail.split("\n", 1)
        return f"{head}应追加资金 Margin Call：  4321.00\n{rest}"

    tamper(pair, day, change)
    pair.restart_front("--hold", sets=SETS)
    pair.start_daemon()
    pair.until_ready()
    row = result(pair, day, "agreed", "differs", "partly")
    assert row["result"] == "differs"
    whats = {(found["what"], found["where"].split()[-1] if found["where"] else "")
             for found in row["differences"]}  # fmt: skip
    assert ("fee", changed["number"]) in whats
    assert ("trade", changed["gone"]) in whats
    (fee,) = [found for found in row["corrections"] if found["what"] == "fee"]
    assert fee["amount"] == pytest.approx(-100.0)
    assert beyond_its_trades(pair, fee["strategy"]) == pytest.approx(100.0, abs=0.005)
    assert any("4321.00" in text for text in alerts(pair, "critical"))
    # Once: another start finds the same text, corrects nothing, and tells the call again.
    assert pair.at_work.stop() == 0, pair.at_work.err()
    pair.start_daemon()
    pair.until_ready()
    result(pair, day, "differs")
    assert beyond_its_trades(pair, fee["strategy"]) == pytest.approx(100.0, abs=0.005)
    until(lambda: any("4321.00" in text for text in alerts(pair, "critical")), 10, "the call")
    pair.stop()
