"""The only source of identity and of chance."""

import random

from homalos.model.ids import OrderId

Random = random.Random
"""A seeded generator; nobody uses the unseeded module functions."""


class OrderIds:
    """Order ids: the trading core's run number and a counter, ``3-000017``.

    The run number is kept by the owner of the data folder and grows at each start, so an id is
    never used twice in one folder, whatever was lost with the last run. ``row``: a letter, for
    whoever counts apart (``3-m000017``).
    """

    def __init__(self, run: int, row: str = "", start: int = 0) -> None:
        self._prefix = f"{run}-{row}"
        self._count = start

    def next(self) -> OrderId:
        self._count += 1
        return OrderId(f"{self._prefix}{self._count:06d}")
