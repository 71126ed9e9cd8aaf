from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.exchange.bench import DAY, NEXT, contract

from homalos.gateway.ctp.rates import SAVE_EVERY, Rates
from homalos.model.enums import Severity
from homalos.model.market import Fees, Rate

RB, RB2, HC = contract("SHFE.rb2605"), contract("SHFE.rb2610"), contract("SHFE.hc2605")


def margin(id_: str, rate: float = 0.1, **more: Any) -> dict[str, Any]:
    names = ("LongMarginRatio", "ShortMarginRatio")
    row: dict[str, Any] = {"InstrumentID": id_, "IsRelative": 0}
    for name in names:
        row |= {f"{name}ByMoney": rate, f"{name}ByVolume": 0.0}
    return row | more


def fee(id_: str, rate: float = 0.0001, lot: float = 0.0) -> dict[str, Any]:
    row: dict[str, Any] = {"InstrumentID": id_}
    for name in ("OpenRatio", "CloseRatio", "CloseTodayRatio"):
        row |= {f"{name}ByMoney": rate, f"{name}ByVolume": lot}
    return row


class Bench:
    """Stands for the scheduler: answers when it is told to."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "gateway" / "ctp-rates.json"
        self.asked: list[tuple[str, str]] = []
        self.pending: list[tuple[Any, Any]] = []
        self.told: dict[str, tuple[Any, ...]] = {}
        self.alarms: list[Severity] = []
        self.rates = self.make()

    def make(self, investor: str = "me") -> Rates:
        return Rates(
            self, self.path, "9999", investor,  # type: ignore[arg-type]
            lambda id_, *rates: self.told.update({id_: rates}),
            lambda severity, text: self.alarms.append(severity),
        )  # fmt: skip

    def ask(self, name: str, fields: Any, done: Any, failed: Any, **options: Any) -> None:
        assert options == {"background": True}
        assert fields["InvestorID"] == "me"
        assert (fields.get("HedgeFlag") == "1") == ("Margin" in name)
        self.asked.append((name.removeprefix("ReqQryInstrument"), fields["InstrumentID"]))
        self.pending.append((done, failed))

    def answer(self, *rows: dict[str, Any]) -> None:
        done, _ = self.pending.pop(0)
        done(list(rows))

    def answer_all(self) -> None:
        while self.pending:
            name, id_ = self.asked[-1]
            self.answer(margin(id_) if "Margin" in name else fee(id_))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_nothing_is_asked_before_the_login(bench: Bench) -> None:
    bench.rates.want([RB])
    assert bench.asked == []
    bench.rates.start(DAY)
    assert bench.asked == [("MarginRate", "rb2605")]


def test_margin_and_fees_of_a_contract(bench: Bench) -> None:
    bench.rates.start(DAY)
    bench.rates.want([RB])
    bench.answer(margin("rb2605", 0.12))
    assert bench.told == {}
    bench.answer(fee("rb2605", 0.0002, 1.5))
    rate = Rate(0.0002, 1.5)
    assert bench.told == {RB.id: (Rate(0.12), Rate(0.12), Fees(rate, rate, rate))}


def test_what_is_held_comes_first(bench: Bench) -> None:
    bench.rates.want([RB, RB2])
    bench.rates.want([HC], held=True)
    bench.rates.want([RB2], held=True)
    bench.rates.start(DAY)
    bench.answer_all()
    assert [id_ for name, id_ in bench.asked if "Margin" in name] == ["rb2610", "hc2605", "rb2605"]


def test_known_ones_are_not_asked_for_again(bench: Bench) -> None:
    bench.rates.start(DAY)
    for _ in range(3):
        bench.rates.want([RB])
        bench.answer_all()
    assert len(bench.asked) == 2


def test_the_longest_id_wins_and_a_products_fees_serve_its_contracts(bench: Bench) -> None:
    bench.rates.start(DAY)
    bench.rates.want([RB, RB2])
    bench.answer(margin("rb", 0.2), margin("rb2605", 0.1), margin("r", 0.5))
    bench.answer(fee("rb", 0.0003))
    bench.answer(margin("rb2610", 0.15))
    assert bench.asked[-1] == ("MarginRate", "rb2610"), "fees of rb are known"
    assert bench.told[RB.id][0] == Rate(0.1)
    assert bench.told[RB2.id][0] == Rate(0.15)
    assert bench.told[RB2.id][2] == bench.told[RB.id][2]


@pytest.mark.parametrize(
    "row",
    [
        margin("rb2605", IsRelative=1), margin("hc2605"), margin("rb2605", 0.0),
        margin("rb2605", 1.7976931348623157e308),
    ],
)  # fmt: skip
def test_a_margin_of_no_use_stays_unknown(bench: Bench, row: dict[str, Any]) -> None:
    bench.rates.start(DAY)
    bench.rates.want([RB])
    bench.answer(row)
    bench.answer(fee("rb2605", 0.0))
    long, short, fees = bench.told[RB.id]
    assert (long, short) == (None, None)
    assert fees == Fees(), "no fee at all is possible"


def test_a_failure_leaves_it_unknown_and_goes_on(bench: Bench) -> None:
    bench.rates.start(DAY)
    bench.rates.want([RB, HC])
    _, failed = bench.pending.pop(0)
    failed(9, "无此权限")
    bench.answer()
    assert bench.told[RB.id] == (None, None, None)
    assert bench.asked[-1] == ("MarginRate", "hc2605")
    bench.answer_all()
    bench.rates.start(DAY)
    assert bench.asked[-1] == ("MarginRate", "rb2605"), "at the next login it is tried anew"


def test_a_restart_on_the_same_day_asks_for_nothing(bench: Bench) -> None:
    bench.rates.start(DAY)
    bench.rates.want([RB])
    bench.answer_all()
    told, bench.told, bench.asked = bench.told, {}, []
    again = bench.make()
    again.want([RB])
    again.start(DAY)
    assert bench.told == told
    assert bench.asked == []
    again.start(NEXT)
    assert bench.asked == [("MarginRate", "rb2605")], "another day, another rate"


def test_another_accounts_file_is_not_used(bench: Bench) -> None:
    bench.rates.start(DAY)
    bench.rates.want([RB])
    bench.answer_all()
    bench.told.clear()
    bench.make("other").start(DAY)
    assert bench.told == {}


@pytest.mark.parametrize("raw", [b"{", b"[]", b'{"trading_day": "x"}', b"\xff\xfe"])
def test_a_bad_file_is_told_and_ignored(bench: Bench, raw: bytes) -> None:
    bench.path.parent.mkdir()
    bench.path.write_bytes(raw)
    bench.rates.want([RB])
    bench.rates.start(DAY)
    assert bench.alarms == [Severity.WARNING]
    bench.answer_all()
    assert msgspec.json.decode(bench.path.read_bytes())["trading_day"] == DAY


def test_a_drop_in_between_asks_again(bench: Bench) -> None:
    bench.rates.start(DAY)
    bench.rates.want([RB])
    bench.pending.clear()
    bench.rates.start(DAY)
    assert bench.asked == [("MarginRate", "rb2605")] * 2
    bench.answer_all()
    assert RB.id in bench.told


def test_an_answer_to_a_query_of_an_earlier_login_is_nobodys(bench: Bench) -> None:
    bench.rates.start(DAY)
    bench.rates.want([RB, HC])
    bench.rates.start(NEXT)
    bench.answer(margin("rb2605", 0.5))  # yesterday's rate
    assert bench.asked == [("MarginRate", "rb2605")] * 2
    bench.answer(margin("rb2605", 0.1))
    bench.answer(fee("rb2605"))
    assert bench.told[RB.id][0] == Rate(0.1)
    assert bench.asked[2:] == [("CommissionRate", "rb2605"), ("MarginRate", "hc2605")]


def test_a_drop_between_margin_and_fees_asks_for_both_again(bench: Bench) -> None:
    bench.rates.start(DAY)
    bench.rates.want([RB])
    bench.answer(margin("rb2605"))
    bench.pending.clear()
    bench.rates.start(DAY)
    bench.answer_all()
    assert None not in bench.told[RB.id]


def test_the_file_is_written_now_and_then(bench: Bench) -> None:
    many = [contract(f"SHFE.x{n:04d}") for n in range(SAVE_EVERY + 2)]
    bench.rates.start(DAY)
    bench.rates.want(many)
    for _ in range(2 * SAVE_EVERY):
        name, id_ = bench.asked[-1]
        bench.answer(margin(id_) if "Margin" in name else fee(id_))
    assert len(msgspec.json.decode(bench.path.read_bytes())["rates"]) == SAVE_EVERY
    bench.answer_all()
    assert len(msgspec.json.decode(bench.path.read_bytes())["rates"]) == len(many)


def test_a_disk_that_refuses_stops_nothing(bench: Bench) -> None:
    bench.path.parent.write_text("in the way")
    bench.rates.start(DAY)
    bench.rates.want([RB])
    bench.answer_all()
    assert RB.id in bench.told
