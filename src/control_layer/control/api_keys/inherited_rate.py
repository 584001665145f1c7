"""What keys have of their owner's tier, as gateways reckon it (`auth.rate_limits`)."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.api_keys.schemas import InheritedRate
from control_layer.settings.authentication import KeyRates
from control_layer.store.tables import User

__all__ = ["inherited_rates"]


async def inherited_rates(
    session: AsyncSession, users: Collection[uuid.UUID], rates: KeyRates
) -> dict[uuid.UUID, InheritedRate]:
    """The rate of each of a user's keys that has none of its own; users for whom there is none are left out."""
    if rates == KeyRates():
        return {}
    tiers = select(User.id, User.verified).where(User.id.in_(users))
    found = {user_id: _rate_of(verified, rates) for user_id, verified in await session.execute(tiers)}
    return {user_id: rate for user_id, rate in found.items() if rate is not None}


def _rate_of(verified: bool, rates: KeyRates) -> InheritedRate | None:
    tier = rates.verified if verified else rates.unverified
    if tier.requests_per_second is None:
        return None
    return InheritedRate(
        tier="verified" if verified else "unverified",
        requests_per_second=tier.requests_per_second,
        burst_size=int(tier.burst),
    )
