"""Erases responses that are too old, and those of whoever lets nothing be kept, some at a time, on every host."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import CursorResult

from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.control.stored_responses.statements import (
    ERASE_OLD,
    ERASE_UNWANTED_BY_KEYS,
    ERASE_UNWANTED_BY_USERS,
)

__all__ = ["erase_old_responses", "kept_since"]

_AT_ONCE = 200
"""Rows in a transaction: of a conversation each."""
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def kept_since(now: datetime, max_age: timedelta | None) -> datetime:
    """Nothing that is this old, or older, is given any more."""
    return _EVER if max_age is None else now - max_age


async def erase_old_responses(services: Services, *, at_once: int = _AT_ONCE) -> None:
    """Erases what is due at this moment. Raises `ControlError`."""
    since = kept_since(services.now(), services.settings.responses.max_age)
    for statement in (ERASE_OLD, ERASE_UNWANTED_BY_USERS, ERASE_UNWANTED_BY_KEYS):
        values = {"most": at_once} | ({"since": since} if statement is ERASE_OLD else {})
        gone = at_once
        while gone == at_once:
            async with transaction(services) as session:
                result = await session.execute(statement, values)
                assert isinstance(result, CursorResult)
                gone = result.rowcount
