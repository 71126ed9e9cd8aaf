"""Coming in: authentication, logins with CTP's refusals, settlement, logout (FACTS A3, A20.1)."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.unit.exchange.bench import DAY, NEXT, RB, at
from tests.unit.exchange.door.client import (
    APP,
    BROKER,
    ME,
    OTHER,
    PASSWORD,
    Client,
    Rig,
    accounts,
    on_a_loop,
    rig,
)

from homalos.exchange.door.accounts import Login
from homalos.exchange.ledger import Ledger

Scene = Callable[[Rig], Awaitable[None]]


def play(scene: Scene, **keys: Any) -> None:
    async def run() -> None:
        async with rig(**keys) as made:
            await scene(made)

    on_a_loop(run())


async def login(client: Client, user: str = ME, password: str = PASSWORD, **more: Any) -> int:
    fields = {"BrokerID": BROKER, "UserID": user, "Password": password} | more
    return (await client.one("ReqUserLogin", **fields)).error


def test_the_answers_of_a_login() -> None:
    async def scene(made: Rig) -> None:
        td = await made.td(login=False)
        assert td.welcome == (0, str(DAY), 53, 0, 0)
        answer = await td.login()
        data = answer.data
        assert data is not None
        assert data["TradingDay"] == str(DAY)
        assert data["SHFETime"] == data["GFEXTime"] == data["LoginTime"] == "10:00:00"
        assert data["FrontID"] == 1
        assert data["MaxOrderRef"] == "0"
        again = await made.td()
        assert again.session > td.session
        assert await login(td) == 5

    play(scene)


def test_a_login_needs_authentication_and_the_right_one() -> None:
    book = accounts(Login(user=ME, password=PASSWORD, app_id=APP, auth_code="1" * 16))

    async def scene(made: Rig) -> None:
        td = await made.td(login=False)
        assert await login(td) == 64
        for app, code in ((APP, "0" * 16), ("other", "1" * 16)):
            fields = {"BrokerID": BROKER, "UserID": ME, "AppID": app, "AuthCode": code}
            assert (await td.one("ReqAuthenticate", **fields)).error == 63
        fields = {"BrokerID": BROKER, "UserID": ME, "AppID": APP, "AuthCode": "1" * 16}
        answer = await td.one("ReqAuthenticate", **fields)
        assert answer.error == 0
        assert answer.data is not None
        assert answer.data["AppID"] == APP
        assert await login(td) == 0

    play(scene, book=book)


def test_authentication_may_be_off() -> None:
    async def scene(made: Rig) -> None:
        assert await login(await made.td(login=False)) == 0

    play(scene, authenticate=False)


def test_wrong_names_and_passwords() -> None:
    async def scene(made: Rig) -> None:
        td = await made.td(login=False)
        assert await login(td, BrokerID="1") == 12
        assert await login(td, user="nobody") == 3
        for _ in range(2):
            assert await login(td, password="wrong") == 3
        assert await login(td) == 75, "barred after two wrong ones"
        assert await login(td, user=OTHER) == 0

    play(scene, authenticate=False, login_failures_max=2)


def test_too_many_sessions() -> None:
    async def scene(made: Rig) -> None:
        first = await made.td()
        second = await made.td(login=False)
        assert (await second.login(confirm=False)).error == 60
        await first.close()
        await asyncio.sleep(0.01)
        assert (await second.login(confirm=False)).error == 0

    play(scene, sessions_max=1)


def test_a_first_login_needs_a_new_password() -> None:
    book = accounts(Login(user=ME, password=PASSWORD, login_code=140))

    async def scene(made: Rig) -> None:
        td = await made.td(login=False)
        assert await login(td) == 140
        change = {"BrokerID": BROKER, "UserID": ME}
        for old, new, code in (("x", "new", 14), (PASSWORD, PASSWORD, 142), (PASSWORD, "new", 0)):
            fields = change | {"OldPassword": old, "NewPassword": new}
            assert (await td.one("ReqUserPasswordUpdate", **fields)).error == code
        assert await login(td) == 3
        assert await login(td, password="new") == 0

    play(scene, book=book, authenticate=False)


def test_nothing_goes_before_a_login() -> None:
    async def scene(made: Rig) -> None:
        td = await made.td(login=False)
        td.order()
        await td.until(lambda: bool(td.heard))
        assert (td.heard[0].name, td.heard[0].error) == ("OnRspOrderInsert", 6)
        assert (await td.one("ReqQryTradingAccount", BrokerID=BROKER)).error == 6
        md = await made.md(login=False)
        answers = await md.ask("SubscribeMarketData", ids=["rb2601", "x"])
        assert [a.error for a in answers] == [6, 6]

    play(scene)


def test_settlement_is_confirmed_once_a_day_and_outlives_the_session() -> None:
    async def scene(made: Rig) -> None:
        td = await made.td(login=False)
        await td.login(confirm=False)
        asked = {"BrokerID": BROKER, "InvestorID": ME}
        assert (await td.one("ReqQrySettlementInfoConfirm", **asked)).data is None
        td.order()
        assert await td.told() == ["OnRspOrderInsert 42", "OnErrRtnOrderInsert 42"]
        answer = await td.one("ReqSettlementInfoConfirm", **asked)
        assert answer.data is not None
        assert (answer.data["ConfirmDate"], answer.data["ConfirmTime"]) == (str(DAY), "10:00:00")
        td.order()
        assert await td.told() == ["O(a)", "O(3#)"]
        again = await made.td(login=False)
        await again.login(confirm=False)
        assert (await again.one("ReqQrySettlementInfoConfirm", **asked)).data is not None

    play(scene)


async def statement(made: Rig, user: str) -> list[bytes]:
    """Its pieces as the struct holds them."""
    td = await made.td(user, login=False)
    await td.login(user, confirm=False)
    assert (await td.one("ReqQrySettlementInfoConfirm", BrokerID=BROKER)).data is None
    rows = await td.ask("ReqQrySettlementInfo", BrokerID=BROKER, InvestorID=user)
    assert [r.data["SequenceNo"] for r in rows if r.data] == list(range(1, len(rows) + 1))
    assert (await td.one("ReqQrySettlementInfo", TradingDay="20200101")).data is None
    layout = td._abi.layout("SettlementInfo")
    field = next(f for f in layout.fields if f.name == "Content")
    return [r.raw[field.offset : field.offset + field.size].split(b"\0")[0] for r in rows]


def rows_of(symbol: str, text: str) -> int:
    return sum(symbol in line for line in text.splitlines())


def splits(piece: bytes) -> bool:
    try:
        piece.decode("gb18030")
    except UnicodeDecodeError:
        return True
    return False


def test_the_statement_comes_in_pieces_that_split_characters() -> None:
    async def scene(made: Rig) -> None:
        made.tick(RB, 98, 100)
        td = await made.td()
        for _ in range(5):
            td.order(LimitPrice=100.0)
        await td.told()
        made.bench.go(at(15, 50))
        mine, others = await statement(made, ME), await statement(made, OTHER)
        assert all(len(piece) == 500 for piece in mine[:-1])
        text = b"".join(mine).decode("gb18030")
        assert f"日期 Date：{DAY}" in text
        assert rows_of("rb2601", text) == 7, "five trades, their lots, and the position"
        assert "rb2601" not in b"".join(others).decode("gb18030")
        assert any(splits(piece) for piece in (*mine, *others)), "no piece splits a character"

    play(scene, start=at(14, 50), instruments=(RB,))


def test_a_ledger_that_is_opened_on_the_next_day_has_its_statement(tmp_path: Path) -> None:
    async def before(made: Rig) -> None:
        made.tick(RB, 98, 100)
        td = await made.td()
        td.order(LimitPrice=100.0)
        await td.told()

    play(before, ledger=Ledger(tmp_path))

    async def after(made: Rig) -> None:
        text = b"".join(await statement(made, ME)).decode("gb18030")
        assert f"日期 Date：{DAY}" in text
        assert rows_of("rb2601", text) == 3

    play(after, ledger=Ledger(tmp_path), start=at(10, day=NEXT))


def test_a_logout_ends_the_line_and_orders_stay() -> None:
    async def scene(made: Rig) -> None:
        td = await made.td()
        td.order()
        await td.told()
        answer = await td.one("ReqUserLogout", BrokerID=BROKER, UserID=ME)
        assert answer.error == 0
        await asyncio.wait_for(td.lost.wait(), 2)
        assert made.bench.exchange.orders(ME)[0].status.value == "accepted"
        assert [s for s in made.front.sessions() if s.user] == []

    play(scene)


def test_sessions_are_cut_at_the_roll_and_the_next_login_has_the_new_day() -> None:
    async def scene(made: Rig) -> None:
        td, md = await made.td(), await made.md("rb2601")
        made.bench.go(at(15, 50))
        await asyncio.wait_for(td.lost.wait(), 2)
        await asyncio.wait_for(md.lost.wait(), 2)
        td = await made.td(login=False)
        answer = await td.login(confirm=False)
        assert answer.data is not None
        assert answer.data["TradingDay"] == str(NEXT)
        assert answer.data["LastLoginTime"].startswith(str(DAY))

    play(scene, start=at(14, 59))


def test_market_data_lets_anybody_in_unless_it_verifies() -> None:
    async def scene(made: Rig) -> None:
        md = await made.md(login=False)
        assert (await md.one("ReqUserLogin")).error == 0

    play(scene)

    async def strict(made: Rig) -> None:
        md = await made.md(login=False)
        assert await login(md, password="wrong") == 3
        assert await login(md) == 3, "trading first"
        await made.td()
        assert await login(md) == 0

    play(strict, md_login_verify=True)


def test_a_wrong_version_or_the_other_port_is_sent_away() -> None:
    async def scene(made: Rig) -> None:
        old = await made.td(login=False, version="6.3.15")
        assert old.welcome is not None
        assert old.welcome[0] == 3039
        await asyncio.wait_for(old.lost.wait(), 2)
        swapped = await made.td(login=False, side="md")
        assert swapped.welcome is not None
        assert swapped.welcome[0] == 77

    play(scene)


def test_what_is_no_frame_ends_the_line_alone() -> None:
    async def scene(made: Rig) -> None:
        td, bad = await made.td(), await made.td(login=False)
        bad._writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await asyncio.wait_for(bad.lost.wait(), 2)
        td.order()
        assert await td.told() == ["O(a)", "O(3#)"]

    play(scene)
