"""Who came, who was turned away, who left: the authentication's part of the audit log."""

from __future__ import annotations

import uuid

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from control_layer.control.audit.authors import author_of
from control_layer.store.authorship import record, sign

__all__ = ["logged_in", "logged_out", "turned_away"]

_RESOURCE = "users"


def logged_in(session: AsyncSession, request: Request, user_id: uuid.UUID) -> None:
    """A session begins. What else the request changes is this person's doing."""
    sign(session, author_of(request, user_id))
    record(session, "login", _RESOURCE, user_id)


async def turned_away(session: AsyncSession, user_id: uuid.UUID | None) -> None:
    """A login failed, at an account or at none. Commits: the request is about to end in an error.

    What was typed is not kept: people type passwords into the wrong field.
    """
    record(session, "login_failed", _RESOURCE, user_id)
    await session.commit()


def logged_out(session: AsyncSession, request: Request, user_id: uuid.UUID) -> None:
    """A session ends because its person leaves."""
    sign(session, author_of(request, user_id))
    record(session, "logout", _RESOURCE, user_id)
