"""Who may log in at the simulated front: users, their passwords, what their investors begin with.

A YAML file, ``accounts:`` with one entry a user. Several users may trade for one investor; what the
investor begins with is then said once. Passwords here guard play money: they may stand in the file.
"""

import hashlib
import hmac
import os
import secrets  # chance: the salt of a password's hash, never part of trading state
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from homalos.config.faults import NOTHING, ConfigError, Fault, Layer, Place, Words
from homalos.config.key import Section, key
from homalos.config.shape import BAD, Shaper
from homalos.config.yamltree import Node, parse
from homalos.exchange.door.ports import Client
from homalos.model.enums import Direction
from homalos.model.ids import AccountId

BROKER = "9999"
KNOWN_USER = KNOWN_PASSWORD = "sim"  # noqa: S105  public, guards play money
"""Without a file there is one user whose password everybody knows: its money is simulated."""
_SCHEME = "scrypt"
_COST, _BLOCK, _LANES = 1 << 12, 8, 1
_FILE_MAX = 1 << 20
_ONE_OF_THREE = (
    "user USER needs one of password, password_hash, password_env / "
    "用户 USER 须在 password、password_hash、password_env 中填且只填一个"
)
_NO_HASH = (
    "not a hash that homalos exchange password prints / 不是 homalos exchange password 输出的哈希"
)


class OpeningPosition(Section, frozen=True):
    """Lots that an investor holds from the first start on."""

    instrument: Annotated[
        str, key("Contract, as SHFE.rb2601.", "合约，如 SHFE.rb2601。", pattern=r"^[A-Z]+\.\w+$")
    ]
    direction: Annotated[Direction, key("long or short.", "long 多 | short 空。")]
    price: Annotated[float, key("Opening price.", "开仓价。", gt=0)]
    yesterday: Annotated[int, key("Lots of earlier days.", "昨仓手数。", ge=0, le=1_000_000)] = 0
    today: Annotated[int, key("Lots of today.", "今仓手数。", ge=0, le=1_000_000)] = 0

    def faults(self) -> Iterable[tuple[str, str]]:
        if not self.yesterday + self.today:
            yield "", "no lots: give yesterday or today / 没有手数：请填 yesterday 或 today"


class Login(Section, frozen=True):
    """One user. Field lengths are those of CTP's structs."""

    user: Annotated[str, key("UserID.", "用户代码。", pattern=r"^[\x21-\x7e]{1,15}$")]
    investor: Annotated[
        str, key("InvestorID; empty: the user's.", "投资者代码；空则同用户。",
                 pattern=r"^[\x21-\x7e]{0,12}$")
    ] = ""  # fmt: skip
    broker: Annotated[str, key("BrokerID.", "经纪公司。", pattern=r"^[\x21-\x7e]{1,10}$")] = BROKER
    name: Annotated[str, key("Investor's name.", "投资者名称。")] = ""
    password: Annotated[str | None, key("In the open: play money.", "明文：仅限模拟。")] = None
    password_hash: Annotated[
        str | None,
        key("As homalos exchange password prints.", "homalos exchange password 的输出。"),
    ] = None
    password_env: Annotated[
        str | None, key("Environment variable that has it.", "含密码的环境变量名。")
    ] = None
    app_id: Annotated[str, key("AppID; empty: any.", "AppID；空则不限。")] = ""
    auth_code: Annotated[str, key("AuthCode; empty: any.", "授权码；空则不限。")] = ""
    login_code: Annotated[
        Literal[0, 131, 140, 141],
        key(
            "Refuse the right password until it is changed: 131 weak, 140 first, 141 expired.",
            "密码正确也拒绝登录，直到修改密码：131 弱密码、140 首次登录、141 已过期。",
        ),
    ] = 0
    cash: (
        Annotated[float, key("Paid in at the first start.", "首次启动时的入金。", ge=0, le=1e12)]
        | None
    ) = None
    positions: Annotated[
        tuple[OpeningPosition, ...], key("Held from the first start on.", "首次启动时的持仓。")
    ] = ()

    @property
    def owner(self) -> str:
        """The investor that this user trades for."""
        return self.investor or self.user

    def faults(self) -> Iterable[tuple[str, str]]:
        given = [self.password, self.password_hash, self.password_env]
        if sum(one is not None for one in given) != 1:
            yield "", _ONE_OF_THREE.replace("USER", self.user)
        if self.password_hash is not None and _parts(self.password_hash) is None:
            yield "password_hash", _NO_HASH


class _File(Section, frozen=True):
    accounts: Annotated[tuple[Login, ...], key("One entry a user.", "每个用户一项。", min_length=1)]


