"""What CTP's error codes mean to a line that logs in: which are tried again, which are not.

A wrong password that is sent again and again gets the account and the address banned; a front that
is not ready yet must be tried until it is (FACTS A3.1, B5, B6). A code that is not listed here is
tried once more and then left to a human.
"""

from enum import StrEnum
from typing import NamedTuple

NETWORK = -1
TOO_MANY_UNANSWERED = -2
TOO_MANY_A_SECOND = -3
NO_ANSWER = 0
"""Not a code of CTP: the request was sent and nothing came."""

NOT_LOGGED_IN = 6
"""The front knows our session no more, though the connection stands."""
BUSY_QUERY = frozenset({90, 154, 5002})
"""Of a query: not executed, ask the same again a second later."""


class Reaction(StrEnum):
    RETRY = "retry"
    """Again and again, ever more slowly."""
    RETRY_ONCE = "retry_once"
    """Once more, then a human."""
    STOP = "stop"
    """Never by itself: a human must mend something first."""
    LOGGED_IN = "logged_in"
    """Already logged in on this connection: a success to who knows its session; else the answer was
    lost, and a new connection is wanted."""


class Cause(NamedTuple):
    """Reaction to a code, and what the operator can do about it."""

    reaction: Reaction
    zh: str = ""
    en: str = ""


_WRONG_PASSWORD = Cause(
    Reaction.STOP,
    "核对用户、密码（密钥 ctp_password）后重启；不再自动重试以免账户被锁",
    "check user and password (secret ctp_password) and restart; it is not tried again by itself, "
    "which would lock the account",
)
_BANNED = Cause(
    Reaction.STOP,
    "登录已被禁止，请联系期货公司解除",
    "logins are banned: only the broker can lift it",
)
_TERMINAL = Cause(
    Reaction.RETRY_ONCE,
    "核对 ctp.app_id 与授权码（密钥 ctp_auth_code）；未在期货公司登记则先登记",
    "check ctp.app_id and the authentication code (secret ctp_auth_code), which the broker must "
    "have registered",
)
_NEW_PASSWORD = Cause(
    Reaction.STOP,
    "请用期货公司的客户端修改密码，再更新密钥 ctp_password",
    "change the password with the broker's own program, then update the secret ctp_password",
)
_NOT_READY = Cause(
    Reaction.RETRY,
    "柜台未就绪（非交易时段或正在初始化），将继续重试",
    "the broker's system is not ready (out of hours, or starting): it will be tried again",
)
_NO_SUCH = Cause(
    Reaction.STOP,
    "核对 ctp.broker、ctp.user、app.account",
    "check ctp.broker, ctp.user and app.account",
)
_VERSION = Cause(
    Reaction.STOP,
    "动态库版本或密钥模式与前置不符：核对 ctp.libraries 与 ctp.production",
    "the libraries or their keys do not fit the front: check ctp.libraries and ctp.production",
)
_SWAPPED = Cause(
    Reaction.STOP,
    "行情与交易前置地址可能写反：核对 ctp.md_fronts 与 ctp.td_fronts",
    "the addresses may be swapped: check ctp.md_fronts and ctp.td_fronts",
)
_NO_RIGHT = Cause(
    Reaction.STOP, "账户无此权限，请联系期货公司", "the account may not do this: ask the broker"
)
_SESSIONS = Cause(
    Reaction.RETRY,
    "该用户在线会话过多：退出其他交易程序；将缓慢重试",
    "too many sessions of this user: leave other programs; it will be tried again, slowly",
)
_OTHER = Cause(
    Reaction.RETRY_ONCE,
    "未知错误，请联系期货公司",
    "not a known error of a login: ask the broker",
)
_LINE = Cause(
    Reaction.RETRY,
    "网络或前置无应答，将继续重试",
    "the network or the front does not answer: it will be tried again",
)

CAUSES: dict[int, Cause] = {
    NO_ANSWER: _LINE,
    NETWORK: _LINE,
    TOO_MANY_UNANSWERED: _LINE,
    TOO_MANY_A_SECOND: _LINE,
    1: _NOT_READY,
    3: _WRONG_PASSWORD,
    5: Cause(Reaction.LOGGED_IN),
    NOT_LOGGED_IN: Cause(
        Reaction.RETRY, "会话已失效，重新登录", "the session is dead: logging in anew"
    ),
    7: _NOT_READY,
    8: _NOT_READY,
    9: _NO_RIGHT,
    11: _NO_SUCH,
    12: _NO_SUCH,
    13: _NO_SUCH,
    35: _NOT_READY,
    36: _NOT_READY,
    48: _WRONG_PASSWORD,
    60: _SESSIONS,
    63: _TERMINAL,
    64: _TERMINAL,
    75: _BANNED,
    77: _SWAPPED,
    90: _NOT_READY,
    131: _NEW_PASSWORD,
    140: _NEW_PASSWORD,
    141: _NEW_PASSWORD,
    143: _BANNED,
    144: _BANNED,
    145: _TERMINAL,
    154: _NOT_READY,
    3039: _VERSION,
    3040: _VERSION,
    4040: _VERSION,
    4042: _TERMINAL,
    4043: _TERMINAL,
    4060: _BANNED,
    5002: _NOT_READY,
}

_DROPPED = {
    4097: ("网络读失败", "the network could not be read"),
    4098: ("网络写失败", "the network could not be written"),
    8193: ("接收心跳超时", "no heartbeat came in time"),
    8194: ("发送心跳失败", "a heartbeat could not be sent"),
    8195: ("收到错误报文", "a malformed packet came"),
}


def cause(code: int) -> Cause:
    """What ``code`` means while a line is being brought up."""
    return CAUSES.get(code, _OTHER)


def explain(what: str, code: int, message: str) -> str:
    """One line for the operator: what failed, the venue's own words, the cure."""
    found = cause(code)
    said = f"{code} {message}".strip() if code else message
    cure = f"; {found.en} / {found.zh}" if found.en else ""
    return f"{what}: {said}{cure}"


def dropped(reason: int) -> str:
    """``OnFrontDisconnected``'s reason in words."""
    zh, en = _DROPPED.get(reason, ("未知原因", "unknown reason"))
    return f"{reason} (0x{reason & 0xFFFFFFFF:04x}) {en} / {zh}"


_KEYS = {
    "BrokerID": "ctp.broker",
    "UserID": "ctp.user, app.account",
    "AppID": "ctp.app_id",
    "AuthCode": "secret / 密钥 ctp_auth_code",
    "Password": "secret / 密钥 ctp_password",
}


def unfit(error: Exception) -> str:
    """A text of a login that does not fit its field, with where it comes from; never the text."""
    keys = [key for field, key in _KEYS.items() if f".{field} " in str(error)]
    cure = f"; check / 请核对 {', '.join(keys)}" if keys else ""
    return f"{error}{cure}"
