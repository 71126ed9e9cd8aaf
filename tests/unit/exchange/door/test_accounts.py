"""The accounts file: what it takes, and what it says of what it does not take."""

from pathlib import Path

import pytest

from homalos.config.faults import ConfigError
from homalos.exchange.door.accounts import (
    hash_fits,
    hash_password,
    known_account,
    read_accounts,
)
from homalos.model.enums import Direction


def write(folder: Path, text: str) -> Path:
    path = folder / "accounts.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_users_passwords_and_openings(tmp_path: Path) -> None:
    hashed = hash_password("three")
    book = read_accounts(
        write(
            tmp_path,
            f"""accounts:
  - {{user: one, password: pw1, investor: fund, cash: 500000, app_id: x_1, auth_code: "007",
     positions: [{{instrument: SHFE.rb2601, direction: long, price: 3100, yesterday: 3}}]}}
  - {{user: two, password_env: SIM_TWO, investor: fund, broker: "8000"}}
  - {{user: three, password_hash: {hashed}, login_code: 141, name: 张三}}
""",
        ),
        {"SIM_TWO": "pw2"},
    )
    one, two, three = book.clients()
    assert book.brokers() == {"9999", "8000"}
    assert (one.investor, one.cash, two.investor, three.investor) == (
        "fund", 500_000, "fund", "three",
    )  # fmt: skip
    assert book.password_fits(one, "pw1")
    assert not book.password_fits(one, "pw2")
    assert book.password_fits(two, "pw2")
    assert book.password_fits(three, "three")
    assert not book.password_fits(three, "")
    assert book.authentic(one, "x_1", "007")
    assert not book.authentic(one, "x_1", "")
    assert not book.authentic(one, "y", "007")
    assert book.authentic(two, "anything", "")
    (held,) = book.openings()[one.investor]
    assert (held.instrument, held.direction, held.yesterday) == ("SHFE.rb2601", Direction.LONG, 3)
    assert three.login_code == 141
    book.set_password(three, "new")
    again = book.find("9999", "three")
    assert again is not None
    assert again.login_code == 0
    assert book.password_fits(again, "new")
    assert not book.password_fits(again, "three")
    assert book.find("9999", "nobody") is None


def test_without_a_file_one_user_whom_everybody_knows() -> None:
    book = known_account()
    (client,) = book.clients()
    assert (client.broker, client.user, client.investor) == ("9999", "sim", "sim")
    assert book.password_fits(client, "sim")
    assert book.authentic(client, "simnow_client_test", "0000000000000000")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["nobody is in it", "accounts: [{user: demo"]),
        ("accounts: []", ["accounts.yaml:1:11", "accounts"]),
        ("accounts: [{user: a}]", ["accounts.yaml:1:12", "needs one of password"]),
        (
            "accounts: [{user: a, password: x, password_env: Y}]",
            ["needs one of password"],
        ),
        ("accounts: [{user: a, passwort: x}]", ["accounts.0.passwort"]),
        ("accounts: [{user: a, password: x, password_hash: zz}]", ["password_hash"]),
        ("accounts: [{user: a, password_env: SIM_NOT_SET}]", ["SIM_NOT_SET", "export it"]),
        (
            "accounts:\n - {user: a, password: x}\n - {user: a, password: y}",
            ["accounts.yaml:3:", "stands here twice"],
        ),
        (
            "accounts: [{user: a, investor: i, password: x, cash: 1},"  # noqa: ISC004
            "{user: b, investor: i, password: y, cash: 2}]",
            ["accounts.1.cash", "was said before"],
        ),
        ("accounts: [{user: a, password: x, cash: -1}]", ["accounts.0.cash", "-1"]),
        ("accounts: [{user: sixteen_letters_, password: x}]", ["accounts.0.user"]),
        (
            "accounts: [{user: a, password: x, positions: [{instrument: rb, price: 1, "  # noqa: ISC004
            "direction: up}]}]",
            ["positions.0.instrument", "positions.0.direction"],
        ),
        (
            "accounts: [{user: a, password: x, positions: [{instrument: SHFE.rb2601, "  # noqa: ISC004
            "direction: long, price: 1}]}]",
            ["no lots"],
        ),
        ("accounts: [{user: a, password: x, login_code: 5}]", ["login_code"]),
        ("accounts: [", ["not valid YAML"]),
    ],
)
def test_faults_name_place_and_cure(tmp_path: Path, text: str, said: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        read_accounts(write(tmp_path, text), {})
    for part in said:
        assert part in str(caught.value)
    assert caught.value.render("zh")


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_accounts(tmp_path / "none.yaml")
    (tmp_path / "gbk.yaml").write_bytes("accounts: # 账户".encode("gbk"))
    with pytest.raises(ConfigError, match="UTF-8"):
        read_accounts(tmp_path / "gbk.yaml")


def test_a_hash_is_salted() -> None:
    first, second = hash_password("pw"), hash_password("pw")
    assert first != second
    assert hash_fits(first, "pw")
    assert not hash_fits(first, "pw ")
    assert not hash_fits("md5$00$00", "pw")
