"""What keys have of their owner's tier, as gateways reckon it (`auth.rate_limits`)."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.api_keys.schemas import InheritedRate
from control_layer.settings.authentication import KeyRates
from control_layer.store.tables import User

__all__ = ["inherited_rate"]


async def inherited_rate(session: AsyncSession, user_id: uuid.UUID, rates: KeyRates) -> InheritedRate | None:
    """The rate of each of a user's keys that has none of its own; `None` where there is none."""
    if rates == KeyRates():
        return None
    verified = (await session.execute(select(User.verified).where(User.id == user_id))).scalar_one_or_none()
    tier = rates.verified if verified else rates.unverified
    if tier.requests_per_second is None:
        return None
    return InheritedRate(
        tier="verified" if verified else "unverified",
        requests_per_second=tier.requests_per_second,
        burst_size=int(tier.burst),
    )
