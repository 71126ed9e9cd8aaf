"""Secrets come from the environment or the operating system's key store, never from a file."""

import hmac
import re
from collections.abc import Mapping
from typing import Never

PREFIX = "HOMALOS_SECRET__"
SERVICE = "homalos"
"""Name under which the key store keeps our secrets."""

_WORDS = re.compile(
    "passwords?|passwd|pwd|pw|passphrase|passcode|secrets?|credentials?"
    "|authcode|apikey|accesskey|privatekey"
)
_ENDINGS = ("auth code", "authentication code", "api key", "access key", "private key", "token")
_CHINESE = ("密码", "口令", "密钥", "授权码", "认证码", "令牌")
_SPLIT = re.compile(r"[^0-9A-Za-z]+|(?<=[a-z0-9])(?=[A-Z])")
_URL_WITH_PASSWORD = re.compile(r"://[^/\s:@]+:[^/\s@]+@")


class SecretError(Exception):
    """The key store is there but would not answer; the text names the secret, never its value."""


class Secret:
    """A password or the like; printing, formatting, logging and pickling do not give it away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the call that needs it and nothing else."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> Never:
        raise TypeError("a secret is not written anywhere")


def secret(name: str, environ: Mapping[str, str]) -> Secret | None:
    """The secret ``name`` (``ctp_password``), or None where nobody gave it.

    Read from ``HOMALOS_SECRET__CTP_PASSWORD`` first (letter case does not matter), then from the
    operating system's key store, service ``homalos``, if the extra ``keyring`` is installed.

    Raises:
        SecretError: the key store is there but locked or broken.
    """
    wanted = variable(name)
    for variable_name, value in environ.items():
        if variable_name.upper() == wanted and value:
            return Secret(value)
    return _from_keyring(name)


def variable(name: str) -> str:
    """Name of the environment variable that carries the secret ``name``."""
    return PREFIX + re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_").upper()


def looks_secret(name: str) -> bool:
    """Whether a key of this name would hold a password, an authentication code or the like."""
    words = [word.lower() for word in _SPLIT.split(name) if word]
    phrase = " ".join(words)
    return (
        any(_WORDS.fullmatch(word) for word in words)
        or any(phrase == end or phrase.endswith(" " + end) for end in _ENDINGS)
        or any(word in name for word in _CHINESE)
    )


def holds_secret(value: str) -> bool:
    """Whether a text carries a password inside an address (``https://user:password@host``)."""
    return _URL_WITH_PASSWORD.search(value) is not None


def _from_keyring(name: str) -> Secret | None:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return None
    try:
        value = keyring.get_password(SERVICE, name)
    except keyring.errors.NoKeyringError:
        return None
    except keyring.errors.KeyringError as error:
        raise SecretError(f"the key store did not give {name}: {type(error).__name__}") from error
    return Secret(value) if value else None
