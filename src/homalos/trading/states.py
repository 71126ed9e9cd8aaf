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

TABLE: dict[tuple[OrderStatus, Word], OrderStatus] = {
    # The ordinary way.
    (_S.SUBMITTED, _W.ACCEPTED): _S.ACCEPTED,
    (_S.SUBMITTED, _W.PARTIALLY_FILLED): _S.PARTIALLY_FILLED,
    (_S.SUBMITTED, _W.FILLED): _S.FILLED,
    (_S.SUBMITTED, _W.CANCELLED): _S.CANCELLED,  # FAK and FOK die without having rested
    (_S.SUBMITTED, _W.REJECTED): _S.REJECTED,
    (_S.ACCEPTED, _W.PARTIALLY_FILLED): _S.PARTIALLY_FILLED,
    (_S.ACCEPTED, _W.FILLED): _S.FILLED,
    (_S.ACCEPTED, _W.CANCELLED): _S.CANCELLED,
    (_S.PARTIALLY_FILLED, _W.FILLED): _S.FILLED,
    (_S.PARTIALLY_FILLED, _W.CANCELLED): _S.CANCELLED,
    # CTP takes an order over before the exchange refuses it.
    (_S.ACCEPTED, _W.REJECTED): _S.REJECTED,
    # A trade may overtake the report of its order (a lost report, a replayed flow).
    (_S.SUBMITTED, _W.TRADE): _S.PARTIALLY_FILLED,
    (_S.SUBMITTED, _W.LAST_TRADE): _S.FILLED,
    (_S.ACCEPTED, _W.TRADE): _S.PARTIALLY_FILLED,
    (_S.ACCEPTED, _W.LAST_TRADE): _S.FILLED,
    (_S.PARTIALLY_FILLED, _W.LAST_TRADE): _S.FILLED,
    # SHFE, INE and CFFEX report a FAK's end before its trade: a late trade that leaves lots open
    # changes nothing here (it is booked all the same), one that completes the order corrects us.
    (_S.CANCELLED, _W.LAST_TRADE): _S.FILLED,
    # The cancel and the last fill crossed; the venue's later word is that it filled.
    (_S.CANCELLED, _W.FILLED): _S.FILLED,
    # Silence says that we know nothing, and only before the first answer.
    (_S.SUBMITTED, _W.SILENCE): _S.UNRESOLVED,
    # Whatever the venue says about an unresolved order resolves it.
    (_S.UNRESOLVED, _W.ACCEPTED): _S.ACCEPTED,
    (_S.UNRESOLVED, _W.PARTIALLY_FILLED): _S.PARTIALLY_FILLED,
    (_S.UNRESOLVED, _W.FILLED): _S.FILLED,
    (_S.UNRESOLVED, _W.CANCELLED): _S.CANCELLED,
    (_S.UNRESOLVED, _W.REJECTED): _S.REJECTED,
    (_S.UNRESOLVED, _W.TRADE): _S.PARTIALLY_FILLED,
    (_S.UNRESOLVED, _W.LAST_TRADE): _S.FILLED,
    (_S.UNRESOLVED, _W.SUBMITTED): _S.SUBMITTED,  # CTP has it, the exchange has not answered yet
    # Given up after the venue denied knowing it, or a replayed old rejection: a fill is a fact.
    (_S.REJECTED, _W.LAST_TRADE): _S.FILLED,
    (_S.REJECTED, _W.FILLED): _S.FILLED,
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
