"""The table of order states, exhaustively."""

import itertools
from pathlib import Path

import pytest

from homalos.model.enums import OrderStatus
from homalos.trading.states import (
    LIVE,
    RANK,
    TABLE,
    TRANSITIONS,
    Outcome,
    Word,
    next_status,
    outcome,
)
from homalos.trading.states_page import Language, page

DOCS = Path(__file__).parents[3] / "docs"

S = OrderStatus
EXPECTED = {
    # status: what each word makes of it (words left out change nothing)
    S.SUBMITTED: {
        "accepted": S.ACCEPTED, "partially_filled": S.PARTIALLY_FILLED, "filled": S.FILLED,
        "cancelled": S.CANCELLED, "rejected": S.REJECTED, "silence": S.UNRESOLVED,
        "trade": S.PARTIALLY_FILLED, "last_trade": S.FILLED,
    },
    S.ACCEPTED: {
        "partially_filled": S.PARTIALLY_FILLED, "filled": S.FILLED, "cancelled": S.CANCELLED,
        "rejected": S.REJECTED, "trade": S.PARTIALLY_FILLED, "last_trade": S.FILLED,
    },
    S.PARTIALLY_FILLED: {"filled": S.FILLED, "cancelled": S.CANCELLED, "last_trade": S.FILLED},
    S.FILLED: {},
    S.CANCELLED: {"filled": S.FILLED, "last_trade": S.FILLED},
    S.REJECTED: {"filled": S.FILLED, "last_trade": S.FILLED},
    S.DENIED: {},
    S.UNRESOLVED: {
        "submitted": S.SUBMITTED, "accepted": S.ACCEPTED, "partially_filled": S.PARTIALLY_FILLED,
        "filled": S.FILLED, "cancelled": S.CANCELLED, "rejected": S.REJECTED,
        "trade": S.PARTIALLY_FILLED, "last_trade": S.FILLED,
    },
}  # fmt: skip


@pytest.mark.parametrize(("status", "word"), list(itertools.product(S, Word)))
def test_every_pair(status: OrderStatus, word: Word) -> None:
    assert next_status(status, word) is EXPECTED[status].get(word.value, status)


def test_never_backwards() -> None:
    for (before, _), after in TABLE.items():
        assert RANK[after] >= RANK[before]
        assert after is not before, "a repeat is not a transition"


def test_which_states_are_further_on_than_which() -> None:
    rank = RANK.__getitem__
    assert set(RANK) == set(S)
    assert rank(S.SUBMITTED) == rank(S.UNRESOLVED) < rank(S.ACCEPTED) < rank(S.PARTIALLY_FILLED)
    assert rank(S.PARTIALLY_FILLED) < rank(S.CANCELLED) < rank(S.FILLED)
    assert rank(S.CANCELLED) == rank(S.REJECTED) == rank(S.DENIED)


def test_what_is_final_is_final() -> None:
    for status in (S.FILLED, S.DENIED):
        assert all(next_status(status, word) is status for word in Word)
        assert status not in LIVE


def test_the_four_outcomes() -> None:
    assert outcome(S.SUBMITTED) is Outcome.PENDING
    assert outcome(S.UNRESOLVED) is Outcome.UNRESOLVED
    assert outcome(S.DENIED) is Outcome.DENIED
    assert outcome(S.REJECTED) is Outcome.REJECTED
    assert {outcome(s) for s in (S.ACCEPTED, S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED)} == {
        Outcome.CONFIRMED
    }


ORDINARY = {
    (S.SUBMITTED, "accepted"), (S.SUBMITTED, "partially_filled"), (S.SUBMITTED, "filled"),
    (S.SUBMITTED, "rejected"), (S.ACCEPTED, "partially_filled"), (S.ACCEPTED, "filled"),
    (S.ACCEPTED, "cancelled"), (S.PARTIALLY_FILLED, "filled"), (S.PARTIALLY_FILLED, "cancelled"),
}  # fmt: skip
"""What a venue tells of an order to which nothing special happens (FACTS A7.3, cases 1-5, 14)."""


def test_every_odd_transition_has_its_reason_in_both_languages() -> None:
    assert len(TRANSITIONS) == len(TABLE), "a pair stands in it once"
    for row in TRANSITIONS:
        odd = (row.before, row.word.value) not in ORDINARY
        assert bool(row.en) is bool(row.zh) is odd, row


@pytest.mark.parametrize(("language", "name"), [("en", "order_states"), ("zh", "order_states_zh")])
def test_the_page_is_the_table(language: Language, name: str) -> None:
    made = page(language)
    assert (DOCS / f"{name}.md").read_text() == made, (
        f"python -m homalos.trading.states_page {language} > docs/{name}.md"
    )
    for row in TRANSITIONS:
        assert f"{row.before.value} --> {row.after.value}: " in made
    assert "denied --> [*]" in made
    assert "filled --> [*]" in made
