"""Side and lots in, offsets out. One pure resolver for strategies and for the trader alike.

An order that reduces its own book closes, the rest opens. A book never closes another book's lots:
what it may close is the smaller of its own opposite net (less its working closes) and of what the
account can close. On SHFE and INE today's and yesterday's lots are different offsets; elsewhere
the exchange picks the lots and the offset is a plain close (FACTS A9).
"""

from typing import Literal

from homalos.model.enums import Offset

_OPEN, _CLOSE_TODAY = Offset.OPEN, Offset.CLOSE_TODAY  # members looked up once

CloseOrder = Literal["today_first", "yesterday_first"]


def resolve(
    lots: int,
    *,
    splits_today: bool,
    book_lots: int,
    closable_today: int,
    closable_yesterday: int,
    closable: int,
    close_order: CloseOrder,
) -> tuple[tuple[Offset, int], ...]:
    """Split an order of ``lots`` into (offset, lots), closes first.

    ``book_lots``: lots that the strategy's own book can still close with this side;
    ``closable_today``, ``closable_yesterday``, ``closable``: what the account has on the opposite
    direction less its working closes, by day and in all.
    """
    if book_lots <= 0:
        return ((_OPEN, lots),)
    parts: tuple[tuple[Offset, int], ...]
    if not splits_today:
        closing = max(0, min(lots, book_lots, closable))
        parts = ((Offset.CLOSE, closing),)
    else:
        closing = max(0, min(lots, book_lots, closable_today + closable_yesterday))
        if close_order == "today_first":
            today = min(closing, closable_today)
            old = closing - today
            parts = ((Offset.CLOSE_TODAY, today), (Offset.CLOSE_YESTERDAY, old))
        else:
            old = min(closing, closable_yesterday)
            today = closing - old
            parts = ((Offset.CLOSE_YESTERDAY, old), (Offset.CLOSE_TODAY, today))
    parts = (*parts, (Offset.OPEN, lots - closing))
    return tuple((offset, count) for offset, count in parts if count > 0)


def closes_today(offset: Offset, splits_today: bool) -> bool | None:
    """Which bucket a close takes: today's, yesterday's, or ``None``: first in, first out.

    On SHFE and INE a plain close means yesterday's lots; elsewhere the venue ignores the day.
    """
    if not splits_today:
        return None
    return offset is _CLOSE_TODAY


def portable(offset: Offset, splits_today: bool) -> Offset:
    """The offset as the exchange wants it: without a split every close is a plain one."""
    if offset is _OPEN:
        return offset
    if not splits_today:
        return Offset.CLOSE
    return Offset.CLOSE_YESTERDAY if offset is Offset.CLOSE else offset
