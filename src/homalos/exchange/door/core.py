"""What both fronts share: the exchange, the accounts, the settings, who is in."""

from homalos.config.sections.front import FrontSection
from homalos.exchange.door import dates
from homalos.exchange.door.line import Line
from homalos.exchange.door.ports import AccountBook, Faults
from homalos.exchange.engine import Exchange
from homalos.kernel.clock import Clock
from homalos.model.ids import InstrumentId
from homalos.model.market import Instrument

FRONT_ID = 1
SYSTEM = "Homalos"
VERSION = "homalos simulated front"


class Core:
    """See the module."""

    def __init__(
        self,
        exchange: Exchange,
        book: AccountBook,
        section: FrontSection,
        clock: Clock,
        faults: Faults,
    ) -> None:
        self.exchange = exchange
        self.book = book
        self.section = section
        self.clock = clock
        self.faults = faults
        self.front_id = FRONT_ID
        self.sessions = 0
        """Numbers given to sessions so far."""
        self.items: dict[str, Instrument] = {}
        """Contracts that are traded, by the exchange's own spelling."""
        self.crowd: frozenset[str] = frozenset()
        """Contracts that are shown and not traded."""
        self.traders: set[tuple[str, str]] = set()
        """(user, address) that have logged in to trading on this trading day."""

    @property
    def day(self) -> str:
        return str(self.exchange.trading_day)

    def now(self) -> int:
        return self.clock.now()

    def list(self, item: Instrument) -> None:
        self.items[item.symbol] = item

    def described(self, instrument: InstrumentId) -> Instrument:
        """The contract as it is listed. ``KeyError``: it is not."""
        contract = self.exchange.contract(instrument)
        if contract is None:
            raise KeyError(instrument)
        return contract.instrument

    def seated(self, line: Line) -> None:
        """Give a line its FrontID and SessionID."""
        self.sessions += 1
        line.front_id = self.front_id
        line.session_id = self.sessions
        line.max_ref = 0

    def login_answer(
        self, line: Line, broker: str, user: str, last_login: str
    ) -> dict[str, str | int]:
        """``RspUserLogin``; every exchange's clock shows the market's time."""
        now = dates.hms(self.now())
        clocks = dict.fromkeys(
            ("SHFETime", "DCETime", "CZCETime", "FFEXTime", "INETime", "GFEXTime"), now
        )
        return {
            "TradingDay": self.day,
            "LoginTime": now,
            "BrokerID": broker,
            "UserID": user,
            "SystemName": SYSTEM,
            "FrontID": line.front_id,
            "SessionID": line.session_id,
            "MaxOrderRef": "0",
            "SysVersion": VERSION,
            "LastLoginTime": last_login,
            **clocks,
        }
