"""One number for all state: two runs that agree in it agree in orders, books, risk, strategies."""

import hashlib
from collections.abc import Mapping

import msgspec

_encoder = msgspec.msgpack.Encoder(order="deterministic")


def state_hash(parts: Mapping[str, object]) -> str:
    """Hash named states (structs, tuples, dicts of them) independently of the order of names."""
    digest = hashlib.sha256()
    for name in sorted(parts):
        digest.update(name.encode())
        digest.update(b"\x00")
        digest.update(_encoder.encode(parts[name]))
    return digest.hexdigest()
