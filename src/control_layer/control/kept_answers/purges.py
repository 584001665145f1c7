"""Purges of what was kept for a key or a user. Models have a generation of their own (`models/traffic_policy`)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Literal

from sqlalchemy import Sequence, delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.store.tables import AnswerPurge

__all__ = ["forget_old_purges", "purge_answers_of"]

_NEXT = Sequence("answer_purge_sequence").next_value()
_NEEDED = timedelta(days=31)
"""A day longer than any answer is kept."""


async def purge_answers_of(session: AsyncSession, scope: Literal["key", "user"], subject_id: uuid.UUID) -> None:
    """Nothing that was kept for requests of this key or user is given again, whoever may have been given it."""
    purge = insert(AnswerPurge).values(subject_id=subject_id, scope=scope, generation=_NEXT)
    later = func.greatest(AnswerPurge.generation, purge.excluded.generation)
    await session.execute(
        purge.on_conflict_do_update(
            index_elements=[AnswerPurge.subject_id], set_={"generation": later, "purged_at": func.now()}
        )
    )


async def forget_old_purges(services: Services) -> None:
    """Erases those that nothing can be left from before. Raises `ControlError`."""
    async with transaction(services) as session:
        await session.execute(delete(AnswerPurge).where(AnswerPurge.purged_at < func.now() - _NEEDED))
