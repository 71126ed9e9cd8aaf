"""How a key is declared: type, unit, range, default, both languages, when it applies."""

from typing import Any, Literal, dataclass_transform

import msgspec


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A group of keys. Unknown keys are refused; every key has a default."""


def key(
    en: str,
    zh: str,
    *,
    unit: str = "",
    applies: Literal["at once", "restart"] = "restart",
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    pattern: str | None = None,
    min_length: int | None = None,
) -> msgspec.Meta:
    """Describe one key, to be used in ``Annotated[type, key(...)] = default``."""
    extra: dict[str, Any] = {"zh": zh, "unit": unit, "applies": applies}
    bounds: dict[str, Any] = {
        "ge": ge,
        "gt": gt,
        "le": le,
        "lt": lt,
        "pattern": pattern,
        "min_length": min_length,
    }
    given = {name: value for name, value in bounds.items() if value is not None}
    return msgspec.Meta(description=en, extra=extra, **given)
