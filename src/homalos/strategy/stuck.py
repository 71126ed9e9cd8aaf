"""Remembers, over the end of the process, which strategies ended it."""

from pathlib import Path

from homalos.model.ids import StrategyId


class StuckFile:
    """A text file with a strategy's id a line; without a path it remembers nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def _read(self) -> list[str]:
        if self._path is None or not self._path.is_file():
            return []
        return self._path.read_text(encoding="utf-8").split()

    def add(self, strategy: str) -> None:
        """Called by the watchdog, with the loop's thread stuck."""
        if self._path is not None:
            lines = [*self._read(), strategy]
            self._path.write_text("\n".join(dict.fromkeys(lines)) + "\n", encoding="utf-8")

    def has(self, strategy: StrategyId) -> bool:
        return strategy in self._read()

    def remove(self, strategy: StrategyId) -> None:
        """A person starts it again."""
        lines = self._read()
        if self._path is None or strategy not in lines:
            return
        lines.remove(strategy)
        if lines:
            self._path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        else:
            self._path.unlink()
