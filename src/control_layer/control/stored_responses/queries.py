"""One stored response of a user's, as routes need it."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.services import Services
from control_layer.control.stored_responses.received import LOOK_AGAIN_SECONDS, may_be_on_its_way
from control_layer.control.stored_responses.retention import kept_since
from control_layer.control.stored_responses.statements import FIND
from control_layer.store.tables import StoredResponse

__all__ = ["Found", "delete_response", "find_response"]


@dataclass(frozen=True, slots=True)
class Found:
    """A stored response; without anything in it, one that was deleted."""

    items: bytes | None
    response: bytes | None


async def find_response(
    session: AsyncSession, services: Services, response_id: bytes, user_id: uuid.UUID, *, stored: bool = False
) -> Found | None:
    """The response, or `None` where the user has none of this id. One that may be on its way is waited for, a second
    at most; with `stored`, until it is in the database.
    """
    waits = LOOK_AGAIN_SECONDS if may_be_on_its_way(response_id, services.now()) else ()
    for wait in (*waits, None):
        received = None if stored else services.received_responses.find(response_id, str(user_id))
        if received is not None:
            return Found(received.items, received.response)
        since = kept_since(services.now(), services.settings.responses.max_age)
        rows = await session.execute(FIND, {"ids": [uuid.UUID(bytes=response_id)], "since": since})
        for row in rows:
            return Found(row.items, row.response) if row.user_id == user_id else None
        if wait is not None:
            await session.rollback()  # nobody waits with a connection
            await asyncio.sleep(wait)
    return None


async def delete_response(session: AsyncSession, services: Services, response_id: bytes) -> None:
    """Erases what was said; the row stays as long as the response would have, to say that it is gone."""
    statement = update(StoredResponse).where(StoredResponse.id == uuid.UUID(bytes=response_id))
    await session.execute(statement.values(deleted_at=services.now(), items=None, response=None))
