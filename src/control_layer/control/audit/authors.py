"""Who is behind a request, and where it came from, as the audit log wants it."""

from __future__ import annotations

import uuid

from starlette.requests import Request

from control_layer.control.request_id import request_id_of
from control_layer.store.authorship import Author

__all__ = ["author_of"]

_ANONYMOUS = "anonymous"
_PEER = "x-control-layer-peer"  # set by the gateway, which drops what a client sends under this name
_MAX_LENGTH = 256


def author_of(request: Request, user: uuid.UUID | None, key_id: uuid.UUID | None = None) -> Author:
    """The author of what the request changes. What the client says of itself is cut short."""
    return Author(
        actor=_ANONYMOUS if user is None else f"user:{user}",
        key_id=key_id,
        peer=_said(request, _PEER),
        user_agent=_said(request, "user-agent"),
        request_id=request_id_of(request.scope),
    )


def _said(request: Request, name: str) -> str | None:
    value = request.headers.get(name, "")
    return "".join(letter for letter in value[:_MAX_LENGTH] if letter.isprintable()) or None
