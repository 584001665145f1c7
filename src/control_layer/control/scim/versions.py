"""Entity tags (RFC 7644, 3.14): weak ones, as they follow the row and not the bytes of an answer."""

from __future__ import annotations

import hashlib
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from control_layer.control.scim.errors import MEDIA_TYPE, ScimError

__all__ = ["not_modified", "require_version", "version_of"]


def version_of(*parts: datetime | int | None) -> str:
    """The tag of a resource that differs when any of `parts` does."""
    text = "|".join(part.isoformat() if isinstance(part, datetime) else str(part) for part in parts)
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'


def require_version(request: Request, version: str) -> None:
    """Raises 412 where the client knows another version than the one it would change."""
    wanted = request.headers.get("if-match")
    if wanted is not None and not _names(wanted, version):
        raise ScimError(412, "The resource has changed since; read it again")


def not_modified(request: Request, version: str) -> Response | None:
    """304 where the client has this version already."""
    known = request.headers.get("if-none-match")
    if known is None or not _names(known, version):
        return None
    return Response(status_code=304, headers={"etag": version}, media_type=MEDIA_TYPE)


def _names(field: str, version: str) -> bool:
    """Compared weakly, also for `If-Match`: SCIM's examples send weak tags there."""
    tags = {tag.strip().removeprefix("W/") for tag in field.split(",")}
    return "*" in tags or version.removeprefix("W/") in tags
