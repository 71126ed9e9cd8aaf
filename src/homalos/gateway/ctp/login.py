"""The steps of a trading login: authentication, login, settlement (FACTS A3).

Each is tried again or given up by its error code (``errors``); after each connection all begin
anew.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

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
from homalos.model.event import Event
from homalos.model.ids import AccountId
from homalos.model.settlement import StatementReceived

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
        now: Callable[[], int],
        tell: Callable[[Event], None],
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
        self._now = now
        self._tell = tell
        self._alarm = alarm
        self._entered = entered
        self._settled = settled
        self._renew = renew
        self._request = 0
        """Of the step that waits for an answer."""
        self._day = 0
        self._day_before = 0
        """Of the login before this day's; 0: there was none."""
        self._fetched = 0
        """The day whose login has brought the last statement."""
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
        day = settlement.day_of(data.get("TradingDay", ""))
        if error and not known and cause(error).reaction is Reaction.LOGGED_IN:
            # The answer with our session was lost, and the front tells it once a connection.
            self._link.instead(_PAUSE_S, lambda: self._renew(f"{LOGIN}: {error} {message}"))
            return
        if (error and not known) or not day:
            text = message if error else "the login tells no trading day / 登录应答无交易日"
            self._link.fail(LOGIN, error, text, self.begin)
            return
        if self._identity.trading_day != day:
            self._day_before = self._identity.trading_day
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
            self._fetch()
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
            self._fetch()
            return
        if self._fetched == self._day:
            self._ask_to_confirm()
            return
        self._queries.ask(
            "ReqQrySettlementInfo", {**self._whose, "TradingDay": ""}, self._confirm,
            lambda code, text: self._ask_to_confirm(),
        )  # fmt: skip

    def _fetch(self) -> None:
        """The last statement, once a day of logins, after all that trading waits for: it was
        confirmed at another terminal, or by the run before this one."""
        if self._fetched != self._day:
            self._ask_statement("", self._last)

    def _ask_statement(self, day: str, done: Callable[[list[Row]], None]) -> None:
        self._queries.ask(
            "ReqQrySettlementInfo", {**self._whose, "TradingDay": day}, done,
            lambda code, text: logger.warning("ctp td: {}: {} {}", SETTLEMENT, code, text),
            key=f"statement {day}", background=True,
        )  # fmt: skip

    def _last(self, rows: list[Row]) -> None:
        """The last statement; where the login before was on an earlier day than it is of (nobody
        ran in between), that day's is fetched, too."""
        kept = self._keep(rows)
        self._fetched = self._day
        before = self._day_before
        if kept is not None and before and before < kept.trading_day:
            self._ask_statement(str(before), self._keep_only)

    def _keep_only(self, rows: list[Row]) -> None:
        self._keep(rows)

    def _keep(self, rows: list[Row]) -> settlement.Kept | None:
        if not rows:
            return None
        try:
            kept = settlement.keep(self._statements, self._account, rows)
        except OSError as problem:
            text = f"the settlement statement cannot be kept: {problem} / 结算单无法保存"
            self._alarm(Severity.ERROR, text)
            return None
        if kept is not None:
            logger.info("ctp td: settlement statement kept: {}", kept.path)
            self._tell(
                StatementReceived(
                    self._account, kept.trading_day, str(kept.path), kept.digest, self._now()
                )
            )  # fmt: skip
        return kept

    def _confirm(self, statement: list[Row]) -> None:
        """The statement is kept, then confirmed; where there is none to be had, it is confirmed
        all the same, as any terminal does."""
        self._last(statement)
        self._ask_to_confirm()

    def _ask_to_confirm(self) -> None:
        self._step(SETTLEMENT, "ReqSettlementInfoConfirm", self._whose)

    def _confirmed(self, data: Row, error: int, message: str) -> None:
        if self._link.state is not _S.LOGGED_IN:
            return
        if error:
            self._fail(error, message)
            return
        self._link.enter(_S.CONFIRMED)
        self._settled()
        self._fetch()


_ANSWERS: dict[str, Callable[[Login, Row, int, str], None]] = {
    "OnRspAuthenticate": Login._authenticated,
    "OnRspUserLogin": Login._logged_in,
    "OnRspSettlementInfoConfirm": Login._confirmed,
    "OnRspError": Login._refused,
}
