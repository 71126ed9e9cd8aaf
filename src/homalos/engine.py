"""The trading core around a clock and a gateway: the same live, simulated and in a backtest."""

from collections.abc import Callable, Iterable
from pathlib import Path

from homalos.config.schema import Config
from homalos.gateway.journaled import JournaledGateway
from homalos.gateway.protocol import Gateway
from homalos.kernel.bus import Bus
from homalos.kernel.catalogue import check
from homalos.kernel.clock import Clock
from homalos.kernel.follower import FollowingClock, MarketFollower
from homalos.kernel.ids import OrderIds
from homalos.kernel.journal import Journal
from homalos.kernel.state import state_hash
from homalos.kernel.timers import Timers
from homalos.market.bars import BarAggregator
from homalos.market.calendar import TradingCalendar
from homalos.market.calendar_watch import CalendarWatch
from homalos.market.gate import TickGate
from homalos.market.products import Products
from homalos.market.sessions import Sessions
from homalos.model.conditional import Conditional
from homalos.model.events import InstrumentListed, IntentChanged
from homalos.model.ids import AccountId, InstrumentId, StrategyId
from homalos.model.market import Tick
from homalos.model.trading import Account, Order, StrategyBook
from homalos.strategy.manager import StrategyManager
from homalos.trading.books import Books
from homalos.trading.breaker import Breaker
from homalos.trading.conditional.keeper import Conditionals
from homalos.trading.control import TradingControl
from homalos.trading.days import forward
from homalos.trading.delivery.keeper import Delivery
from homalos.trading.flatten.keeper import Flatten
from homalos.trading.manager import OrderManager
from homalos.trading.offsets import BookMode
from homalos.trading.programme.keeper import Programme
from homalos.trading.risk.gate import RiskGate
from homalos.trading.risk.user_rules import UserRules
from homalos.trading.settlement.keeper import SettlementKeeper
from homalos.trading.watch.keeper import LossWatch

ROLES = ("gateway", "market", "strategy", "orders", "account", "risk", "operator", "kernel")
"""Roles that every profile has."""


class Market:
    """What is known before any venue speaks: products, calendar, sessions."""

    def __init__(self, config: Config) -> None:
        self.calendar = TradingCalendar(config.calendar)
        self.products = Products(config.products, self.calendar)
        self.sessions = Sessions(self.calendar, self.products)


class View:
    """What strategies may read of the account."""

    def __init__(self, books: Books, orders: OrderManager, held: Conditionals) -> None:
        self.account: Callable[[], Account] = books.account
        self.book: Callable[..., StrategyBook] = books.book
        self.books: Callable[[], tuple[StrategyBook, ...]] = books.books
        self.live: Callable[[], Iterable[Order]] = orders.live
        self.conditionals: Callable[[], Iterable[Conditional]] = held.live
        self.intents: Callable[[], Iterable[IntentChanged]] = orders.working.pending
        self.set_mode: Callable[[StrategyId, BookMode], None] = books.strategies.set_mode


