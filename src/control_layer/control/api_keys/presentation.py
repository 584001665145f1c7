"""Keys as callers see them: the objects of rows, with what is not in the rows themselves."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.api_keys.caps import spending_of_keys
from control_layer.control.api_keys.inherited_rate import inherited_rates
from control_layer.control.api_keys.queries import ReachableModels, reachable_models
from control_layer.control.api_keys.schemas import Key
from control_layer.settings.authentication import KeyRates
from control_layer.store import tables

__all__ = ["shown"]


async def shown(session: AsyncSession, rows: Sequence[tables.ApiKey], rates: KeyRates, now: datetime) -> list[Key]:
    """Each row's object. The queries that it takes are as many for a hundred keys and owners as for one."""
    if not rows:
        return []
    owners = {row.user_id for row in rows}
    reachable = await reachable_models(session, owners)
    spending = await spending_of_keys(session, rows, now)
    inherited = await inherited_rates(session, owners, rates)
    return [
        Key.of(row, _access(row, reachable[row.user_id]), spending.get(row.id), inherited.get(row.user_id))
        for row in rows
    ]


def _access(key: tables.ApiKey, reachable: ReachableModels) -> list[uuid.UUID]:
    """Which of the owner's reachable models a key may use."""
    chosen = None if key.model_aliases is None else frozenset(key.model_aliases)
    return [model_id for model_id, alias in reachable if chosen is None or alias in chosen]
