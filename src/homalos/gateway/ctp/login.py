"""The steps of a trading login: authentication, login, settlement (FACTS A3).

Each is tried again or given up by its error code (``errors``); after each connection all begin
anew.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from loguru import logger

from homalos.config.secrets import Secret
from homalos.config.sections.ctp import CtpSection
from homalos.ctp.abi import FieldError
from homalos.gateway.ctp import settlement
from homalos.gateway.ctp.errors import Reaction, cause, unfit
from homalos.gateway.ctp.identity import Identity
from homalos.gateway.ctp.link import Link, State
from homalos.gateway.ctp.seams import Queries, Row, Value
from homalos.model.enums import Severity
from homalos.model.ids import AccountId
from homalos.model.times import to_date

PRODUCT_INFO = "homalos"
AUTHENTICATION, LOGIN, SETTLEMENT = (
    "authentication / 客户端认证",
    "login / 登录",
    "settlement / 结算单",
)
_S = State
_PAUSE_S = 1.0


class Login:
    """See the module. ``entered`` is told the trading day and the answer of the login, before
    anything is asked; ``settled`` that the settlement is confirmed (or need not be); ``renew`` that
    the connection is of no use any more."""

    def __init__(
        self,
        section: CtpSection,
        account: AccountId,
        user: str,
        password: Secret | None,
        auth_code: Secret | None,
        link: Link,
        queries: Queries,
        identity: Identity,
        *,
        request: Callable[[str, Mapping[str, Value], int], int],
        next_request: Callable[[], int],
        statements: Path,
        alarm: Callable[[Severity, str], None],
        entered: Callable[[int, Row], None],
        settled: Callable[[], None],
        renew: Callable[[str], None],
    ) -> None:
        self._section = section
        self._account = account
        self._user = user
        self._password = password
        self._auth_code = auth_code
        self._link = link
        self._queries = queries
        self._identity = identity
        self._send = request
        self._next_request = next_request
        self._statements = statements
        self._alarm = alarm
        self._entered = entered
        self._settled = settled
        self._renew = renew
        self._request = 0
        """Of the step that waits for an answer."""
        self._day = 0
        self._whose: dict[str, Value] = {"BrokerID": section.broker, "InvestorID": account}

    def begin(self) -> None:
        """Connected, or a step of a login has failed: the step that the line's state waits for."""
        state = self._link.state
        if state is _S.CONNECTED and self._section.app_id:
            self._authenticate()
        elif state in (_S.CONNECTED, _S.AUTHENTICATED):
            self._log_in()
        elif state is _S.LOGGED_IN:
            self._settle()

    def on_response(self, name: str, data: Row, error: int, message: str, request: int) -> bool:
        """Whether it was the answer that is waited for, or one that is too late."""
        handler = _ANSWERS.get(name)
        if handler is None:
            return False
        if request == self._request and self._link.up:
            handler(self, data, error, message)
        return name != "OnRspError" or request == self._request

    def _step(self, what: str, name: str, fields: dict[str, Value]) -> None:
        """Send one request; silence, and a refusal to send, are failures."""
        self._request = self._next_request()
        try:
            code = self._send(name, fields, self._request)
        except FieldError as error:
            self._link.give_up(what, unfit(error))
            return
        if code:
            self._link.fail(what, code, f"return code {code}", self.begin)
        else:
            self._link.expect(what, self._section.login_timeout_s, self.begin)

    def _refused(self, data: Row, error: int, message: str) -> None:
        """``OnRspError``: it does not say what it answers."""
        self._link.fail(LOGIN, error, message, self.begin)

    # ------------------------------------------------------------ authentication, login

    def _authenticate(self) -> None:
        fields: dict[str, Value] = {
            "BrokerID": self._section.broker, "UserID": self._user,
            "UserProductInfo": PRODUCT_INFO, "AppID": self._section.app_id,
            "AuthCode": "" if self._auth_code is None else self._auth_code.reveal(),
        }  # fmt: skip
        self._step(AUTHENTICATION, "ReqAuthenticate", fields)

    def _authenticated(self, data: Row, error: int, message: str) -> None:
        if self._link.state is not _S.CONNECTED:
            return
        if error:
            self._link.fail(AUTHENTICATION, error, message, self.begin)
            return
        self._link.enter(_S.AUTHENTICATED)
        self._log_in()

    def _log_in(self) -> None:
        fields: dict[str, Value] = {
            "BrokerID": self._section.broker, "UserID": self._user,
            "UserProductInfo": PRODUCT_INFO,
            "Password": "" if self._password is None else self._password.reveal(),
        }  # fmt: skip
        self._step(LOGIN, "ReqUserLogin", fields)

    def _logged_in(self, data: Row, error: int, message: str) -> None:
        if self._link.state not in (_S.CONNECTED, _S.AUTHENTICATED):
            return
        known = error and cause(error).reaction is Reaction.LOGGED_IN and data.get("SessionID")
        day = _day(data.get("TradingDay"))
        if error and not known and cause(error).reaction is Reaction.LOGGED_IN:
            # The answer with our session was lost, and the front tells it once a connection.
            self._link.instead(_PAUSE_S, lambda: self._renew(f"{LOGIN}: {error} {message}"))
            return
        if (error and not known) or not day:
            text = message if error else "the login tells no trading day / 登录应答无交易日"
            self._link.fail(LOGIN, error, text, self.begin)
            return
        try:
            self._identity.login(
                day, int(data["FrontID"]), int(data["SessionID"]), str(data["MaxOrderRef"])
            )
        except OSError as problem:
            text = f"the session cannot be written: {problem} / 会话无法写入数据目录"
            self._link.fail(LOGIN, 0, text, self.begin)
            return
        self._day = day
        self._link.enter(_S.LOGGED_IN)
        self._entered(day, data)
        self._settle()

    # ------------------------------------------------------------ settlement

    def _settle(self) -> None:
        """Asked first whether it is confirmed: it need be once a day. A shadow only looks."""
        if self._section.shadow:
            self._settled()
            return
        self._queries.ask(
            "ReqQrySettlementInfoConfirm", self._whose, self._confirmed_before,
            self._fail,
        )  # fmt: skip

    def _fail(self, code: int, text: str) -> None:
        self._link.fail(SETTLEMENT, code, text, self.begin)

    def _confirmed_before(self, rows: list[Row]) -> None:
        today = str(self._day)
        if any(str(row.get("ConfirmDate", "")).strip() == today for row in rows):
            self._link.enter(_S.CONFIRMED)
            self._settled()
            return
        self._queries.ask(
            "ReqQrySettlementInfo", {**self._whose, "TradingDay": ""}, self._confirm,
            lambda code, text: self._confirm([]),
        )  # fmt: skip

    def _confirm(self, statement: list[Row]) -> None:
        """The statement is kept, then confirmed; where there is none to be had, it is confirmed
        all the same, as any terminal does."""
        if statement:
            try:
                path = settlement.keep(self._statements, self._account, statement)
                if path is not None:
                    logger.info("ctp td: settlement statement kept: {}", path)
            except OSError as problem:
                text = f"the settlement statement cannot be kept: {problem} / 结算单无法保存"
                self._alarm(Severity.ERROR, text)
        self._step(SETTLEMENT, "ReqSettlementInfoConfirm", self._whose)

    def _confirmed(self, data: Row, error: int, message: str) -> None:
        if self._link.state is not _S.LOGGED_IN:
            return
        if error:
            self._fail(error, message)
            return
        self._link.enter(_S.CONFIRMED)
        self._settled()


_ANSWERS: dict[str, Callable[[Login, Row, int, str], None]] = {
    "OnRspAuthenticate": Login._authenticated,
    "OnRspUserLogin": Login._logged_in,
    "OnRspSettlementInfoConfirm": Login._confirmed,
    "OnRspError": Login._refused,
}


def _day(text: Any) -> int:
    """``TradingDay`` of a login; 0 where it is no day."""
    try:
        day = int(text)
        to_date(day)
    except (TypeError, ValueError):
        return 0
    return day
