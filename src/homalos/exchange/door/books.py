"""The exchange's own books as plain values: what the books of any client are held against."""

from typing import Any

import msgspec

from homalos.exchange.door.ports import AccountBook
from homalos.exchange.engine import Exchange
from homalos.model.ids import AccountId
from homalos.model.times import china_text


def owner_of(accounts: AccountBook, exchange: Exchange, user: str) -> AccountId:
    """The account of a user, or the investor of that name. ``LookupError``: neither is known."""
    clients = accounts.clients()
    for client in clients:
        if client.user == user:
            return client.investor
    if any(client.investor == user for client in clients):
        return AccountId(user)
    known = ", ".join(client.user for client in clients)
    raise LookupError(f"there is no user {user!r}: there are {known} / 没有该用户")


def books(exchange: Exchange, account: AccountId) -> dict[str, Any]:
    """Account, positions, orders and trades of the trading day, straight from the engine."""
    return {
        "trading_day": exchange.trading_day,
        "time": china_text(exchange.clock.now()),
        "account": _plain(exchange.account(account)),
        "positions": [_plain(row) for row in exchange.positions(account)],
        "orders": [_plain(row) for row in exchange.orders(account)],
        "trades": [_plain(row) for row in exchange.fills(account)],
    }


def _plain(row: msgspec.Struct) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(msgspec.structs.asdict(row))
    return found
