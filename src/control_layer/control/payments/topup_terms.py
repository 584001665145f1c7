"""When an account buys credits by itself, and how many. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum

__all__ = ["MAX_DECLINES", "PAUSE_AFTER_DECLINE", "Earlier", "Terms", "Wait", "decide", "month_of"]

PAUSE_AFTER_DECLINE = timedelta(hours=24)
"""A card that was declined is not asked again sooner."""
MAX_DECLINES = 3
"""So many in a row switch it off."""


class Wait(Enum):
    """Why nothing is bought now."""

    ENOUGH = "enough"
    """The balance has not fallen below the threshold."""
    PENDING = "pending"
    """The last purchase is not known to have ended."""
    PAUSED = "paused"
    """The card was declined a while ago."""
    MONTHLY_LIMIT = "monthly_limit"
    """It would be more than the account allows in a month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an account agreed to."""

    threshold: Decimal
    amount: Decimal
    monthly_limit: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """An automatic purchase that was begun before."""

    amount: Decimal
    state: str
    created_at: datetime
    ended_at: datetime | None


def decide(terms: Terms, balance: Decimal, earlier: Sequence[Earlier], now: datetime) -> Decimal | Wait:
    """What is bought now, or why nothing is. `earlier`: those of this month and the last few, in any order."""
    if balance >= terms.threshold:
        return Wait.ENOUGH
    if any(topup.state == "pending" for topup in earlier):
        return Wait.PENDING
    newest = max(earlier, key=lambda topup: topup.created_at, default=None)
    if newest is not None and newest.state == "failed" and now < (newest.ended_at or now) + PAUSE_AFTER_DECLINE:
        return Wait.PAUSED
    if terms.monthly_limit is not None:
        month = month_of(now)
        spent = sum(
            (topup.amount for topup in earlier if topup.state == "succeeded" and topup.created_at >= month), Decimal(0)
        )
        if spent + terms.amount > terms.monthly_limit:
            return Wait.MONTHLY_LIMIT
    return terms.amount


def month_of(now: datetime) -> datetime:
    """When the calendar month began, in UTC."""
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
