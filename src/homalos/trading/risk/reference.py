"""The table of rules in the docs, made from the rules themselves (a test holds the pages to it).

``python -m homalos.trading.risk.reference en`` (or ``zh``) prints it.
"""

import sys

import msgspec

from homalos.config.sections.risk import RiskSection
from homalos.trading.risk.rules import RULES

_HEAD = {
    "en": ("rule", "denies", "limits (default)", "holds what reduces"),
    "zh": ("规则", "拒绝什么", "限额（默认）", "也限制减仓"),
}
_YES = {"en": ("yes", "no"), "zh": ("是", "否")}


def table(language: str) -> str:
    """Markdown, one row a rule in the order in which they are asked."""
    defaults = msgspec.structs.asdict(RiskSection())
    rows = [_HEAD[language], ("---",) * 4]
    for rule in RULES:
        limits = ", ".join(f"`{key}` ({_shown(defaults[key])})" for key in rule.keys)
        words = rule.en if language == "en" else rule.zh
        holds = _YES[language][not rule.for_reducing]
        rows.append((f"`{rule.name}`", words, limits, holds))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}" if value != int(value) else f"{int(value)}"
    if isinstance(value, tuple) and value:
        return f"{len(value)} rows"
    return "none" if not value else str(value)


if __name__ == "__main__":
    sys.stdout.write(table(sys.argv[1] if len(sys.argv) > 1 else "en"))
