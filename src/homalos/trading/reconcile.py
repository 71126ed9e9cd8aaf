"""Books against venue: one pure function, a sentence with numbers for every difference."""

from collections.abc import Iterable

from homalos.gateway.protocol import VenueSnapshot
from homalos.model.enums import Direction
from homalos.model.ids import InstrumentId
from homalos.model.trading import Account, Order, Position
from homalos.trading.registry import exchange_of
from homalos.trading.states import LIVE

CENT = 0.005


def reconcile(local: VenueSnapshot, venue: VenueSnapshot) -> tuple[str, ...]:
    """What differs between our books and the venue's; empty when they agree.

    Compared: the trading day; lots of today and of yesterday by contract and direction; orders that
    the venue holds live, by its own ids; and the settled part of the account (opening equity,
    deposits, closed profit, fees) within half a cent: the floating part depends on which tick each
    side saw last.
    """
    if local.trading_day != venue.trading_day:
        return (f"trading day: books {local.trading_day}, venue {venue.trading_day}",)
    return (
        *_positions(local.positions, venue.positions),
        *_orders(local.orders, venue.orders),
        *_account(local.account, venue.account),
    )


def _positions(local: Iterable[Position], venue: Iterable[Position]) -> Iterable[str]:
    ours, theirs = _by_key(local), _by_key(venue)
    for key in sorted(ours.keys() | theirs.keys()):
        here, there = ours.get(key, (0, 0)), theirs.get(key, (0, 0))
        if here != there:
            yield (
                f"{key[0]} {key[1].value}: books {here[0]} today + {here[1]} yesterday lots, "
                f"venue {there[0]} + {there[1]}"
            )


def _by_key(rows: Iterable[Position]) -> dict[tuple[InstrumentId, Direction], tuple[int, int]]:
    return {
        (row.instrument, row.direction): (row.today_lots, row.yesterday_lots)
        for row in rows
        if row.today_lots or row.yesterday_lots
    }


def _orders(local: Iterable[Order], venue: Iterable[Order]) -> Iterable[str]:
    ours, theirs = _live(local), _live(venue)
    for key in sorted(ours.keys() | theirs.keys()):
        here, there = ours.get(key), theirs.get(key)
        if here is None and there is not None:
            yield f"order {there.id} ({key[0]} {key[1].strip()}) is live at the venue only"
        elif there is None and here is not None:
            yield f"order {here.id} ({key[0]} {key[1].strip()}) is live in the books only"
        elif here and there and here.traded_lots != there.traded_lots:
            yield f"order {here.id}: {here.traded_lots} traded lots, venue {there.traded_lots}"


def _live(rows: Iterable[Order]) -> dict[tuple[str, str], Order]:
    return {
        (exchange_of(row.instrument), row.venue_order_id or row.id): row
        for row in rows
        if row.status in LIVE
    }


def _account(ours: Account, theirs: Account) -> Iterable[str]:
    here, there = ours.balance - ours.position_profit, theirs.balance - theirs.position_profit
    if abs(here - there) > CENT:
        yield (
            f"equity without position profit: books {here:.4f}, venue {there:.4f} "
            f"(opening {ours.pre_balance:.2f} / {theirs.pre_balance:.2f}, closed profit "
            f"{ours.closed_profit:.2f} / {theirs.closed_profit:.2f}, fees "
            f"{ours.fees:.2f} / {theirs.fees:.2f})"
        )
