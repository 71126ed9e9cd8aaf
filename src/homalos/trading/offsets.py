"""Side and lots in, offsets out. One pure resolver for strategies and for the trader alike.

What of an order closes is decided by whose lots it may take, the book's mode:

``own``  Its own: an order closes what the book holds against it, less its working closes; what goes
         beyond opens. No other book's lots are touched. An exit (an intent whose offset says close)
         never opens: what cannot be closed is still sent for approval as a close, and denied.
``net``  The account's: it closes what is there, but for lots that a book in another mode holds, and
         opens the rest. Two opposed books in this mode have no lots at the exchange, so there an
         open may be a close and an exit an open.
``lock`` As ``net``, but nothing that would pay the close-today fee: where today's lots are in the
         way, the opposite is opened instead (锁仓), an exit too.

Which of the lots go first, and which fee they pay, is ``market.lot_rules``.
"""

from typing import Literal

from homalos.market.lot_rules import portable
from homalos.model.enums import Offset
from homalos.trading.lots import LotSide

_OPEN, _CLOSE, _TODAY, _YESTERDAY = (
    Offset.OPEN, Offset.CLOSE, Offset.CLOSE_TODAY, Offset.CLOSE_YESTERDAY,
)  # fmt: skip

BookMode = Literal["own", "net", "lock"]
Parts = tuple[tuple[Offset, int], ...]


def reach(mode: BookMode, own: int, claimed: int, closing: LotSide, splits_today: bool) -> int:
    """Lots that a book in ``mode`` may close with orders of one side.

    ``own``: what it holds against that side less its working closes; ``claimed``: what all books
    whose lots it may not take hold so, or will; ``closing``: the account's lots of the opposite
    direction.
    """
    if mode == "own":
        return own
    if mode == "net":
        there = closing.closable(None)
    elif splits_today:
        there = closing.closable(False)
    else:
        there = 0 if closing.charged_today else closing.closable(None)
    return max(0, min(there, closing.closable(None) - claimed))


def resolve(
    lots: int,
    offset: Offset | None,
    *,
    splits_today: bool,
    mode: BookMode,
    reach: int,
    closing: LotSide,
    today_first: bool,
) -> Parts:
    """Split an order of ``lots`` into (offset, lots), closes first.

    ``offset``: as the intent says, ``None``: as it comes, ``CLOSE``: an exit, whichever lots it
    takes; the other words are taken at their word. ``reach``: see the function.
    """
    if offset is not None and offset is not _CLOSE:
        return ((portable(offset, splits_today), lots),)
    closes = min(lots, reach)
    parts = _closes(closes, splits_today, mode, closing, today_first)
    if lots == closes:
        return parts
    exits = mode == "own" and offset is _CLOSE
    return (*parts, (portable(_CLOSE, splits_today) if exits else _OPEN, lots - closes))


def _closes(
    lots: int, splits_today: bool, mode: BookMode, closing: LotSide, today_first: bool
) -> Parts:
    """Closes of ``lots`` by bucket; those that the account does not have are a part of their own,
    which the risk gate denies."""
    if splits_today:
        today = 0 if mode == "lock" else closing.closable(True)
        buckets = ((_TODAY, today), (_YESTERDAY, closing.closable(False)))
        first, last = buckets if today_first else buckets[::-1]
    else:
        first = last = (_CLOSE, closing.closable(None))
    head = min(lots, first[1])
    tail = min(lots - head, last[1]) if splits_today else 0
    parts = ((first[0], head), (last[0], tail), (last[0], lots - head - tail))
    return tuple(part for part in parts if part[1] > 0)
