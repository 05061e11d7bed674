"""The files of the page: few and small, so they are held in memory."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from lanchatd.doors.web.messages import Answer, Request

PAGE = Path(__file__).parent / "page"
# What else lies there is not shown.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is served; its ``tag`` changes when its content does.

    ``packed`` is the same for who takes gzip, as browsers do: a third of the size. Empty if there is none.
    """

    content: bytes
    kind: str
    tag: str
    packed: bytes = b""

    def answer(self, request: Request) -> Answer:
        """It, or that the one who asks has it already."""
        # Asked each time, so that a new version of the page is there at once with all of its files.
        packed = bool(self.packed) and "gzip" in request.words("accept-encoding")
        tag = f'{self.tag[:-1]}-gzip"' if packed else self.tag
        known = (("ETag", tag), ("Cache-Control", "no-cache"), ("Vary", "Accept-Encoding"))
        if any(word.removeprefix("w/") in (tag, "*") for word in request.words("if-none-match")):
            return Answer(HTTPStatus.NOT_MODIFIED, known)
        kind = ("Content-Type", self.kind)
        if packed:
            return Answer(HTTPStatus.OK, (kind, ("Content-Encoding", "gzip"), *known), self.packed)
        return Answer(HTTPStatus.OK, (kind, *known), self.content)


def files_in(directory: Path) -> Mapping[str, File]:
    """The files by the path that a browser asks for."""
    files = {f"/{path.name}": _file(path) for path in sorted(directory.iterdir()) if path.suffix in _TYPES}
    return {"/": files["/index.html"], **files}


def _file(path: Path) -> File:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return File(content, _TYPES[path.suffix], f'"{digest[:32]}"', gzip.compress(content, mtime=0))
