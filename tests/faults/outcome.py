"""What has to be so after a fault, whatever it was: the promises, each one function.

They take plain facts, so that one set serves the core in this process and the daemon as a child
process. Each raises ``AssertionError`` with what differs. ``tests/faults/test_outcome.py`` holds
that each of them can fail.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from homalos.exchange.records import ENDED
from homalos.exchange.state import AccountState
from homalos.model.event import Event
from homalos.model.events import OrderSubmitted, TradeReported
from homalos.model.ids import UNATTRIBUTED
from homalos.model.trading import Order
from homalos.trading.manager import trade_key
from homalos.trading.registry import exchange_of
from homalos.trading.states import LIVE, RANK

CENT = 0.005

Lots = dict[tuple[str, str], tuple[int, int]]
"""(today, yesterday) by contract and direction; flat ones are not in it."""
TradeKey = tuple[str, str, str, int]
"""Exchange, trade id, side, trading day."""
Nets = dict[tuple[str, str], int]
"""Net lots by strategy and contract; flat ones are not in it."""


class Fill(NamedTuple):
    """One fill, by whatever side: the order's id, the contract, lots with their sign."""

    order: str
    instrument: str
    lots: int


Fills = dict[TradeKey, Fill]


class Side(NamedTuple):
    """The account as one side has it: the books, or the exchange."""

    day: int
    lots: Lots
    live: dict[str, int]
    """Traded lots of orders that may still trade, by id."""
    money: dict[str, float]
    """The settled part: what no price moves."""


class Past(NamedTuple):
    """What a journal says: what must not be lost."""

    owners: dict[str, str]
    """Strategy of each order that was written down."""
    orders: dict[str, Order]
    fills: Fills


# ------------------------------------------------------------------ facts


def venue_side(account: AccountState, day: int) -> Side:
    """The exchange's own books, as its ledger folds them."""
    lots: Lots = {}
    for instrument, pair in account.holdings.items():
        for name, held in (("long", pair.long), ("short", pair.short)):
            if held.lots:
                lots[instrument, name] = (held.today, held.yesterday)
    live = {o.id: o.traded for o in account.orders.values() if o.status not in ENDED}
    return Side(day, lots, dict(live), _money(account))


def _money(row: object) -> dict[str, float]:
    names = ("pre_balance", "deposit", "withdraw", "closed_profit", "fees")
    return {name: float(getattr(row, name)) for name in names}


def side_of(
    day: int, positions: Iterable[object], orders: Iterable[Order], account: object
) -> Side:
    """Our books: anything with the fields of ``Position``, ``Order``, ``Account``."""
    lots: Lots = {}
    for row in positions:
        held = (int(getattr(row, "today_lots")), int(getattr(row, "yesterday_lots")))  # noqa: B009
        if any(held):
            lots[getattr(row, "instrument"), str(getattr(row, "direction"))] = held  # noqa: B009
    live = {str(o.id): o.traded_lots for o in orders if o.status in LIVE}
    return Side(day, lots, live, _money(account))


def venue_fills(account: AccountState) -> Fills:
    """Of its trading day."""
    return {
        (exchange_of(f.instrument), f.trade_id, f.side.value, f.trading_day): Fill(
            f.order_id, f.instrument, f.side.sign * f.lots
        )
        for f in account.fills
    }


def past_of(events: Iterable[Event]) -> Past:
    """What a journal's records say."""
    past = Past({}, {}, {})
    for event in events:
        if isinstance(event, OrderSubmitted):
            past.owners[event.order.id] = event.order.strategy
            past.orders[event.order.id] = event.order
        elif isinstance(event, TradeReported):
            lots = event.side.sign * event.lots
            past.fills[trade_key(event)] = Fill(event.order_id or "", event.instrument, lots)
    return past


def nets_of(fills: Fills, owners: Mapping[str, str]) -> Nets:
    """Whose the fills are: an order's strategy, and nobody's where no order is known."""
    nets: Counter[tuple[str, str]] = Counter()
    for fill in fills.values():
        nets[owners.get(fill.order, UNATTRIBUTED), fill.instrument] += fill.lots
    return {key: lots for key, lots in nets.items() if lots}


# ------------------------------------------------------------------ promises


