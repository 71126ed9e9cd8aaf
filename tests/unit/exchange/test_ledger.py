"""The exchange's ledger: killed at any byte it opens again, with a prefix that is consistent."""

from pathlib import Path

import msgspec
import pytest
from tests.unit.exchange.bench import DAY, ME, NEXT, OTHER, RB, Bench, M, at

from homalos.exchange.ledger import FILE, Ledger, LedgerAhead, LedgerError
from homalos.exchange.state import VenueState, working_orders
from homalos.kernel.ids import Random
from homalos.model.enums import Offset, OrderStatus, Side, TimeInForce
from homalos.model.ids import OrderId

BUY, SELL = Side.BUY, Side.SELL


def busy(folder: Path) -> Bench:
    """A morning with orders, trades, cancels and a deposit."""
    floor = Bench(ledger=Ledger(folder))
    floor.tick(RB, 3000, 3001, volume=10)
    floor.tick(M, 2999, 3000, volume=10)
    floor.order(RB, BUY, 15, 3001)
    floor.order(RB, SELL, 3, 3001, account=OTHER)
    floor.order(M, BUY, 5, 3000, tif=TimeInForce.FAK)
    floor.order(M, SELL, 2, 3010, offset=Offset.CLOSE)
    floor.exchange.cancel(ME, floor.order(RB, BUY, 1, 2990))
    floor.exchange.deposit(ME, 1234.56)
    floor.tick(RB, 2990, 2995, last=2992, volume=40)
    floor.order(RB, SELL, 1, 3050, offset=Offset.CLOSE_TODAY)
    floor.order(RB, BUY, 1, 9_999, account=OTHER)
    return floor


def records(content: bytes) -> list[int]:
    """Ends of the records."""
    ends, offset = [], 0
    while offset < len(content):
        offset += 8 + int.from_bytes(content[offset : offset + 4], "little")
        ends.append(offset)
    return ends


def fold(folder: Path, content: bytes) -> tuple[VenueState, Ledger]:
    folder.mkdir(exist_ok=True)
    (folder / FILE).write_bytes(content)
    ledger = Ledger(folder)
    state = ledger.read()
    ledger.close()
    return state, ledger


def check(state: VenueState) -> None:
    """Whatever the prefix: nothing is owed twice."""
    for account in state.accounts.values():
        open_orders = [o for o in working_orders(state) if o.account == account.id]
        assert account.working == len(open_orders)
        frozen = sum(o.remaining * o.margin_per_lot for o in open_orders)
        assert account.frozen_margin == pytest.approx(frozen)
        for pair in account.holdings.values():
            for held in (pair.long, pair.short):
                assert 0 <= held.frozen <= held.lots
        for order in account.orders.values():
            fills = [f.lots for f in account.fills if f.order_id == order.id]
            assert order.traded == sum(fills) <= order.lots


def test_a_restart_finds_everything_again(tmp_path: Path) -> None:
    floor = busy(tmp_path)
    before = floor.exchange
    floor.exchange._desk.close()  # as killed: nothing is written at the end
    again = Bench(ledger=Ledger(tmp_path), start=at(10, 0, 1)).exchange
    for account in (ME, OTHER):
        assert again.orders(account) == before.orders(account)
        assert again.fills(account) == before.fills(account)
        was, now = before.account(account), again.account(account)
        assert (now.fees, now.closed_profit, now.deposit) == (
            was.fees, was.closed_profit, was.deposit,
        )  # fmt: skip
        assert (now.frozen_margin, now.margin) == (was.frozen_margin, was.margin)
    assert again.trading_day == before.trading_day == DAY


def test_working_orders_go_on_working_with_their_numbers(tmp_path: Path) -> None:
    floor = busy(tmp_path)
    floor.exchange.close()
    again = Bench(ledger=Ledger(tmp_path), start=at(10, 0, 1))
    again.tick(RB, 3060, 3061, last=3060, volume=41)
    again.tick(RB, 3060, 3061, last=3060, volume=45)
    (fill,) = [f for f in again.exchange.fills(ME) if f.price == 3050]
    numbers = {f.trade_id for f in floor.exchange.fills(ME)}
    assert fill.trade_id not in numbers
    new = again.order(RB, BUY, 1, 2000, id_="2-000001")
    ids = [o.venue_order_id for o in again.exchange.orders(ME)]
    assert len(set(ids)) == len(ids)
    again.exchange.cancel(ME, new)
    assert again.heard()[-1] == "cancelled# 0"


def test_killed_at_any_byte_it_opens_with_a_consistent_prefix(tmp_path: Path) -> None:
    busy(tmp_path / "whole").exchange.close()
    content = (tmp_path / "whole" / FILE).read_bytes()
    ends = records(content)
    assert len(ends) > 12
    draw = Random(7)
    cuts = {*ends, *(end - 1 for end in ends), *(end + 3 for end in ends[:-1])}
    cuts |= {draw.randrange(len(content)) for _ in range(60)}
    for cut in sorted(cuts):
        state, ledger = fold(tmp_path / "torn", content[:cut])
        good = max((end for end in ends if end <= cut), default=0)
        assert ledger.dropped == cut - good
        if good:
            assert (tmp_path / "torn" / FILE).stat().st_size == good
        check(state)