class Engine:
    """Bus, market, trading and strategies, assembled. ``attach`` once, then ``connect``.

    ``recorded``: the times of the market are not compared with the clock: it comes from a file,
    or the clock follows it. ``watchdog``: strategies have time budgets and their files are watched.
    ``resolve``: how a pattern of strategies.yaml becomes a contract, if not as in a simulation.
    ``risk_rules``: the folder of the trader's own rules. ``bus``, ``timers``: a replay brings its
    own.
    """

    def __init__(
        self,
        config: Config,
        market: Market,
        clock: Clock,
        make_gateway: Callable[[Bus, Timers], Gateway],
        *,
        run: int,
        strategies: Path,
        journal: Journal | None = None,
        recorded: bool = False,
        watchdog: bool = True,
        stuck_file: Path | None = None,
        resolve: Callable[[str], InstrumentId | None] | None = None,
        risk_rules: Path | None = None,
        bus: Bus | None = None,
        timers: Timers | None = None,
    ) -> None:
        account = AccountId(config.app.account)
        self.config = config
        self.clock = clock
        self.bus = bus or Bus(clock, config.kernel, journal)
        self.timers = timers or Timers(self.bus)
        self.gateway = make_gateway(self.bus, self.timers.outside())
        if journal is not None:
            self.gateway = JournaledGateway(self.gateway, self.bus)
        accept: Callable[[Tick], None] = self.bus.post
        if isinstance(clock, FollowingClock):
            accept = MarketFollower(self.bus, clock, self.timers).accept
        self.gate = TickGate(market.sessions, clock, config.market, accept, recorded=recorded)
        self.calendar = CalendarWatch(self.bus, market.calendar)
        self.bars = BarAggregator(self.bus, self.timers, market.sessions, config.market)
        self.books = Books(
            self.bus, self.timers, config.trading, account, market.products.sector
        )
        simulated = self.gateway.simulated
        self.control = TradingControl(self.bus, config.trading, simulated=simulated)
        self.risk = RiskGate(
            config.risk, self.books, self.control, simulated=simulated,
            closes=market.sessions.session_end,
        )  # fmt: skip
        self.orders = OrderManager(
            self.bus, self.timers, self.gateway, self.books, self.risk,
            config.trading, account,
        )  # fmt: skip
        self.breaker = Breaker(self.bus, self.timers, config.risk)
        self.risk.view.breakers = self.breaker.open
        self.programme = Programme(
            self.bus, self.timers, self.books, self.orders, config.risk, simulated=simulated
        )
        self.risk.view.programme = self.programme.counts
        self.conditionals = Conditionals(
            self.bus, self.timers, self.books, self.orders, self.control, market.sessions
        )
        self.settlement = SettlementKeeper(self.bus, self.books, expects=not simulated)
        self.orders.sync.closing = self.settlement.close_day
        ids = OrderIds(run)
        self.flatten = Flatten(
            self.bus, self.timers, self.books, self.orders, self.control, market.sessions, ids,
            subscribe=self._subscribe, entries=config.strategies,
            opaque=self.gateway.opaque_positions,
        )  # fmt: skip
        self.flatten.configure(config.trading, config.risk)
        self.delivery = Delivery(
            self.bus, self.timers, self.books, self.flatten, market.products.delivery,
            market.sessions, config.risk,
        )  # fmt: skip
        self.risk.view.delivery = self.delivery.near
        self.losses = LossWatch(
            self.bus, self.timers, self.books, self.orders.venue, self.control
        )
        self.losses.configure(config.risk)
        self.risk.view.losses = self.losses.standing
        self.strategies = StrategyManager(
            self.bus, self.timers, ids, View(self.books, self.orders, self.conditionals),
            self.bars, self._subscribe, config.strategy, config.strategies, strategies,
            account=account, watchdog=watchdog, stuck_file=stuck_file, resolve=resolve,
            near=self.delivery.near,
        )  # fmt: skip
        self.user_rules: UserRules | None = None
        if risk_rules is not None:
            self.user_rules = UserRules(
                risk_rules, self.bus, config.risk, self.risk, self.strategies.guarded
            )

    def _subscribe(self, instruments: Iterable[InstrumentId]) -> None:
        self.gateway.subscribe(instruments)

    def attach(self) -> None:
        """Subscribe everybody; books before strategies: a fill is booked when it is told."""
        self.bus.subscribe(InstrumentListed, self._on_listed, actor="gate", role="market")
        self.calendar.attach()
        self.books.attach()
        self.control.attach()
        self.orders.attach()
        self.programme.attach()
        self.breaker.attach()
        self.flatten.attach()
        self.delivery.attach()
        self.losses.attach()
        self.settlement.attach()
        self.conditionals.attach()
        self.conditionals.expect = self.strategies.expect
        self.strategies.attach()
        # After the strategies: bars close by timers, so no tick of theirs waits for one.
        self.bars.attach()
        if self.user_rules is not None:
            self.user_rules.attach()

    def _on_listed(self, event: InstrumentListed) -> None:
        self.gate.listed(event.instrument)

    def connect(self) -> None:
        """Open the lines to the venue."""
        self.gateway.connect(forward(self.bus, self.books), self.gate.admit)

    def faults(self, *roles: str) -> list[str]:
        """Of the catalogue check, with these roles present beside the core's."""
        return check(self.bus, (*ROLES, *roles))

    def configure(self, config: Config) -> None:
        """Apply keys that hold at once, between two events."""
        self.config = config
        self.bus.configure(config.kernel)
        self.gate.configure(config.market)
        self.bars.configure(config.market)
        self.books.configure(config.trading)
        self.control.configure(config.trading)
        self.orders.configure(config.trading)
        self.risk.configure(config.risk)
        self.delivery.configure(config.risk)
        self.programme.configure(config.risk)
        self.breaker.configure(config.risk)
        self.flatten.configure(config.trading, config.risk)
        self.losses.configure(config.risk)
        if self.user_rules is not None:
            self.user_rules.configure(config.risk)
        self.strategies.configure(config.strategy)

    def state_hash(self) -> str:
        """Of orders, books, risk and strategies: no measured time, no statistics."""
        return state_hash(self.state())

    def state(self) -> dict[str, object]:
        """All state, by part."""
        return {
            "books": self.books.state(),
            "breaker": self.breaker.state(),
            "conditionals": self.conditionals.state(),
            "control": self.control.state_record(),
            "delivery": self.delivery.state(),
            "flatten": self.flatten.state(),
            "losses": self.losses.state(),
            "openings": self.orders.openings.state(),
            "orders": self.orders.state(),
            "programme": self.programme.state(),
            "programme_group": self.programme.group.state(),
            "risk": self.risk.state(),
            "strategies": self.strategies.state(),
        }