def books_equal(ours: Side, venue: Side) -> None:
    """Trading day, lots of today and yesterday, live orders with what they traded, money."""
    assert ours.day == venue.day, f"trading day: {ours.day}, exchange {venue.day}"
    _same("lots", ours.lots, venue.lots)
    _same("live orders", ours.live, venue.live)
    off = {
        name: (value, venue.money[name])
        for name, value in ours.money.items()
        if abs(value - venue.money[name]) > CENT
    }
    assert not off, f"money (books, exchange): {off}"


def fills_equal(ours: Iterable[TradeKey], venue: Iterable[TradeKey]) -> None:
    """Every fill of the day is known, none but these, each once."""
    here, there = Counter(list(ours)), Counter(list(venue))
    assert here == there, f"only here {here - there}, only there {there - here}"


def books_add_up(nets: Nets, expected: Nets, lots: Lots) -> None:
    """Each strategy holds what its own orders filled, and all of them together the account."""
    _same("strategies' books", nets, expected)
    sums: Counter[str] = Counter()
    account: Counter[str] = Counter()
    for (_, instrument), net in nets.items():
        sums[instrument] += net
    for (instrument, direction), held in lots.items():
        account[instrument] += sum(held) * (1 if direction == "long" else -1)
    flat = {i: n for i, n in sums.items() if n}
    _same("books against the account", flat, {i: n for i, n in account.items() if n})


def sent_once(arrivals: Iterable[str]) -> None:
    """No order reached the venue twice: ``arrivals`` of all runs, in any order."""
    twice = [id_ for id_, count in Counter(arrivals).items() if count > 1]
    assert not twice, f"sent twice: {twice}"


def written_before_sent(arrivals: Iterable[str], past: Past) -> None:
    """What is at the venue stands in the journal."""
    unknown = set(arrivals) - past.owners.keys()
    assert not unknown, f"at the venue, and not in the journal: {sorted(unknown)}"


def within_intents(
    wishes: Mapping[str, int], owners: Mapping[str, str], fills: Fills, live: Mapping[str, int]
) -> None:
    """No wish was carried out twice: what its orders filled, and may still fill, is at most what
    was wished for. ``owners``: the intent of each order; ``live``: lots left to orders at work."""
    done: Counter[str] = Counter()
    for fill in fills.values():
        done[owners.get(fill.order, "")] += abs(fill.lots)
    for id_, left in live.items():
        done[owners.get(id_, "")] += left
    over = {i: (done[i], lots) for i, lots in wishes.items() if done[i] > lots}
    assert not over, f"more than was wished for (intent: done, wished): {over}"


def nothing_lost(past: Past, orders: Iterable[Order], keys: Iterable[TradeKey], day: int) -> None:
    """Every order and fill of the day that the journal has is known, with its owner, and no order
    went back to an earlier state."""
    known = {order.id: order for order in orders}
    heard = set(keys)
    for key in past.fills:
        assert key[3] != day or key in heard, f"a fill is lost: {key}"
    for id_, order in past.orders.items():
        now = known.get(order.id)
        if now is None:
            continue  # of an earlier day: ``orders_known`` tells which these may be
        assert now.strategy == order.strategy, f"{id_} was {order.strategy}'s, is {now.strategy}'s"
        assert RANK[now.status] >= RANK[order.status], f"{id_} went back to {now.status}"


def orders_known(wanted: Iterable[str], orders: Iterable[Order]) -> None:
    """Orders of the exchange's day, by id, are all known here."""
    missing = set(wanted) - {order.id for order in orders}
    assert not missing, f"orders are lost: {sorted(missing)}"


def goes_on(state: str, ticks: int, fed: int) -> None:
    """Trading is on, and whoever only watches missed no tick."""
    assert state == "active", f"trading is {state}"
    assert ticks == fed, f"the watcher saw {ticks} ticks of {fed}"


def _same(what: str, ours: Mapping, theirs: Mapping) -> None:  # type: ignore[type-arg]
    off = {k: (ours.get(k), theirs.get(k)) for k in ours.keys() | theirs.keys()
           if ours.get(k) != theirs.get(k)}  # fmt: skip
    assert not off, f"{what} (here, there): {off}"
