"""A person at the account: trades by hand, and does each thing that a risk rule is there to stop.

Every ``step`` seconds of event time the next act of a list is tried; one whose moment has not come
(a break, the last minutes of a session) waits for it while the others go on. Once a day there is a
while in which only reducing orders pass, and one in which the line is down.
"""

from collections import Counter, deque
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.integration.ten.floor import Floor

from homalos.exchange.records import NewOrder
from homalos.kernel.ids import OrderIds
from homalos.model.enums import Direction, Offset, OrderKind, Phase, Side, TimeInForce, TradingState
from homalos.model.events import CancelOrder, SetTradingState, SubmitOrder
from homalos.model.ids import MANUAL, UNATTRIBUTED, InstrumentId, OrderId
from homalos.model.times import MILLISECOND, MINUTE, SECOND

BUY, SELL = Side.BUY, Side.SELL
RUN = 9
"""Run number of the ids of orders by hand: none of a strategy's."""


class Quote(NamedTuple):
    bid: float
    ask: float
    step: float
    """Of the price grid."""
    ts: int


class Trader:
    """``main``: what is traded; ``dear``: of which twenty lots are more than the account can carry;
    ``denied``: not to be traded; ``quiet``: whose quotes grow old."""

    def __init__(
        self, floor: Floor, main: str, dear: str, denied: str, quiet: str, *, step: float = 60.0
    ) -> None:
        self._floor = floor
        self._bus = floor.engine.bus
        self._main, self._dear = InstrumentId(main), InstrumentId(dear)
        self._denied, self._quiet = InstrumentId(denied), InstrumentId(quiet)
        self._step = int(step * SECOND)
        self._ids = OrderIds(RUN)
        self._foreign = OrderIds(RUN + 1)
        self.done: Counter[str] = Counter()
        self._acts: deque[Callable[[], bool]] = deque((
            self.enter, self.rest, self.meet_myself, self.leave, self.off_the_grid, self.too_many,
            self.too_dear, self.too_far, self.sell_what_is_not_there, self.what_is_denied,
            self.what_is_unknown, self.again_and_again, self.a_burst, self.on_an_old_quote,
            self.in_a_break, self.before_the_close, self.pile_up, self.pay_down,
            self.reduce_only_for_a_while, self.cut_the_line, self.at_another_terminal,
        ))  # fmt: skip
        self._day_of: dict[str, int] = {}

    def begin(self) -> None:
        self._floor.at(self._floor.clock.now() + self._step, self._beat)

    def _beat(self) -> None:
        for _ in range(len(self._acts)):
            act = self._acts[0]
            self._acts.rotate(-1)
            if act():
                self.done[act.__name__] += 1
                break
        self.begin()

    # ------------------------------------------------------------ helpers

    def _quote(self, id_: InstrumentId) -> Quote | None:
        """Of a contract that trades now, with both sides there."""
        books = self._floor.engine.books
        tick, item = books.quotes.get(id_), books.instrument(id_)
        if tick is None or tick.bid_price is None or tick.ask_price is None or item is None:
            return None
        if self._phase(id_) is not Phase.CONTINUOUS:
            return None
        return Quote(tick.bid_price, tick.ask_price, item.tick_size, tick.ts_init)

    def _phase(self, id_: InstrumentId) -> Phase | None:
        return self._floor.engine.orders.phase(id_)

    def _send(
        self, id_: InstrumentId, side: Side, lots: int, price: float | None, **more: Any
    ) -> OrderId:
        intent = self._ids.next()
        market = price is None
        terms = {"kind": OrderKind.MARKET if market else OrderKind.LIMIT, "offset": None,
                 "tif": TimeInForce.FAK if market else TimeInForce.GFD} | more  # fmt: skip
        self._bus.post(
            SubmitOrder(
                intent_id=intent, account=self._floor.account, strategy=MANUAL, instrument=id_,
                side=side, lots=lots, price=price, ts_init=self._floor.clock.now(), **terms,
            )
        )  # fmt: skip
        return intent

    def _cancel(self, id_: OrderId) -> None:
        self._bus.post(CancelOrder(id_, "trader", self._floor.clock.now()))

    def _once_a_day(self, what: str) -> bool:
        day = self._floor.engine.books.trading_day
        first = self._day_of.get(what) != day
        self._day_of[what] = day
        return first

    # ------------------------------------------------------------ plain trading

    def enter(self) -> bool:
        if (quote := self._quote(self._main)) is None:
            return False
        self._send(self._main, BUY, 2, quote.ask)
        return True

    def leave(self) -> bool:
        if self._quote(self._main) is None:
            return False
        self._send(self._main, SELL, 1, None, reduce_only=True)
        return True

    def rest(self) -> bool:
        if (quote := self._quote(self._main)) is None:
            return False
        self._send(self._main, SELL, 1, quote.ask + 3 * quote.step)
        return True

    # ------------------------------------------------------------ what is to be denied

    def meet_myself(self) -> bool:
        """A resting purchase, and a sale at its price: self_trade."""
        if (quote := self._quote(self._main)) is None:
            return False
        price = quote.bid - 2 * quote.step
        resting = self._send(self._main, BUY, 1, price)
        self._send(self._main, SELL, 1, price)
        self._cancel(resting)
        return True

    def off_the_grid(self) -> bool:
        if (quote := self._quote(self._main)) is None:
            return False
        self._send(self._main, BUY, 1, quote.bid + 0.3 * quote.step)
        return True

    def too_many(self) -> bool:
        if (quote := self._quote(self._main)) is None:
            return False
        self._send(self._main, BUY, 100_000, quote.bid)
        return True

    def too_dear(self) -> bool:
        """Value, notional, leverage, margin, money."""
        if (quote := self._quote(self._dear)) is None:
            return False
        self._send(self._dear, BUY, 20, quote.bid)
        return True

    def too_far(self) -> bool:
        """Both collars, and the price limit where there is one."""
        if (quote := self._quote(self._main)) is None:
            return False
        price = round(round(quote.ask * 1.2 / quote.step) * quote.step, 6)
        self._send(self._main, BUY, 1, price)
        return True

    def sell_what_is_not_there(self) -> bool:
        if (quote := self._quote(self._dear)) is None:
            return False
        self._send(self._dear, SELL, 1, quote.bid, offset=Offset.CLOSE)
        return True

    def what_is_denied(self) -> bool:
        if (quote := self._quote(self._denied)) is None:
            return False
        self._send(self._denied, BUY, 1, quote.bid)
        return True

    def what_is_unknown(self) -> bool:
        if self._quote(self._main) is None:
            return False
        self._send(InstrumentId("SHFE.rb9912"), BUY, 1, 3_000.0)
        return True

    def again_and_again(self) -> bool:
        """The same order: duplicate."""
        if (quote := self._quote(self._main)) is None:
            return False
        far = quote.bid - 10 * quote.step
        for id_ in [self._send(self._main, BUY, 1, far) for _ in range(4)]:
            self._cancel(id_)
        return True

    def a_burst(self) -> bool:
        """Orders, then cancels, then one more: rates, open orders."""
        if (quote := self._quote(self._main)) is None:
            return False
        far = quote.bid - 20 * quote.step
        sent = [self._send(self._main, BUY, 1, far - i * quote.step) for i in range(30)]
        for id_ in sent:
            self._cancel(id_)
        last = self._send(self._main, BUY, 1, quote.bid - 60 * quote.step)
        self._floor.at(self._floor.clock.now() + SECOND, lambda: self._cancel(last))
        return True

    def on_an_old_quote(self) -> bool:
        oldest = self._floor.clock.now() - self._floor.config.risk.max_quote_age_ms * MILLISECOND
        if (quote := self._quote(self._quiet)) is None or quote.ts >= oldest:
            return False
        self._send(self._quiet, BUY, 1, quote.bid)
        return True

    def in_a_break(self) -> bool:
        tick = self._floor.engine.books.quotes.get(self._main)
        if tick is None or self._phase(self._main) not in (Phase.BREAK, Phase.CLOSED):
            return False
        if self._day_of.get("break") == (key := self._floor.clock.now() // (60 * MINUTE)):
            return False
        self._day_of["break"] = key
        self._send(self._main, BUY, 1, tick.bid_price)
        return True

    def before_the_close(self) -> bool:
        if (quote := self._quote(self._main)) is None:
            return False
        now, item = self._floor.clock.now(), self._floor.engine.books.instrument(self._main)
        assert item is not None
        end = self._floor.market.sessions.session_end(item.exchange, item.product, now)
        minutes = self._floor.config.risk.before_close_minutes
        if end is None or end - now > minutes * MINUTE:
            return False
        self._send(self._main, BUY, 1, quote.ask)
        return True

    def pile_up(self) -> bool:
        """More and more of one contract: the limits of contract, product, sector, account."""
        if (quote := self._quote(self._main)) is None:
            return False
        size = self._floor.config.risk.max_order_lots
        id_ = self._send(self._main, BUY, size, quote.bid - quote.step)
        self._cancel(id_)
        return True

    def pay_down(self) -> bool:
        """All that was bought by hand, and what of it is left again."""
        quote = self._quote(self._main)
        held = self._floor.engine.books.book(MANUAL, self._main).net_lots
        if quote is None or held <= 4:
            return False
        self._send(self._main, SELL, held, quote.bid, offset=Offset.CLOSE)
        return True

    # ------------------------------------------------------------ the operator, the world

    def reduce_only_for_a_while(self) -> bool:
        if self._quote(self._main) is None or not self._once_a_day("reduce"):
            return False
        self._state(TradingState.REDUCING)
        now = self._floor.clock.now()
        self._floor.at(now + 3 * MINUTE, lambda: self._state(TradingState.ACTIVE))
        return True

    def _state(self, state: TradingState) -> None:
        now = self._floor.clock.now()
        self._bus.post(SetTradingState(state, "trader", "because", now))

    def cut_the_line(self) -> bool:
        """What fills meanwhile is learned when the line is back."""
        if (quote := self._quote(self._main)) is None or not self._once_a_day("cut"):
            return False
        for i in range(3):
            self._send(self._main, BUY, 1, quote.bid - i * quote.step)
        now = self._floor.clock.now()
        self._floor.at(now + SECOND, self._hang_up)
        self._floor.at(now + 2 * MINUTE, self._floor.engine.connect)
        return True

    def _hang_up(self) -> None:
        self._floor.engine.gateway.close()
        if (tick := self._floor.engine.books.quotes.get(self._main)) is not None:
            self._send(self._main, BUY, 1, tick.ask_price)

    def at_another_terminal(self) -> bool:
        """Orders for the account that the daemon did not send: in, and out of what is left."""
        if (quote := self._quote(self._main)) is None:
            return False
        books = self._floor.engine.books
        splits = books.instrument(self._main).splits_today  # type: ignore[union-attr]
        held = books.book(UNATTRIBUTED, self._main).net_lots
        lots = books.position(self._main, Direction.LONG)
        free = lots.today_lots - lots.frozen_today if splits else lots.lots - lots.frozen_today
        closes = held > 2 and free > 0
        offset = Offset.OPEN
        if closes:
            offset = Offset.CLOSE_TODAY if splits else Offset.CLOSE
        self._floor.exchange.insert(
            NewOrder(
                self._floor.account, self._foreign.next(), self._main, SELL if closes else BUY,
                offset, OrderKind.LIMIT, TimeInForce.FAK, quote.bid if closes else quote.ask, 1,
            )
        )  # fmt: skip
        return True
