"""One change of one place."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """``before`` and ``after``: the lines that differ, stripped; with ``where`` its name."""

    module: str
    operator: str
    line: int
    where: str
    """The function or table that it is in."""
    before: str
    after: str
    source: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """The same as long as these lines are."""
        return self.module, self.where, self.before, self.after
