"""The life of an order, as one table.

Rules:

- A venue repeats itself and its words arrive late or out of order. So a state only moves forward
  (rank), ``traded_lots`` never falls, and what says nothing new changes nothing.
- The table answers ``(status, report) -> status``. A pair that is not in it leaves the status as
  it is: a repeat or a word from the past.
- Fills are facts of trades: the word ``TRADE`` stands for a booked trade that leaves lots open,
  ``LAST_TRADE`` for the one that completes the order.
- Four outcomes of a command: *confirmed* (the venue has it), *rejected* (the venue refused),
  *denied* (our own risk refused; it never left), *unresolved* (sent, fate unknown: to be queried,
  never guessed, never sent again).
"""

from enum import StrEnum
from typing import NamedTuple

from homalos.model.enums import OrderStatus

_S = OrderStatus


class Outcome(StrEnum):
    """What became of a submitted intent; ``PENDING`` until the venue's first word."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    DENIED = "denied"
    UNRESOLVED = "unresolved"


class Word(StrEnum):
    """What can be heard about an order: a status of the venue's, our time-out, or a trade."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    SILENCE = "silence"
    """No answer within ``trading.unresolved_after_ms``."""
    TRADE = "trade"
    LAST_TRADE = "last_trade"


LIVE = frozenset({_S.SUBMITTED, _S.ACCEPTED, _S.PARTIALLY_FILLED, _S.UNRESOLVED})
"""States in which the order may still trade by right."""

RANK: dict[OrderStatus, int] = {
    _S.SUBMITTED: 0,
    _S.UNRESOLVED: 0,
    _S.ACCEPTED: 1,
    _S.PARTIALLY_FILLED: 2,
    _S.CANCELLED: 3,
    _S.REJECTED: 3,
    _S.DENIED: 3,
    _S.FILLED: 4,
}
"""A transition never lowers it."""

_W = Word

class Transition(NamedTuple):
    """One row of the table. An odd one has its reason, in English and Chinese."""

    before: OrderStatus
    word: Word
    after: OrderStatus
    en: str = ""
    zh: str = ""


_T = Transition
_OVERTAKES = (
    "A trade may overtake the report of its order: a report was lost, or the flow is replayed.",
    "成交回报可能先于报单回报到达：报单回报丢失，或数据流重放。",
)
_RESOLVES = (
    "Whatever the venue says about an unresolved order resolves it.",
    "对状态未知的委托，交易所的任何回报都使其状态明确。",
)
_FACT = (
    "Given up after the venue denied knowing it, or a replayed old rejection: a fill is a fact.",
    "交易所曾称无此委托，或重放了旧的拒绝回报：成交是事实。",
)