class Accounts:
    """The users of a front; an ``AccountBook``."""

    def __init__(self, logins: Iterable[Login], environ: Mapping[str, str] | None = None) -> None:
        """``environ``: where ``password_env`` looks. Two users of one name: the last one."""
        self._environ = os.environ if environ is None else environ
        self._logins = {(login.broker, login.user): login for login in logins}
        self._clients = {at: _client(login) for at, login in self._logins.items()}
        self._changed: dict[tuple[str, str], str] = {}

    def clients(self) -> Sequence[Client]:
        return tuple(self._clients.values())

    def find(self, broker: str, user: str) -> Client | None:
        return self._clients.get((broker, user))

    def brokers(self) -> frozenset[str]:
        return frozenset(broker for broker, _ in self._logins)

    def openings(self) -> dict[AccountId, tuple[OpeningPosition, ...]]:
        """What investors hold from the first start on."""
        found: dict[AccountId, tuple[OpeningPosition, ...]] = {}
        for login in self._logins.values():
            if login.positions:
                account = AccountId(login.owner)
                found[account] = found.get(account, ()) + login.positions
        return found

    def password_fits(self, client: Client, password: str) -> bool:
        at = (client.broker, client.user)
        login = self._logins[at]
        changed = self._changed.get(at)
        if changed is not None:
            return _same(changed, password)
        if login.password_hash is not None:
            return hash_fits(login.password_hash, password)
        if login.password_env is not None:
            known = self._environ.get(login.password_env, "")
            return bool(known) and _same(known, password)
        return login.password is not None and _same(login.password, password)

    def authentic(self, client: Client, app_id: str, auth_code: str) -> bool:
        login = self._logins[client.broker, client.user]
        return (not login.app_id or _same(login.app_id, app_id)) and (
            not login.auth_code or _same(login.auth_code, auth_code)
        )

    def set_password(self, client: Client, password: str) -> None:
        """Until the process ends: the file is never written."""
        at = (client.broker, client.user)
        self._changed[at] = password
        self._clients[at] = msgspec.structs.replace(client, login_code=0)


def known_account() -> Accounts:
    """What serves without a file."""
    return Accounts([Login(user=KNOWN_USER, password=KNOWN_PASSWORD, name="simulated 模拟")])


def read_accounts(path: Path, environ: Mapping[str, str] | None = None) -> Accounts:
    """The users of ``path``. ``ConfigError``: everything that is wrong with it, place and cure."""
    place = Place(Layer.FILE, str(path))
    node, faults = parse(_text(path, place), place)
    if node is None or node.null:
        missing = Fault(
            place, "accounts", Words("nobody is in it", "其中没有账户"),
            cure=Words(EXAMPLE, EXAMPLE_ZH),
        )  # fmt: skip
        raise ConfigError(faults or [missing])
    shaper = Shaper()
    found = shaper.value(node, msgspec.inspect.type_info(_File), "")
    faults += shaper.faults
    if faults or found is BAD:
        raise ConfigError(faults)
    looks = os.environ if environ is None else environ
    faults = _together(found.accounts, shaper, node, looks)
    if faults:
        raise ConfigError(faults)
    return Accounts(found.accounts, looks)


EXAMPLE = "write: accounts: [{user: demo, password: demo}]"
EXAMPLE_ZH = "请写：accounts: [{user: demo, password: demo}]"


def _together(
    logins: Sequence[Login], shaper: Shaper, root: Node, environ: Mapping[str, str]
) -> list[Fault]:
    """What is wrong with the users beside each other, and with what they refer to."""
    faults: list[Fault] = []

    def wrong(number: int, name: str, en: str, zh: str) -> None:
        at = f"accounts.{number}.{name}"
        faults.append(Fault(shaper.place_of(at, root.place), at, Words(en, zh)))

    seen: dict[tuple[str, str], int] = {}
    begun: dict[str, int] = {}
    for number, login in enumerate(logins):
        first = seen.setdefault((login.broker, login.user), number)
        if first != number:
            wrong(
                number, "user", f"user {login.user} of broker {login.broker} stands here twice",
                f"经纪公司 {login.broker} 的用户 {login.user} 重复",
            )  # fmt: skip
        if login.cash is not None and begun.setdefault(login.owner, number) != number:
            wrong(
                number, "cash", f"the cash of investor {login.owner} was said before",
                f"投资者 {login.owner} 的入金已在前面给出",
            )  # fmt: skip
        if login.password_env is not None and not environ.get(login.password_env):
            wrong(
                number, "password_env",
                f"the environment variable {login.password_env} is not set: export it first",
                f"环境变量 {login.password_env} 未设置，请先设置",
            )  # fmt: skip
    return faults


def _text(path: Path, place: Place) -> str:
    try:
        raw = path.read_bytes()
        if len(raw) > _FILE_MAX:
            raise OSError(f"larger than {_FILE_MAX >> 20} MiB")
        return raw.decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or str(error)
        words = Words(f"cannot be read: {reason}", f"无法读取：{reason}")
    except UnicodeDecodeError:
        words = Words("this is not UTF-8 text: save it as UTF-8", "不是 UTF-8 文本，请另存为 UTF-8")
    raise ConfigError([Fault(place, "", words, NOTHING)])


def _client(login: Login) -> Client:
    return Client(
        login.broker, login.user, AccountId(login.owner), login.name, login.cash, login.app_id,
        login.login_code,
    )  # fmt: skip


# ------------------------------------------------------------------ passwords


def hash_password(password: str) -> str:
    """``scrypt$salt$hash``, for ``password_hash``."""
    salt = secrets.token_bytes(16)
    return f"{_SCHEME}${salt.hex()}${_digest(salt, password).hex()}"


def hash_fits(hashed: str, password: str) -> bool:
    parts = _parts(hashed)
    return parts is not None and hmac.compare_digest(_digest(parts[0], password), parts[1])


def _parts(hashed: str) -> tuple[bytes, bytes] | None:
    scheme, _, rest = hashed.partition("$")
    salt, _, digest = rest.partition("$")
    try:
        pair = bytes.fromhex(salt), bytes.fromhex(digest)
    except ValueError:
        return None
    return pair if scheme == _SCHEME and all(pair) else None


def _digest(salt: bytes, password: str) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_COST, r=_BLOCK, p=_LANES, dklen=32)


def _same(known: str, given: str) -> bool:
    return hmac.compare_digest(known.encode(), given.encode())
