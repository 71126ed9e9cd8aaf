"""The page's files: read once at the start, served from memory with an ETag."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from starlette.responses import Response

from homalos.console.problems import Problem

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


class _File(NamedTuple):
    data: bytes
    kind: str
    etag: str


class Assets:
    """Every file of the package's ``static`` folder, by name."""

    def __init__(self, folder: Path | None = None) -> None:
        folder = folder or Path(__file__).parent / "static_files"
        self._files = {
            path.name: _File(data, TYPES[path.suffix], f'"{hashlib.sha256(data).hexdigest()[:16]}"')
            for path in sorted(folder.iterdir())
            if path.suffix in TYPES and (data := path.read_bytes())
        }

    def response(self, name: str, known_etag: str | None) -> Response:
        """The file, or 304 where the browser has it. ``Problem`` 404 for any other name."""
        file = self._files.get(name)
        if file is None:
            raise Problem(404, "not_found", f"there is no {name}")
        headers = {"etag": file.etag, "cache-control": "no-cache"}
        if known_etag == file.etag:
            return Response(status_code=304, headers=headers)
        return Response(file.data, headers=headers, media_type=file.kind)