def test_a_flipped_byte_ends_the_ledger_before_it(tmp_path: Path) -> None:
    busy(tmp_path / "whole").exchange.close()
    content = bytearray((tmp_path / "whole" / FILE).read_bytes())
    ends = records(bytes(content))
    content[ends[5] + 20] ^= 0x55
    state, ledger = fold(tmp_path / "bad", bytes(content))
    assert ledger.dropped == len(content) - ends[5]
    check(state)


def test_a_trade_between_two_accounts_is_one_record(tmp_path: Path) -> None:
    floor = Bench(ledger=Ledger(tmp_path))
    floor.order(RB, SELL, 3, 3000)
    before = (tmp_path / FILE).stat().st_size
    floor.order(RB, BUY, 3, 3000, account=OTHER)
    content = (tmp_path / FILE).read_bytes()
    assert records(content)[-2] == before
    state, _ = fold(tmp_path / "torn", content[:-1])
    assert not any(a.fills for a in state.accounts.values())


def test_settlement_begins_a_new_short_file(tmp_path: Path) -> None:
    floor = busy(tmp_path)
    long = (tmp_path / FILE).stat().st_size
    floor.go(at(16))
    assert (tmp_path / FILE).stat().st_size < long
    floor.exchange.close()
    again = Bench(ledger=Ledger(tmp_path), start=at(20, 55))
    assert again.exchange.trading_day == NEXT
    for now, was in zip(again.exchange.positions(ME), floor.exchange.positions(ME), strict=True):
        assert (now.yesterday_lots, now.cost_price) == (was.yesterday_lots, was.cost_price)
        assert (now.today_lots, now.average_price) == (0, was.average_price)
    assert again.exchange.account(ME).pre_balance == floor.exchange.account(ME).pre_balance


def test_a_later_source_settles_what_is_left_of_the_day(tmp_path: Path) -> None:
    floor = busy(tmp_path)
    floor.exchange.close()
    again = Bench(ledger=Ledger(tmp_path), start=at(9, 30, day=NEXT))
    assert again.exchange.trading_day == NEXT
    assert again.exchange.orders(ME) == ()
    assert {p.today_lots for p in again.exchange.positions(ME)} == {0}


def test_a_source_before_the_ledgers_end_is_refused_with_the_cure(tmp_path: Path) -> None:
    busy(tmp_path).exchange.close()
    with pytest.raises(LedgerAhead, match="--data-dir"):
        Bench(ledger=Ledger(tmp_path), start=at(9, 30))


def test_a_fak_that_was_alive_at_the_kill_is_cancelled(tmp_path: Path) -> None:
    floor = Bench(ledger=Ledger(tmp_path))
    floor.tick(RB, 3000, 3001)
    floor.order(RB, BUY, 1, 3001, tif=TimeInForce.FAK)
    floor.exchange._desk.close()
    state, _ = fold(tmp_path, (tmp_path / FILE).read_bytes())
    order = next(iter(state.accounts[ME].orders.values()))
    order.status, order.traded = OrderStatus.ACCEPTED, 0
    state.accounts[ME].working = 1
    ledger = Ledger(tmp_path)
    ledger.rewrite(state)
    ledger.close()
    again = Bench(ledger=Ledger(tmp_path))
    assert again.exchange.orders(ME)[0].status is OrderStatus.CANCELLED


def test_marks_say_where_time_stood(tmp_path: Path) -> None:
    floor = Bench(ledger=Ledger(tmp_path))
    floor.tick(RB, 3000, 3001, volume=5)
    floor.go(at(10, 5))
    floor.exchange._desk.close()
    again = Bench(ledger=Ledger(tmp_path), start=at(10, 5)).exchange
    resume = again.resume()
    assert resume is not None
    assert resume.ts == at(10, 5)
    assert resume.marks[RB.id].volume == 5
    assert again.last_price(RB.id) == 3000


def test_nothing_ticks_through_the_night(tmp_path: Path) -> None:
    floor = Bench(ledger=Ledger(tmp_path))
    floor.go(at(23, 30))
    dues = []
    while (due := floor.timers.due()) is not None and due < at(8, 55, day=NEXT):
        dues.append(due)
        floor.go(due)
    assert dues == [], "a simulated clock can jump from the night's close to the morning"


def test_a_full_disk_is_told_and_nothing_is_answered(tmp_path: Path) -> None:
    floor = Bench(ledger=Ledger(tmp_path))
    floor.exchange._desk._ledger._fd = -1  # type: ignore[union-attr]
    floor.order(RB, BUY, 1, 3000)
    assert floor.words == []
    (reason,) = floor.lost
    assert str(tmp_path / FILE) in reason
    floor.order(RB, BUY, 1, 3000)
    floor.exchange.cancel(ME, OrderId("1-000001"))
    with pytest.raises(LedgerError, match="ledger"):
        floor.exchange.deposit(ME, 1.0)
    assert (floor.words, len(floor.lost)) == ([], 1)


def test_a_ledger_of_another_format_is_not_guessed_at(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.read()
    ledger._write(ledger._fd, b"")  # an empty record is a torn one
    ledger.close()
    assert Ledger(tmp_path).read() == VenueState()
    (tmp_path / FILE).unlink()
    ledger = Ledger(tmp_path)
    ledger.read()
    ledger.append([])
    ledger._write(ledger._fd, msgspec.msgpack.encode("nonsense"))
    ledger.close()
    with pytest.raises(LedgerError, match="Move the file away"):
        Ledger(tmp_path).read()
