"""Sessions in the database: how they begin, who has which, how they end. A session ends by being deleted."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from control_layer.control.authentication.peer import peer_of
from control_layer.control.authentication.sessions import Sessions
from control_layer.store.tables import UserSession

__all__ = [
    "begin_session",
    "count_sessions",
    "end_session",
    "end_session_of_token",
    "end_sessions",
    "list_sessions",
    "record_session_use",
]

_MAX_SESSIONS = 1000
"""Of one person. Beyond it those longest unseen end."""
_USER_AGENT_LETTERS = 400
_TICK = timedelta(microseconds=1)
_APART = {"synchronize_session": False}  # rows that are in memory stay as they are


async def begin_session(
    session: AsyncSession, sessions: Sessions, user_id: uuid.UUID, request: Request, now: datetime
) -> str:
    """Records a new session; the value of `Set-Cookie` that hands it to the browser.

    Whatever cookie the browser had before means nothing here: nobody can plant a session that a login makes valid.
    """
    issued = now
    while True:
        token = sessions.token(user_id, issued)
        row = {
            "id": uuid.uuid4(),
            "user_id": user_id,
            "token_digest": sessions.digest(token),
            "user_agent": request.headers.get("user-agent", "")[:_USER_AGENT_LETTERS] or None,
            "peer_address": peer_of(request) or None,
            "created_at": issued,
            "last_seen": issued,
            "expires_at": sessions.expiry(issued),
        }
        statement = insert(UserSession).values(row).on_conflict_do_nothing().returning(UserSession.id)
        if (await session.execute(statement)).first() is not None:
            break
        issued += _TICK  # somebody signed in twice in one microsecond
    await _end_longest_unseen(session, user_id)
    return sessions.cookie(token)


async def list_sessions(
    session: AsyncSession, user_id: uuid.UUID, now: datetime, skip: int, limit: int
) -> Sequence[UserSession]:
    """Newest first."""
    newest = select(UserSession).where(_living(user_id, now))
    newest = newest.order_by(UserSession.created_at.desc(), UserSession.id.desc())
    return (await session.execute(newest.offset(skip).limit(limit))).scalars().all()


async def count_sessions(session: AsyncSession, user_id: uuid.UUID, now: datetime) -> int:
    """How many `list_sessions` goes through."""
    statement = select(func.count()).select_from(UserSession).where(_living(user_id, now))
    return (await session.execute(statement)).scalar_one()


async def end_session(session: AsyncSession, user_id: uuid.UUID, session_id: uuid.UUID, now: datetime) -> bool:
    """Whether the person had such a session; now they have not."""
    statement = delete(UserSession).where(_living(user_id, now), UserSession.id == session_id).returning(UserSession.id)
    return (await session.execute(statement, execution_options=_APART)).first() is not None


async def end_session_of_token(session: AsyncSession, digest: bytes) -> uuid.UUID | None:
    """Ends the session whose token has this digest, if there is one; whose it was."""
    statement = delete(UserSession).where(UserSession.token_digest == digest).returning(UserSession.user_id)
    return (await session.execute(statement, execution_options=_APART)).scalar_one_or_none()


async def end_sessions(session: AsyncSession, user_id: uuid.UUID, *, but: uuid.UUID | None = None) -> None:
    """Ends all sessions of a person, except `but`."""
    statement = delete(UserSession).where(UserSession.user_id == user_id)
    if but is not None:
        statement = statement.where(UserSession.id != but)
    await session.execute(statement, execution_options=_APART)


async def record_session_use(session: AsyncSession, session_id: uuid.UUID, now: datetime) -> None:
    """Notes that the session was used."""
    statement = update(UserSession).where(UserSession.id == session_id).values(last_seen=now)
    await session.execute(statement, execution_options=_APART)


async def _end_longest_unseen(session: AsyncSession, user_id: uuid.UUID) -> None:
    latest = select(UserSession.id).where(UserSession.user_id == user_id).order_by(UserSession.last_seen.desc())
    statement = delete(UserSession).where(UserSession.id.in_(latest.offset(_MAX_SESSIONS)))
    await session.execute(statement, execution_options=_APART)


def _living(user_id: uuid.UUID, now: datetime) -> ColumnElement[bool]:
    return and_(UserSession.user_id == user_id, UserSession.expires_at > now)
