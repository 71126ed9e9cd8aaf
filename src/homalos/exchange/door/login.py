"""Who comes in: authentication, login, logout, passwords, with CTP's refusals (FACTS A3)."""

from collections import Counter
from typing import Any

from homalos.exchange.door import dates, errors
from homalos.exchange.door.core import Core
from homalos.exchange.door.errors import Refused
from homalos.exchange.door.line import Line
from homalos.exchange.door.ports import Client

Fields = dict[str, Any]


class Reception:
    """See the module; both fronts ask it. Each method answers with the fields of its callback, or
    raises ``Refused``."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._failures: Counter[str] = Counter()
        self._last: dict[str, str] = {}
        """When a user was in last, as LastLoginTime shows it."""

    def new_day(self) -> None:
        self._failures.clear()

    def authenticate(self, line: Line, fields: Fields) -> Fields:
        client = self._core.book.find(fields["BrokerID"], fields["UserID"])
        app = fields["AppID"]
        if client is None or not self._core.book.authentic(client, app, fields["AuthCode"]):
            raise Refused(errors.AUTH_FAILED)
        line.app_id = app
        return {
            "BrokerID": client.broker,
            "UserID": client.user,
            "UserProductInfo": fields["UserProductInfo"],
            "AppID": app,
            "AppType": "1",
        }

    def trading(self, line: Line, fields: Fields, others: int) -> Fields:
        """A login to trading; ``others`` sessions of the user are in already."""
        core, section = self._core, self._core.section
        if line.client is not None:
            raise Refused(errors.DUPLICATE_LOGIN)
        if section.authenticate and line.app_id is None:
            raise Refused(errors.NOT_AUTHENTICATED)
        client = self._known(fields)
        if client.login_code:
            raise Refused(client.login_code)
        if section.sessions_max and others >= section.sessions_max:
            raise Refused(errors.TOO_MANY_SESSIONS)
        core.traders.add((client.user, line.peer))
        return self._in(line, client, fields)

    def market(self, line: Line, fields: Fields) -> Fields:
        """A login to market data: anybody, unless the setting asks for more."""
        core = self._core
        if line.session_id:
            raise Refused(errors.DUPLICATE_LOGIN)
        client = core.book.find(fields["BrokerID"], fields["UserID"])
        if core.section.md_login_verify:
            client = self._known(fields)
            if (client.user, line.peer) not in core.traders:
                raise Refused(errors.INVALID_LOGIN)
        if client is None:
            client = Client(fields["BrokerID"], fields["UserID"], line.account)
        return self._in(line, client, fields)

    def _known(self, fields: Fields) -> Client:
        """The client of a broker, user and password that fit."""
        book, most = self._core.book, self._core.section.login_failures_max
        broker, user = fields["BrokerID"], fields["UserID"]
        if broker not in book.brokers():
            raise Refused(errors.BROKER_NOT_FOUND)
        if most and self._failures[user] >= most:
            raise Refused(errors.LOGIN_FORBIDDEN)
        client = book.find(broker, user)
        if client is None or not book.password_fits(client, fields["Password"]):
            self._failures[user] += 1
            raise Refused(errors.INVALID_LOGIN)
        self._failures.pop(user, None)
        return client

    def _in(self, line: Line, client: Client, fields: Fields) -> Fields:
        core = self._core
        core.seated(line)
        line.client = client
        line.user = client.user
        line.account = client.investor
        answer = core.login_answer(
            line, client.broker, client.user, self._last.get(client.user, "")
        )
        now = core.now()
        self._last[client.user] = f"{dates.natural(now)}{dates.hms(now)}"
        return answer

    def password(self, fields: Fields) -> Fields:
        """``ReqUserPasswordUpdate``: also before a login, which an expired one refuses."""
        book = self._core.book
        client = book.find(fields["BrokerID"], fields["UserID"])
        if client is None:
            raise Refused(errors.USER_NOT_FOUND)
        if not book.password_fits(client, fields["OldPassword"]):
            raise Refused(errors.OLD_PASSWORD_MISMATCH)
        if fields["NewPassword"] == fields["OldPassword"]:
            raise Refused(errors.PASSWORD_MUST_DIFFER)
        book.set_password(client, fields["NewPassword"])
        return fields
