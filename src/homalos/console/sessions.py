"""Who may use the console: one-time links, sessions, bearer tokens. Only hashes are kept."""

import hashlib
import os
import secrets  # chance: 256-bit secrets of sessions, never part of trading state
from pathlib import Path
from typing import NamedTuple

import msgspec

from homalos.kernel.clock import monotonic_ns
from homalos.model.times import HOUR, SECOND

LINK_NS = 120 * SECOND
CLI_TOKEN = "cli.token"  # noqa: S105  a file's name
TOKENS = "tokens.json"


class Principal(NamedTuple):
    """Who asks: ``name`` for the audit trail, and whether a browser's cookie says so."""

    name: str
    browser: bool


class _Session(msgspec.Struct):
    born: int
    used: int


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Sessions:
    """One-time links are exchanged for sessions; programs bring bearer tokens.

    Files in ``folder`` have mode 0600: ``cli.token``, made anew at each start, for the commands of
    this user on this machine, and ``tokens.json``, the hashes of named tokens.
    """

    def __init__(self, folder: Path, *, idle_h: float, max_h: float) -> None:
        self._folder = folder
        self._links: dict[str, int] = {}
        self._sessions: dict[str, _Session] = {}
        self.set_limits(idle_h, max_h)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._cli = secrets.token_urlsafe(32)
        _write_private(folder / CLI_TOKEN, self._cli.encode())

    def set_limits(self, idle_h: float, max_h: float) -> None:
        self._idle_ns = int(idle_h * HOUR)
        self._max_ns = int(max_h * HOUR)

    def close(self) -> None:
        (self._folder / CLI_TOKEN).unlink(missing_ok=True)

    # ------------------------------------------------------------ browsers

    def new_link(self) -> str:
        """A token for one login within two minutes; it goes into a URL's fragment, which no
        server and no log ever sees."""
        token = secrets.token_urlsafe(32)
        self._links[_digest(token)] = monotonic_ns()
        return token

    def exchange(self, token: str) -> str | None:
        """Turn a one-time token into the secret of a new session; ``None`` if it is not good."""
        born = self._links.pop(_digest(token), None)
        if born is None or monotonic_ns() - born > LINK_NS:
            return None
        secret = secrets.token_urlsafe(32)
        now = monotonic_ns()
        self._sessions[_digest(secret)] = _Session(now, now)
        return secret

    def browser(self, secret: str) -> Principal | None:
        """Who this cookie is; using it keeps it alive."""
        key = _digest(secret)
        session = self._sessions.get(key)
        if session is None:
            return None
        now = monotonic_ns()
        if now - session.used > self._idle_ns or now - session.born > self._max_ns:
            del self._sessions[key]
            return None
        session.used = now
        return Principal("web", True)

    def revoke(self, secret: str) -> None:
        self._sessions.pop(_digest(secret), None)

    # ------------------------------------------------------------ programs

    def bearer(self, token: str) -> Principal | None:
        """Who this token is: the command line, or a named program."""
        if secrets.compare_digest(token.encode(), self._cli.encode()):
            return Principal("cli", False)
        digest = _digest(token)
        for name, known in read_tokens(self._folder).items():
            if secrets.compare_digest(known, digest):
                return Principal(f"token:{name}", False)
        return None


def read_tokens(folder: Path) -> dict[str, str]:
    """Name to hash of every named token."""
    try:
        data = (folder / TOKENS).read_bytes()
    except FileNotFoundError:
        return {}
    return msgspec.json.decode(data, type=dict[str, str])


def create_token(folder: Path, name: str) -> str:
    """Make (or replace) a named token and return its secret, which is kept nowhere."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    token = secrets.token_urlsafe(32)
    tokens = {**read_tokens(folder), name: _digest(token)}
    _write_private(folder / TOKENS, msgspec.json.encode(tokens))
    return token


def revoke_token(folder: Path, name: str) -> bool:
    """Forget a named token; whether there was one."""
    tokens = read_tokens(folder)
    if tokens.pop(name, None) is None:
        return False
    _write_private(folder / TOKENS, msgspec.json.encode(tokens))
    return True


def _write_private(path: Path, data: bytes) -> None:
    """Replace a file in one step; only this user can read it."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
    draft.replace(path)
