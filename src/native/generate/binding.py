"""What the binding needs of every method."""

from typing import Any


def files(facts: dict[str, Any]) -> dict[str, str]:
    return {}
