"""The providers that live models name."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.provider_displays.schemas import ProviderDisplay
from control_layer.store.tables import Model

__all__ = ["find_provider", "list_providers"]


async def list_providers(session: AsyncSession) -> Sequence[ProviderDisplay]:
    """All of them, by name."""
    name = func.trim(Model.model_metadata["provider"].astext)
    key, shown = func.lower(name), func.min(name)
    statement = (
        select(key, shown, func.count())
        .where(Model.deleted_at.is_(None), name != "")
        .group_by(key)
        .order_by(shown, key)
    )
    return [ProviderDisplay.found(*row) for row in await session.execute(statement)]


async def find_provider(session: AsyncSession, provider_key: str) -> ProviderDisplay | None:
    """One of them; how the key is written does not matter."""
    wanted = provider_key.strip().lower()
    return next((each for each in await list_providers(session) if each.provider_key == wanted), None)
