"""What another account of an actual-control group (实际控制关系账户组) has counted today."""

from homalos.model.event import Event, Record
from homalos.model.ids import InstrumentId


class ContractShare(Record, frozen=True):
    """One account's counts of a trading day in one contract."""

    instrument: InstrumentId
    orders: int
    cancels: int
    large_cancels: int
    self_trades: int
    messages: int


class ExchangeShare(Record, frozen=True):
    """The same at one exchange."""

    exchange: str
    messages: int
    bursts: int


class SecondShare(Record, frozen=True):
    """Messages of one account within one second of the clock."""

    exchange: str
    second: int
    """Since the epoch."""
    messages: int


class TradeShare(Record, frozen=True):
    """One side of a trade that was this account's."""

    instrument: InstrumentId
    trade_id: str
    """The exchange's, without padding."""
    sides: int
    """1 buy, 2 sell, 3 both."""


class GroupCounted(Event, frozen=True):
    """Another account of the group tells its counts: contracts and exchanges whole, of seconds and
    trades those that are new or changed since it told last. ``trading_day`` 0: it is no member any
    more."""

    account: str
    trading_day: int
    contracts: tuple[ContractShare, ...]
    exchanges: tuple[ExchangeShare, ...]
    seconds: tuple[SecondShare, ...]
    trades: tuple[TradeShare, ...]
    ts_init: int
