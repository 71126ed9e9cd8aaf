"""The books against the slow twin and against the exchange's own, to the last cent.

The twin is told the trades that the books told (by whom, which way, at what price), the settlement
prices of the exchange, and nothing else. The exchange's fills must be those trades.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from tests.integration.ten.floor import Floor
from tests.twin.ledger import DayEnd, Fill, Played, Resting, Terms, Twin

from homalos.exchange.day import DayEnd as ExchangesDay
from homalos.exchange.records import ENDED
from homalos.exchange.records import Fill as ExchangesFill
from homalos.model.enums import Direction, Offset, Side
from homalos.model.events import OrderSubmitted
from homalos.model.ids import InstrumentId, OrderId
from homalos.model.market import Instrument, Rate
from homalos.model.trading import Account, Position, Trade

HALF_CENT = Decimal("0.005")
SHARED = ("instrument", "side", "offset", "price", "lots", "order_id", "trading_day")
"""What a fill of the exchange and a trade of ours both say."""


def exact(value: float) -> Decimal:
    """The decimal number that was meant."""
    return Decimal(repr(value))


def terms(item: Instrument) -> Terms:
    def rate(value: Rate) -> tuple[Decimal, Decimal]:
        return exact(value.by_money), exact(value.by_lot)

    fees = item.fees
    return Terms(
        exact(item.multiplier), item.splits_today, rate(fees.open), rate(fees.close),
        rate(fees.close_today), rate(item.long_margin), rate(item.short_margin),
        f"{item.exchange}.{item.product}" if item.single_side else "",
    )  # fmt: skip


class Audit:
    """Of one run. ``compare`` where the bus is idle; ``checks`` counts what was compared."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.checks = 0
        self.looks = 0
        self._taken = 0
        self._before: dict[OrderId, int] = {}
        """Trades that were booked when an order left."""
        self.fills = 0
        """Of the exchange's, on days that are over."""
        section = floor.config
        self.twin = Twin(
            {str(i.id): terms(i) for i in floor.exchange.instruments()},
            exact(section.exchange.opening_cash),
        )
        self._rule = section.trading.margin_price
        self._counts = section.trading.available_counts
        self._with_closed = section.trading.available_includes_closed_profit
        self._settled: dict[str, Decimal] = {}
        """With which the first day began, as ticks told by now."""
        self.twin.events.append(DayEnd(self._settled))
        floor.settling = self._day_over
        floor.engine.bus.subscribe(OrderSubmitted, self._on_order, actor="audit", role="store")

    def _on_order(self, event: OrderSubmitted) -> None:
        self._hear()
        self._before[event.order.id] = len(self.twin.events)

    def _hear(self) -> None:
        """Tell the twin what was traded since, and with which settlements the first day began."""
        if not self.floor.ends:
            for id_, tick in self.floor.engine.books.quotes.items():
                if tick.pre_settlement is not None:
                    self._settled[str(id_)] = exact(tick.pre_settlement)
        news = self.floor.trades[self._taken :]
        self._taken += len(news)
        self.twin.events += [_fill(trade) for trade in news]

    def _day_over(self, end: ExchangesDay) -> None:
        """The exchange is about to settle: its books of the whole day, then ours follow."""
        self._hear()
        money, fills, positions = end.accounts[self.floor.account]
        marks = {str(p.instrument): exact(p.last_price or 0.0) for p in positions}
        played = self.twin.play()
        self._money("exchange", money, played, marks, (Decimal(0), Decimal(0)))
        self._lots("exchange", positions, played)
        self._fills(fills, played)
        self.fills += len(fills)
        self.twin.events.append(DayEnd({str(i): exact(price) for i, price in end.prices}))

    # ------------------------------------------------------------ comparing

    def _same(self, what: str, found: float | None, wanted: Decimal) -> None:
        self.checks += 1
        assert found is not None, what
        assert abs(exact(found) - wanted) < HALF_CENT, f"{what}: {found!r}, the twin has {wanted}"

    def compare(self) -> None:
        """Everything there is."""
        self._hear()
        self.looks += 1
        floor, books, twin = self.floor, self.floor.engine.books, self.twin
        played = twin.play()
        ours = {str(id_): exact(price) for id_, price in books.marks.items()}
        frozen = twin.frozen(list(self._resting()))
        self._money("books", books.account(), played, ours, frozen)
        self._lots("books", books.positions(), played)
        self._contracts(played)
        self._owners(played, ours)
        exchange = floor.exchange
        theirs = {i: exact(exchange.last_price(InstrumentId(i)) or 0.0) for i in twin.terms}
        self._money("exchange", exchange.account(floor.account), played, theirs, frozen)
        self._lots("exchange", exchange.positions(floor.account), played)
        self._fills(exchange.fills(floor.account), played)
        assert not books.missing_lots

    def _money(
        self, whose: str, account: Account, played: Played, marks: dict[str, Decimal],
        frozen: tuple[Decimal, Decimal],
    ) -> None:  # fmt: skip
        twin = self.twin
        equity, margin = twin.equity(marks, played), twin.margin(self._rule, marks, played)
        by_date, by_trade = twin.floating(marks, played)
        none = Decimal(0)
        for name, wanted in (
            ("balance", equity),
            ("fees", sum(played.fees.values(), none)),
            ("closed_profit", sum(played.closed.values(), none)),
            ("closed_profit_by_trade", sum(played.closed_by_trade.values(), none)),
            ("position_profit", by_date),
            ("position_profit_by_trade", by_trade),
            ("margin", margin),
            ("frozen_margin", frozen[0]),
            ("frozen_fees", frozen[1]),
            ("available", equity - margin - sum(frozen) - self._left_out(by_date, played)),
        ):
            self._same(f"{whose}: {name}", getattr(account, name), wanted)
        static = account.pre_balance + account.deposit - account.withdraw
        self._same(f"{whose}: equity at the day's start", static, played.start)

    def _left_out(self, profit: Decimal, played: Played) -> Decimal:
        """What of the day's profits is not available (FACTS A12)."""
        earned = Decimal(0)
        if not self._with_closed:
            earned = max(sum(played.closed.values(), Decimal(0)), Decimal(0))
        gain, loss = max(profit, Decimal(0)), min(profit, Decimal(0))
        parts = {"loss_only": gain, "profit_only": loss, "neither": profit}
        return parts.get(self._counts, Decimal(0)) + earned

    def _resting(self) -> Iterable[Resting]:
        """The exchange's working orders."""
        exchange = self.floor.exchange
        for order in exchange.orders(self.floor.account):
            if order.status in ENDED or not order.remaining:
                continue
            buy, contract, fresh = order.side is Side.BUY, str(order.instrument), 0
            if order.offset is Offset.CLOSE_TODAY:
                fresh = order.lots
            elif order.offset is Offset.CLOSE and not self.twin.terms[contract].split:
                then = self.twin.play(self._before[order.id])
                fresh = min(order.lots, then.fresh.get((contract, not buy), 0))
            opens, price = order.offset is Offset.OPEN, exact(order.price)
            yield Resting(contract, buy, opens, price, order.lots, order.remaining, fresh)

    def _lots(self, whose: str, positions: Iterable[Position], played: Played) -> None:
        rows = {(str(p.instrument), p.direction is Direction.LONG): p for p in positions if p.lots}
        held = {key: lots for key, lots in played.lots.items() if lots}
        assert set(rows) == set(held), whose
        for key, lots in held.items():
            row, what = rows[key], f"{whose}: {key}"
            assert row.today_lots == sum(lot.today for lot in lots), what
            assert row.yesterday_lots == sum(not lot.today for lot in lots), what
            unit = self.twin.terms[key[0]].multiplier
            basis = sum((lot.basis for lot in lots), Decimal(0))
            opened = sum((lot.opened for lot in lots), Decimal(0))
            # In yuan, of the whole row: what an average that is off would cost.
            self._same(f"{what} cost", row.cost_price * row.lots * float(unit), basis * unit)
            self._same(f"{what} open", row.average_price * row.lots * float(unit), opened * unit)

    def _contracts(self, played: Played) -> None:
        books, none = self.floor.engine.books, Decimal(0)
        for name in played.fees.keys() | played.closed.keys():
            contract = books.contract(InstrumentId(name))
            assert contract is not None
            self._same(f"fees of {name}", contract.fees, played.fees.get(name, none))
            self._same(f"closed in {name}", contract.closed_profit, played.closed.get(name, none))

    def _owners(self, played: Played, marks: dict[str, Decimal]) -> None:
        """Strategies, the trader by hand, nobody: each as the twin has it, and all of them
        together the account."""
        books, twin = self.floor.engine.books, self.twin
        rows = {(str(row.strategy), str(row.instrument)): row for row in books.books()}
        shares = twin.shares(played)
        assert set(rows) == set(shares)
        nets: dict[str, int] = defaultdict(int)
        today = Decimal(0)
        for key, share in shares.items():
            row, what, unit = rows[key], "{} in {}".format(*key), twin.terms[key[1]].multiplier
            made = row.closed_profit + row.position_profit - row.fees
            by_date = row.closed_profit_by_date + row.position_profit_by_date
            assert row.net_lots == share.net, what
            self._same(f"{what}: result", made, share.result(marks[key[1]], unit))
            self._same(f"{what}: of today", by_date, share.result_today(marks[key[1]], unit))
            self._same(f"{what}: fees", row.fees, share.fees)
            nets[key[1]] += row.net_lots
            today += exact(by_date)
        account = books.account()
        self._same("all owners today", account.closed_profit + account.position_profit, today)
        for name, net in nets.items():
            long, short = (len(played.lots.get((name, way), ())) for way in (True, False))
            assert net == long - short, name
        paid = sum((exact(row.fees) for row in rows.values()), Decimal(0))
        ever = sum((exact(trade.fee) for trade in self.floor.trades), Decimal(0))
        self._same("all owners' fees", float(paid), ever)
        day = books.trading_day
        spent = sum((exact(t.fee) for t in self.floor.trades if t.trading_day == day), Decimal(0))
        self._same("fees of the day's trades", account.fees, spent)

    def _fills(self, fills: tuple[ExchangesFill, ...], played: Played) -> None:
        """The exchange's fills of the day are our trades of the day, each to the cent."""
        first = self._taken - len(fills)
        ours = self.floor.trades[first : self._taken]
        paid = played.fee_of_each_fill[first:]
        closed = played.closed_of_each_fill[first:]
        for theirs, trade, fee, made in zip(fills, ours, paid, closed, strict=True):
            for name in SHARED:
                assert getattr(theirs, name) == getattr(trade, name), name
            assert theirs.trade_id == trade.id
            for whose in (theirs, trade):
                self._same("fee of a trade", whose.fee, fee)
                self._same("it realised", whose.closed_profit, made[0])
            self._same("by trade", trade.closed_profit_by_trade, made[1])
            self._same("by trade", theirs.closed_by_trade, made[1])


def _fill(trade: Trade) -> Fill:
    return Fill(
        str(trade.instrument), str(trade.strategy), trade.side is Side.BUY, trade.offset.value,
        exact(trade.price), trade.lots,
    )  # fmt: skip
