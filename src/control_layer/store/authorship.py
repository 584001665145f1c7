"""Who makes the changes of a transaction, told to the database in time for its audit log.

The log's triggers run at commit, so a session is signed whenever its author is known, and again when it changes hands.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction

__all__ = ["Author", "record", "sessions_of", "sign"]

_AUTHOR = "audit_author"
_EVENTS = "audit_events"
_WROTE = "audit_wrote"
_SIGN = text("SELECT set_config('control_layer.author', :author, true)")
_RECORD = text(
    "INSERT INTO audit_log (operation, resource, resource_id, after) "
    "VALUES (:operation, :resource, :resource_id, CAST(:details AS jsonb))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who, and from where. Texts come from clients: whoever makes one keeps them short and printable."""

    actor: str
    key_id: uuid.UUID | None = None
    peer: str | None = None
    user_agent: str | None = None
    request_id: str | None = None

    @classmethod
    def system(cls, what: str) -> Author:
        """A part of ours that acts by itself, such as `first-start`."""
        return cls(actor=f"system:{what}")

    def encoded(self) -> str:
        """What the database's function `audit_append` reads."""
        return json.dumps({name: value for name, value in asdict(self).items() if value is not None}, default=str)


def sessions_of(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Sessions that can be signed."""
    return async_sessionmaker(engine, expire_on_commit=False, sync_session_class=_SignedSession)


def sign(session: AsyncSession, author: Author) -> None:
    """Names who is behind everything that the session commits from now on."""
    session.info[_AUTHOR] = author


def record(
    session: AsyncSession,
    operation: str,
    resource: str,
    resource_id: uuid.UUID | str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Notes at the next commit what changes no audited row, such as a login. `details` hold no secret."""
    values = {
        "operation": operation,
        "resource": resource,
        "resource_id": None if resource_id is None else str(resource_id),
        "details": None if details is None else json.dumps(details),
    }
    session.info.setdefault(_EVENTS, []).append(values)


class _SignedSession(Session):
    """A session that says whose it is at each commit of a transaction that may have written something."""


@event.listens_for(_SignedSession, "after_flush")
def _flushed(session: Session, _context: UOWTransaction) -> None:
    session.info[_WROTE] = True


@event.listens_for(_SignedSession, "do_orm_execute")
def _executed(execution: ORMExecuteState) -> None:
    if not execution.is_select:
        execution.session.info[_WROTE] = True


@event.listens_for(_SignedSession, "before_commit")
def _complete(session: Session) -> None:
    session.flush()
    events, author = session.info.pop(_EVENTS, ()), session.info.get(_AUTHOR)
    wrote = session.info.get(_WROTE, False)
    if author is not None and (wrote or events):
        session.execute(_SIGN, {"author": author.encoded()})
    for values in events:  # the last rows but the triggers': whoever holds the log waits for no other lock
        session.execute(_RECORD, values)
    session.info.pop(_WROTE, None)  # what was just said is no reason to say it again


@event.listens_for(_SignedSession, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(_EVENTS, None)
    session.info.pop(_WROTE, None)
