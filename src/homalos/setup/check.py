"""What a check of the machine answers."""

from typing import NamedTuple

import msgspec

__all__ = ["Check", "Text"]


class Text(NamedTuple):
    """A sentence in both languages."""

    zh: str
    en: str


class Check(msgspec.Struct, frozen=True):
    """One finding of ``homalos doctor``."""

    name: Text
    ok: bool | None
    """None: it could not be found out."""
    text: Text
    cure: Text | None = None
    needed: bool = False
    """Whether the simulated run needs it: only then does a fault fail the doctor."""
