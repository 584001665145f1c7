"""What cached tokens of a model cost (§4.5.8): one row in force at most; what was in force stays, for old requests."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from decimal import Decimal

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.errors import invalid
from control_layer.control.models.schemas import CacheTerms
from control_layer.settings.pricing import CachePricingDefaults
from control_layer.store import tables

__all__ = ["active_cache_pricings", "close_cache_pricing", "open_cache_pricing"]

_MULTIPLIERS = ("write_multiplier_5m", "write_multiplier_1h", "write_multiplier_24h", "read_multiplier")
_DECIMALS = Decimal("0.0001")


async def active_cache_pricings(
    session: AsyncSession, models: Collection[uuid.UUID]
) -> dict[uuid.UUID, tables.CachePricing]:
    """What is in force, by model; models without are left out."""
    pricing = tables.CachePricing
    statement = select(pricing).where(pricing.model_id.in_(models), pricing.valid_until.is_(None))
    return {row.model_id: row for row in await session.scalars(statement)}


async def close_cache_pricing(session: AsyncSession, model_id: uuid.UUID) -> None:
    """Cached tokens cost what all others do from now on."""
    pricing = tables.CachePricing
    active = update(pricing).where(pricing.model_id == model_id, pricing.valid_until.is_(None))
    await session.execute(active.values(valid_until=func.now()))


async def open_cache_pricing(
    session: AsyncSession, model_id: uuid.UUID, terms: CacheTerms, defaults: CachePricingDefaults
) -> tables.CachePricing:
    """Puts `terms` in the place of what is in force. The model must be locked. Raises 400."""
    row = tables.CachePricing(
        id=uuid.uuid4(),
        model_id=model_id,
        min_prefix_tokens=_tokens(terms.min_prefix_tokens, defaults.min_prefix_tokens),
        **{name: _multiplier(name, getattr(terms, name), getattr(defaults, name)) for name in _MULTIPLIERS},
    )
    await close_cache_pricing(session, model_id)
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return row


def _multiplier(name: str, value: Decimal | None, default: Decimal) -> Decimal:
    if value is None:
        return default
    if not 0 <= value < 100 or value != value.quantize(_DECIMALS):
        raise invalid(f"{name} must be at least 0 and less than 100, with at most 4 decimals")
    return value


def _tokens(value: int | None, default: int) -> int:
    if value is None:
        return default
    if value < 0:
        raise invalid("min_prefix_tokens must not be negative")
    return value
