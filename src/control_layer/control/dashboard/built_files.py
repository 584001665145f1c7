"""The files that the dashboard's build left, and each as an answer: compressed where the client takes that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import FileResponse, Response

__all__ = ["STATIC", "BuiltFiles"]

STATIC = Path(__file__).parent / "static"
"""Where the build puts them; not in version control."""
INDEX = "index.html"
_HASHED = "assets/"
_FOREVER = "public, max-age=31536000, immutable"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
"""Those that the build prepares, best first."""
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""The types are ours: what the host's tables say of `.js` is not always what browsers run."""


@dataclass(frozen=True, slots=True)
class BuiltFiles:
    """What was there when the control plane started. Nothing else is ever served, whatever the path says."""

    index: str | None
    """The page; `None` where the dashboard was not built."""
    _paths: Mapping[str, Path]

    @classmethod
    def in_(cls, directory: Path) -> BuiltFiles:
        """Those below `directory`, which need not exist."""
        paths = {str(path.relative_to(directory)): path for path in directory.rglob("*") if path.is_file()}
        index = paths.pop(INDEX, None)
        return cls(None if index is None else index.read_text("utf-8"), paths)

    def answer(self, path: str, accept_encoding: str) -> Response | None:
        """The file of a URL's path; 404 for one that no build of today has; `None` where there is no such file."""
        name = path.removeprefix("/")
        file = self._paths.get(name)
        content_type = None if file is None else _TYPES.get(file.suffix)
        if file is None or content_type is None:
            # A page of an older build asks for what is gone: HTML in its place would be run as a script.
            return Response(status_code=404) if name.startswith(_HASHED) else None
        headers = {"cache-control": _FOREVER if name.startswith(_HASHED) else "no-cache", "vary": "accept-encoding"}
        accepted = _accepted(accept_encoding)
        for encoding, suffix in _ENCODINGS:
            compressed = self._paths.get(name + suffix)
            if compressed is not None and encoding in accepted:
                headers["content-encoding"] = encoding
                return FileResponse(compressed, headers=headers, media_type=content_type)
        return FileResponse(file, headers=headers, media_type=content_type)


def _accepted(accept_encoding: str) -> frozenset[str]:
    """The codings that a client names and does not refuse (RFC 9110, 12.5.3)."""
    named = (part.partition(";") for part in accept_encoding.lower().split(","))
    return frozenset(coding.strip() for coding, _, weight in named if not _is_zero(weight))


def _is_zero(weight: str) -> bool:
    name, _, value = weight.strip().partition("=")
    return name.strip() == "q" and not value.strip("0. ")
