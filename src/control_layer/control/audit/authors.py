"""Who is behind a request, and where it came from, as the audit log wants it."""

from __future__ import annotations

import uuid
from dataclasses import replace

from starlette.requests import Request

from control_layer.control.authentication.peer import peer_of
from control_layer.control.request_id import request_id_of
from control_layer.store.authorship import Author

__all__ = ["author_of", "part_of"]

_ANONYMOUS = "anonymous"
_MAX_LENGTH = 256


def author_of(request: Request, user: uuid.UUID | None, key_id: uuid.UUID | None = None) -> Author:
    """The author of what the request changes. What the client says of itself is cut short."""
    return Author(
        actor=_ANONYMOUS if user is None else f"user:{user}",
        key_id=key_id,
        peer=peer_of(request) or None,
        user_agent=_printable(request.headers.get("user-agent", "")),
        request_id=request_id_of(request.scope),
    )


def part_of(request: Request, what: str) -> Author:
    """A part of ours that acts by itself when a request comes, before anybody knows whose it is."""
    return replace(author_of(request, None), actor=Author.system(what).actor)


def _printable(value: str) -> str | None:
    return "".join(letter for letter in value[:_MAX_LENGTH] if letter.isprintable()) or None
