"""What keys used by the hour. Requests of batches are left out: a batch is asked for on purpose, whatever it uses."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.store.tables import ACCOUNT_ROLLUPS, NIL, ApiKey, Request

__all__ = ["history_of", "used_since"]

_HOURS = ACCOUNT_ROLLUPS["hour"].c


async def used_since(session: AsyncSession, since: datetime, now: datetime, at_least: int) -> Mapping[uuid.UUID, int]:
    """The tokens of each key that used `at_least` so many."""
    used = _tokens(Request)
    statement = (
        select(Request.key_id, used)
        .where(Request.at >= since, Request.at < now, Request.key_id != NIL, Request.batch_id.is_(None))
        .group_by(Request.key_id)
        .having(used >= at_least)
    )
    return {key_id: int(tokens) for key_id, tokens in await session.execute(statement)}


async def history_of(
    session: AsyncSession, keys: Collection[uuid.UUID], since: datetime, until: datetime
) -> Mapping[uuid.UUID, Sequence[int]]:
    """The tokens of each whole hour between two times in which a key was used."""
    # Their owners come first in the index.
    owners = select(ApiKey.user_id).where(ApiKey.id.in_(keys))
    statement = (
        select(_HOURS.key_id, _tokens(_HOURS))
        .where(
            _HOURS.at >= since,
            _HOURS.at < func.date_trunc("hour", until, "UTC"),
            _HOURS.user_id.in_(owners),
            _HOURS.key_id.in_(keys),
            _HOURS.purpose != "batch",
        )
        .group_by(_HOURS.key_id, _HOURS.at)
    )
    found: dict[uuid.UUID, list[int]] = {}
    for key_id, tokens in await session.execute(statement):
        found.setdefault(key_id, []).append(int(tokens))
    return found


def _tokens(of: Any) -> ColumnElement[int]:
    used = func.coalesce(of.input_tokens, 0) + func.coalesce(of.output_tokens, 0)
    return func.coalesce(func.sum(used), 0)
