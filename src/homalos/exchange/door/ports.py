"""What the parts of the door ask of each other: accounts, sessions, faults, the front itself."""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import NamedTuple, Protocol

from homalos.ctp.abi import Value
from homalos.model.enums import Direction, Offset, Side, TimeInForce
from homalos.model.event import Record
from homalos.model.ids import AccountId, InstrumentId, OrderId

# ------------------------------------------------------------------ accounts


class Client(Record, frozen=True):
    """One login. ``investor`` is the exchange's account; several users may share one."""

    broker: str
    user: str
    investor: AccountId
    name: str = ""
    cash: float | None = None
    """Paid in when the exchange first sees the account; ``None``: the setting's opening cash."""
    app_id: str = ""
    """Empty: any program may authenticate."""
    login_code: int = 0
    """Refuses a login with a right password: 140 first login, 141 expired, 131 weak; a new
    password (``ReqUserPasswordUpdate``) ends it."""


class AccountBook(Protocol):
    """Who may log in. Passwords never leave it."""

    def clients(self) -> Sequence[Client]: ...

    def find(self, broker: str, user: str) -> Client | None: ...

    def brokers(self) -> frozenset[str]: ...

    def password_fits(self, client: Client, password: str) -> bool: ...

    def authentic(self, client: Client, app_id: str, auth_code: str) -> bool: ...

    def set_password(self, client: Client, password: str) -> None:
        """A new password, until the process ends; ``login_code`` of the client becomes 0."""
        ...


# ------------------------------------------------------------------ faults


class Act(Enum):
    PASS = auto()
    DROP = auto()
    """Lost: an answer that never comes, a request that nobody reads."""
    DELAY = auto()
    """By ``Verdict.ms`` of real time; what follows it does not wait."""
    DUPLICATE = auto()
    SWAP = auto()
    """Held until the next frame of the session has gone."""
    CUT = auto()
    """The line breaks; ``Verdict.sent`` tells whether the frame got out (the request in) first."""
    REJECT = auto()
    """Only of requests: answered with ``Verdict.code``, as if CTP had refused it."""


class Verdict(NamedTuple):
    act: Act
    ms: int = 0
    code: int = 0
    sent: bool = False


PASS = Verdict(Act.PASS)


class Session(Protocol):
    """A client's line, as others may see it."""

    number: int
    """Of the connection, from 1."""
    side: str
    """``md`` or ``td``."""
    user: str
    """Empty until it has logged in."""
    account: AccountId
    """Empty until it has logged in; also on md where credentials are not checked."""
    front_id: int
    session_id: int
    """0 until it has logged in."""


class Faults(Protocol):
    """Asked for every frame while ``active``. ``name`` is the API's: ``OnRtnOrder``,
    ``ReqOrderInsert``."""

    active: bool
    """False: nothing is set, and nobody asks."""

    def outgoing(self, session: Session, frame: bytes, name: str) -> Verdict: ...

    def incoming(self, session: Session, name: str, fields: Mapping[str, Value]) -> Verdict: ...


class NoFaults:
    active = False

    def outgoing(self, session: Session, frame: bytes, name: str) -> Verdict:
        return PASS

    def incoming(self, session: Session, name: str, fields: Mapping[str, Value]) -> Verdict:
        return PASS


# ------------------------------------------------------------------ the front


class ForeignOrder(Record, frozen=True):
    """An order of an account that none of its sessions sent: another program's, or (with
    ``force_close``) the broker's risk desk's. ``price`` ``None``: the price limit against it, so
    that it trades with what is there."""

    account: AccountId
    instrument: InstrumentId
    side: Side
    offset: Offset
    lots: int
    price: float | None = None
    tif: TimeInForce = TimeInForce.GFD
    force_close: bool = False


class FrontPort(Protocol):
    """What faults and the control door do with a running front. ``LookupError``: no such account
    or contract; ``ValueError``: what was asked cannot be."""

    def sessions(self) -> Sequence[Session]: ...

    def cut(self, sessions: Iterable[Session]) -> int:
        """Break lines, as a network does; how many."""
        ...

    def stall_md(self, on: bool) -> None:
        """Hold market data back (its sessions stay up); off: it goes on with what comes next."""
        ...

    def clear_flows(self) -> None:
        """清流重启: the core starts anew with cleared flows: every td session is cut, and the day's
        orders are told again under other FrontID, SessionID and OrderRef, RequestID 0."""
        ...

    def foreign_order(self, order: ForeignOrder) -> OrderId: ...

    def cancel_foreign(self, account: AccountId, order_id: OrderId) -> None:
        """Cancel one of the account's orders behind its sessions' back."""
        ...

    def force_close(
        self, account: AccountId, instrument: InstrumentId, direction: Direction, lots: int = 0
    ) -> tuple[OrderId, ...]:
        """The risk desk closes ``lots`` (0: all) of a position at the market."""
        ...

    def change_position(
        self,
        account: AccountId,
        instrument: InstrumentId,
        direction: Direction,
        lots: int,
        price: float | None = None,
        *,
        today: bool = True,
    ) -> None:
        """Add (negative: take away) lots without order or trade. ``price``: of what is added,
        ``None``: the last price."""
        ...

    def push_tick(self, instrument: InstrumentId, fields: Mapping[str, Value]) -> int:
        """Send the contract's newest snapshot with ``fields`` of ``DepthMarketData`` laid over it
        (junk, stale, a settlement price) to its subscribers; how many."""
        ...
