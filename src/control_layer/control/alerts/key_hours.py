"""What each key used in each hour that is over: added up once, and kept as long as it tells what is usual.

Requests that a batch made are left out: a batch is asked for on purpose, whatever it uses.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.store.tables import NIL, KeyHour, KeyHoursPosition, Request

__all__ = ["add_up", "history_of", "used_since"]

_HOUR = timedelta(hours=1)
_SETTLED = timedelta(minutes=10)
"""By then the recorder has written nearly everything of an hour."""
_AT_ONCE = 200
"""More than a week, so that a first look knows what is usual by default."""
_APART = {"synchronize_session": False}


async def add_up(services: Services) -> None:
    """Adds up the hours that are over, some at a time, and forgets old ones. Raises `ControlError`."""
    kept = timedelta(days=services.settings.alerts.unusual_usage.days)
    for _ in range(_AT_ONCE):
        async with transaction(services) as session:
            if not await _add_next(session, services.now(), kept):
                return


async def _add_next(session: AsyncSession, now: datetime, kept: timedelta) -> bool:
    """Whether there was an hour to add up."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    position = (await session.execute(select(KeyHoursPosition).with_for_update())).scalar_one_or_none()
    begin = this_hour - kept
    if position is not None:
        begin = max(begin, position.through)
    if begin + _HOUR + _SETTLED > now:
        return False
    sums = (
        select(literal(begin), Request.key_id, _tokens(), func.count())
        .where(Request.at >= begin, Request.at < begin + _HOUR, *_counted())
        .group_by(Request.key_id)
    )
    added = insert(KeyHour).from_select(["hour", "key_id", "tokens", "requests"], sums, include_defaults=False)
    await session.execute(added.on_conflict_do_nothing())
    await session.execute(delete(KeyHour).where(KeyHour.hour < this_hour - kept), execution_options=_APART)
    through = insert(KeyHoursPosition).values(id=1, through=begin + _HOUR)
    await session.execute(
        through.on_conflict_do_update(index_elements=["id"], set_={"through": through.excluded.through}),
        execution_options=_APART,
    )
    return True


async def used_since(session: AsyncSession, since: datetime, now: datetime, at_least: int) -> Mapping[uuid.UUID, int]:
    """The tokens of each key that used `at_least` so many."""
    statement = (
        select(Request.key_id, _tokens())
        .where(Request.at >= since, Request.at < now, *_counted())
        .group_by(Request.key_id)
        .having(_tokens() >= at_least)
    )
    return {key_id: int(tokens) for key_id, tokens in await session.execute(statement)}


async def history_of(
    session: AsyncSession, keys: Collection[uuid.UUID], since: datetime
) -> Mapping[uuid.UUID, Sequence[int]]:
    """The tokens of each hour in which a key was used."""
    statement = select(KeyHour.key_id, KeyHour.tokens).where(KeyHour.key_id.in_(keys), KeyHour.hour >= since)
    found: dict[uuid.UUID, list[int]] = {}
    for key_id, tokens in await session.execute(statement):
        found.setdefault(key_id, []).append(tokens)
    return found


def _tokens() -> ColumnElement[int]:
    used = func.coalesce(Request.input_tokens, 0) + func.coalesce(Request.output_tokens, 0)
    return func.coalesce(func.sum(used), 0)


def _counted() -> tuple[ColumnElement[bool], ...]:
    return (Request.key_id != NIL, Request.batch_id.is_(None))
