"""What the drop-in libraries need of every method."""

from typing import Any


def files(facts: dict[str, Any]) -> dict[str, str]:
    return {}
