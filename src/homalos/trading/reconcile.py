"""Books against venue: pure functions from two states to what differs and what would mend it."""

from collections.abc import Container, Iterable
from typing import NamedTuple

from homalos.gateway.protocol import VenueSnapshot
from homalos.model.enums import Direction
from homalos.model.ids import InstrumentId
from homalos.model.reconciling import PositionAdjusted
from homalos.model.trading import Account, Order, Position
from homalos.trading.registry import exchange_of
from homalos.trading.states import LIVE

CENT = 0.005

Key = tuple[InstrumentId, Direction]


class Differences(NamedTuple):
    """Sentences with numbers, by what they are about."""

    day: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    money: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.day, *self.positions, *self.orders, *self.money)

    @property
    def holdings(self) -> tuple[str, ...]:
        """All but money: what stops trading."""
        return (*self.day, *self.positions, *self.orders)


def compare(local: VenueSnapshot, venue: VenueSnapshot) -> Differences:
    """What differs between our books and the venue's.

    Compared: the trading day; lots of today and of yesterday by contract and direction; orders that
    the venue holds live, by its own ids; and the settled part of the account (opening equity,
    deposits, closed profit, fees) within half a cent: the floating part depends on which tick each
    side saw last.
    """
    if local.trading_day != venue.trading_day:
        return Differences((f"trading day: books {local.trading_day}, venue {venue.trading_day}",))
    return Differences(
        (),
        tuple(_positions(local.positions, venue.positions)),
        tuple(_orders(local.orders, venue.orders)),
        tuple(_account(local.account, venue.account)),
    )


def reconcile(local: VenueSnapshot, venue: VenueSnapshot) -> tuple[str, ...]:
    """All sentences of ``compare``; empty when they agree."""
    return compare(local, venue).all


def adjustments(
    local: VenueSnapshot, venue: VenueSnapshot, listed: Container[InstrumentId], who: str, now: int
) -> tuple[PositionAdjusted, ...]:
    """What would make our positions the venue's. ``listed``: contracts that there are today; one
    that is past its delivery month and not among them has expired."""
    ours = {(row.instrument, row.direction): row for row in local.positions}
    theirs = {(row.instrument, row.direction): row for row in venue.positions}
    found = []
    for key in sorted(ours.keys() | theirs.keys()):
        here, there = ours.get(key), theirs.get(key)
        if _lots(here) == _lots(there):
            continue
        gone = _lots(there) == (0, 0) and key[0] not in listed
        priced = there or here
        assert priced is not None
        found.append(
            PositionAdjusted(
                venue.account.id, *key, *_lots(here), *_lots(there), priced.average_price,
                priced.cost_price, "expired" if gone else "venue", who, now,
            )
        )  # fmt: skip
    return tuple(found)


def _lots(row: Position | None) -> tuple[int, int]:
    return (0, 0) if row is None else (row.today_lots, row.yesterday_lots)


def _positions(local: Iterable[Position], venue: Iterable[Position]) -> Iterable[str]:
    ours, theirs = _by_key(local), _by_key(venue)
    for key in sorted(ours.keys() | theirs.keys()):
        here, there = ours.get(key, (0, 0)), theirs.get(key, (0, 0))
        if here != there:
            yield (
                f"{key[0]} {key[1].value}: books {here[0]} today + {here[1]} yesterday lots, "
                f"venue {there[0]} + {there[1]}"
            )


def _by_key(rows: Iterable[Position]) -> dict[Key, tuple[int, int]]:
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
