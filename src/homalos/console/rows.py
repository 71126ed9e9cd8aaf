"""Records as the page and the API show them, where that is more than their fields."""

from typing import Any

import msgspec

from homalos.model.events import IntentChanged
from homalos.model.trading import Order
from homalos.trading.states import outcome


def order_row(order: Order) -> dict[str, Any]:
    """Its fields, and which of the four outcomes the command has had (``pending``: none yet)."""
    return msgspec.structs.asdict(order) | {"outcome": outcome(order.status).value}


def intent_row(event: IntentChanged) -> dict[str, Any]:
    wish = event.intent
    return {
        "id": wish.intent_id,
        "strategy": wish.strategy,
        "instrument": wish.instrument,
        "side": wish.side.value,
        "lots": wish.lots,
        "price": wish.price,
        "stage": event.stage.value,
        "pending_lots": event.lots,
        "tries": event.tries,
        "due": event.due or None,
        "why": event.why,
        "ts_init": wish.ts_init,
    }
