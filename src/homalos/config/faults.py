"""What is wrong with a configuration, said so that it can be mended."""

from collections.abc import Iterable
from enum import Enum
from typing import Literal, NamedTuple

Language = Literal["en", "zh"]


class Layer(Enum):
    """Where a value came from; a later layer wins over an earlier one."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    OVERRIDE = "--set"


class Place(NamedTuple):
    """A point in a file (line and column count from 1), an environment variable, or a ``--set``."""

    layer: Layer
    source: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        if self.line is None:
            return self.source or self.layer.value
        return f"{self.source}:{self.line}:{self.column}"


DEFAULT = Place(Layer.DEFAULT)


class Words(NamedTuple):
    """One text in both languages."""

    en: str
    zh: str

    def of(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


NOTHING = Words("", "")


class Fault(NamedTuple):
    """One thing that is wrong.

    ``key`` is dotted (``risk.max_order_lots``), empty for a file as a whole. Where a value is the
    trouble, ``found`` and ``expected`` say what; ``cure`` is what to do.
    """

    place: Place
    key: str
    problem: Words
    found: Words = NOTHING
    expected: Words = NOTHING
    cure: Words = NOTHING

    def render(self, language: Language) -> str:
        """One line: ``risk.yaml:12:18: risk.max_order_lots: found 0, expected ...``."""
        chinese = language == "zh"
        head = ": ".join(part for part in (str(self.place), self.key) if part)
        parts = [self.problem.of(language)]
        if self.found.en:
            parts.append(f"读到 {self.found.zh}" if chinese else f"found {self.found.en}")
        if self.expected.en:
            expected = self.expected.of(language)
            parts.append(f"应为{expected}" if chinese else f"expected {expected}")
        parts.append(self.cure.of(language))
        joined = ("，" if chinese else ", ").join(part for part in parts if part)
        stop = "" if joined.endswith(("?", "？")) else "。" if chinese else "."
        return f"{head}：{joined}{stop}" if chinese else f"{head}: {joined}{stop}"


class ConfigError(Exception):
    """The configuration cannot be used; ``faults`` holds everything that is wrong with it."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.render("en"))

    def render(self, language: Language) -> str:
        """Every fault, one a line."""
        return "\n".join(fault.render(language) for fault in self.faults)
