"""Frames of one side's API: names to numbers, fields to bytes, and back."""

from collections.abc import Mapping
from typing import Literal

from homalos.ctp.abi import ENCODING, Abi, Layout, Method, Value, load
from homalos.ctp.wire import Flag, Flow, pack
from homalos.exchange.door import errors

Side = Literal["md", "td"]
Fields = Mapping[str, Value]
DBL_MAX = 1.7976931348623157e308
"""CTP's number for a number that there is not."""


def clip(value: str, room: int) -> str:
    """As much of a text as fits into ``room`` bytes of GB18030."""
    raw = value.encode(ENCODING, "replace")
    return value if len(raw) <= room else raw[:room].decode(ENCODING, "ignore")


class Speech:
    """What one side's library says and hears."""

    def __init__(self, side: Side, abi: Abi | None = None) -> None:
        abi = load() if abi is None else abi
        api, spi = (abi.td_api, abi.td_spi) if side == "td" else (abi.md_api, abi.md_spi)
        self.side = side
        self.requests = tuple(method.name for method in api)
        """By their numbers on the wire."""
        self.callbacks = tuple(method.name for method in spi)
        self.number = {name: number for number, name in enumerate(self.callbacks)}
        self._bodies = {method.name: _body(abi, method) for method in (*api, *spi)}
        self._info = abi.layout("RspInfo")
        self._infos: dict[int, bytes] = {}

    def layout(self, name: str) -> Layout | None:
        """The struct that a request or callback bears, ``RspInfo`` apart."""
        return self._bodies[name]

    def error(self, code: int, message: str = "") -> bytes:
        """``RspInfo``."""
        if message and message != errors.TEXTS.get(code):
            return self._info.encode({"ErrorID": code, "ErrorMsg": clip(message, 80)})
        known = self._infos.get(code)
        if known is None:
            known = self._infos[code] = self._info.encode(
                {"ErrorID": code, "ErrorMsg": clip(errors.text(code), 80)}
            )
        return known

    def frame(
        self,
        name: str,
        body: Fields | bytes | None = None,
        error: bytes | None = None,
        *,
        request: int = 0,
        last: bool = True,
        flow: Flow = Flow.DIALOG,
        sequence: int = 0,
    ) -> bytes:
        """One callback; without ``body`` or ``error`` it gets a null pointer for it."""
        flags = int(Flag.LAST) if last else 0
        content = b""
        if body is not None:
            flags |= Flag.BODY
            content = body if isinstance(body, bytes) else self.encode(name, body)
        if error is not None:
            flags |= Flag.ERROR
            content += error
        return pack(self.number[name], flags, request, content, flow, sequence)

    def encode(self, name: str, fields: Fields) -> bytes:
        layout = self._bodies[name]
        assert layout is not None, name
        return layout.encode(fields)


def _body(abi: Abi, method: Method) -> Layout | None:
    names = [n for n in method.structs if not n.endswith("Spi")]
    if not names or names[0].endswith("RspInfoField"):
        return None
    return abi.layout(names[0])