TRANSITIONS: tuple[Transition, ...] = (
    # The ordinary way.
    _T(_S.SUBMITTED, _W.ACCEPTED, _S.ACCEPTED),
    _T(_S.SUBMITTED, _W.PARTIALLY_FILLED, _S.PARTIALLY_FILLED),
    _T(_S.SUBMITTED, _W.FILLED, _S.FILLED),
    _T(_S.SUBMITTED, _W.REJECTED, _S.REJECTED),
    _T(_S.ACCEPTED, _W.PARTIALLY_FILLED, _S.PARTIALLY_FILLED),
    _T(_S.ACCEPTED, _W.FILLED, _S.FILLED),
    _T(_S.ACCEPTED, _W.CANCELLED, _S.CANCELLED),
    _T(_S.PARTIALLY_FILLED, _W.FILLED, _S.FILLED),
    _T(_S.PARTIALLY_FILLED, _W.CANCELLED, _S.CANCELLED),
    # The odd ones.
    _T(
        _S.SUBMITTED, _W.CANCELLED, _S.CANCELLED,
        "FAK and FOK die without having rested; SHFE, INE and CFFEX tell their end alone.",
        "FAK、FOK 未挂单即结束；上期所、能源中心、中金所只报最终状态。",
    ),
    _T(
        _S.ACCEPTED, _W.REJECTED, _S.REJECTED,
        "CTP takes an order over before the exchange refuses it.",
        "CTP 先受理，随后被交易所拒绝。",
    ),
    _T(_S.SUBMITTED, _W.TRADE, _S.PARTIALLY_FILLED, *_OVERTAKES),
    _T(_S.SUBMITTED, _W.LAST_TRADE, _S.FILLED, *_OVERTAKES),
    _T(_S.ACCEPTED, _W.TRADE, _S.PARTIALLY_FILLED, *_OVERTAKES),
    _T(_S.ACCEPTED, _W.LAST_TRADE, _S.FILLED, *_OVERTAKES),
    _T(_S.PARTIALLY_FILLED, _W.LAST_TRADE, _S.FILLED, *_OVERTAKES),
    _T(
        _S.CANCELLED, _W.LAST_TRADE, _S.FILLED,
        "SHFE, INE and CFFEX report a FAK's end before its trade. A late trade that leaves lots "
        "open changes nothing here (it is booked all the same); the one that completes the order "
        "corrects us.",
        "上期所、能源中心、中金所的 FAK 先报终态、后报成交。仍有剩余的迟到成交不改变状态"
        "（照常入账），使其全部成交的那一笔予以更正。",
    ),
    _T(
        _S.CANCELLED, _W.FILLED, _S.FILLED,
        "The cancel and the last fill crossed; the venue's later word is that it filled.",
        "撤单与最后一笔成交交错；交易所随后报告为全部成交。",
    ),
    _T(
        _S.SUBMITTED, _W.SILENCE, _S.UNRESOLVED,
        "Silence says that we know nothing, and only before the first answer: the order is asked "
        "after, never sent again.",
        "在首次回报之前无任何回音，即状态未知：只查询，绝不重发。",
    ),
    _T(
        _S.UNRESOLVED, _W.SUBMITTED, _S.SUBMITTED,
        "CTP has it; the exchange has not answered yet.",
        "CTP 已收到，交易所尚未应答。",
    ),
    _T(_S.UNRESOLVED, _W.ACCEPTED, _S.ACCEPTED, *_RESOLVES),
    _T(_S.UNRESOLVED, _W.PARTIALLY_FILLED, _S.PARTIALLY_FILLED, *_RESOLVES),
    _T(_S.UNRESOLVED, _W.FILLED, _S.FILLED, *_RESOLVES),
    _T(_S.UNRESOLVED, _W.CANCELLED, _S.CANCELLED, *_RESOLVES),
    _T(_S.UNRESOLVED, _W.REJECTED, _S.REJECTED, *_RESOLVES),
    _T(_S.UNRESOLVED, _W.TRADE, _S.PARTIALLY_FILLED, *_RESOLVES),
    _T(_S.UNRESOLVED, _W.LAST_TRADE, _S.FILLED, *_RESOLVES),
    _T(_S.REJECTED, _W.LAST_TRADE, _S.FILLED, *_FACT),
    _T(_S.REJECTED, _W.FILLED, _S.FILLED, *_FACT),
)  # fmt: skip
"""The whole of it. ``docs/order_states.md`` is made from it (``trading/states_page.py``)."""

TABLE: dict[tuple[OrderStatus, Word], OrderStatus] = {
    (row.before, row.word): row.after for row in TRANSITIONS
}


def next_status(status: OrderStatus, word: Word) -> OrderStatus:
    """The status after ``word``; the same one where the word says nothing new."""
    return TABLE.get((status, word), status)


def outcome(status: OrderStatus) -> Outcome:
    """Which of the four outcomes an order in ``status`` has had."""
    if status is _S.SUBMITTED:
        return Outcome.PENDING
    if status in (_S.REJECTED, _S.DENIED, _S.UNRESOLVED):
        return Outcome(status.value)
    return Outcome.CONFIRMED
