"""Errors as RFC 9457 problem documents with a stable ``code``."""

from typing import Any

import msgspec
from starlette.responses import Response


class Problem(Exception):  # noqa: N818  the RFC's word
    """An error that a client is told of: HTTP status, stable code, a sentence."""

    def __init__(self, status: int, code: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.more = more

    def body(self) -> bytes:
        return msgspec.json.encode(
            {
                "type": f"urn:homalos:{self.code}",
                "title": self.code.replace("_", " "),
                "status": self.status,
                "code": self.code,
                "detail": self.detail,
                **self.more,
            }
        )

    def response(self) -> Response:
        return Response(
            self.body(),
            self.status,
            {"cache-control": "no-store"},
            media_type="application/problem+json",
        )
