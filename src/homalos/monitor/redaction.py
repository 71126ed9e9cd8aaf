"""Nothing secret reaches a log: known values, and what looks like one, are blotted out."""

import re
from collections.abc import Iterable

BLOT = "***"
_SHORTEST = 4
"""A shorter value would blot out half of the text, and is no secret."""
_LOOKS_SECRET = re.compile(
    r"""(?ix)
    (\b[\w-]*(?:password|passwd|pwd|secret|token|auth_?code|api_?key|密码|授权码)["']?\s*[=:：]\s*["']?
    |\bbearer\s+)
    ([^\s"',;&)}\]]+)
    """
)


class Redactor:
    """Blots secrets out of text. ``add`` may be called at any time, from any thread."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: tuple[str, ...] = ()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Make a value known that must never be written (of four characters or more)."""
        if len(secret) >= _SHORTEST:
            # the longest first: one secret may begin with another
            self._secrets = tuple(sorted({*self._secrets, secret}, key=len, reverse=True))

    def clean(self, text: str) -> str:
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, BLOT)
        return _LOOKS_SECRET.sub(rf"\g<1>{BLOT}", text)
