"""What happens to an account behind its sessions' back: said in plain values, done by the front.

Foreign orders, forced closes, positions that change without a trade, ticks that nobody quoted: the
same for a fault and for a command of the control door.
"""

from collections.abc import Callable
from typing import Any

from homalos.exchange.door.fault_spec import FaultSpec
from homalos.exchange.door.ports import ForeignOrder, FrontPort
from homalos.model.ids import AccountId, InstrumentId


def strike(front: FrontPort, spec: FaultSpec, account: AccountId) -> Any:
    """Do what a market-side fault says, to ``account`` where it names none; what came of it.
    ``LookupError``: no such account or contract; ``ValueError``: it cannot be."""
    owner = AccountId(spec.account) if spec.account else account
    return _DEEDS[spec.kind](front, spec, owner)


def _order(front: FrontPort, spec: FaultSpec, account: AccountId) -> str:
    assert spec.side is not None
    return front.foreign_order(
        ForeignOrder(
            account, InstrumentId(spec.instrument), spec.side, spec.offset, spec.lots, spec.price,
            spec.tif,
        )
    )  # fmt: skip


def _force_close(front: FrontPort, spec: FaultSpec, account: AccountId) -> tuple[str, ...]:
    assert spec.direction is not None
    return front.force_close(account, InstrumentId(spec.instrument), spec.direction, spec.lots)


def _position(front: FrontPort, spec: FaultSpec, account: AccountId) -> None:
    assert spec.direction is not None
    front.change_position(
        account, InstrumentId(spec.instrument), spec.direction, spec.lots, spec.price,
        today=spec.today,
    )  # fmt: skip


def _tick(front: FrontPort, spec: FaultSpec, account: AccountId) -> int:
    return front.push_tick(InstrumentId(spec.instrument), spec.fields)


_DEEDS: dict[str, Callable[[FrontPort, FaultSpec, AccountId], Any]] = {
    "foreign_order": _order,
    "force_close": _force_close,
    "position": _position,
    "tick": _tick,
}
MARKET_SIDE = frozenset(_DEEDS)
