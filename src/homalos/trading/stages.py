"""Stages: questions that an intent answers before its orders are made.

A stage is asked once an intent, in the order of ``OrderManager.stages``, again when an intent that
was held is released, and before every later try. It answers ``None``: go on; ``Hold``: the intent
waits in the daemon, and whoever held it calls ``OrderManager.working.release``; ``Denial``: it
never leaves; or the intent with other terms. It costs every order its call: return early.
"""

from collections.abc import Callable
from typing import NamedTuple

from homalos.model.events import Denial, SubmitOrder


class Hold(NamedTuple):
    """Let the intent wait. ``by`` names the stage, ``why`` is for the reader."""

    by: str
    why: str


Verdict = Hold | Denial | SubmitOrder | None
Stage = Callable[[SubmitOrder, float | None], Verdict]
"""``(intent, price)``: the price at which it would leave now, ``None``: not known."""
