"""Spending caps (§4.2): a budget of one key's, kept in its own row and counted under its own id."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.contract.windows import Period
from control_layer.control.api_keys.schemas import CapSpending, KeyChanges, NewKey
from control_layer.control.budgets.spending import Counted, spending_of, total_spending_of
from control_layer.control.errors import invalid
from control_layer.control.money import amount_of
from control_layer.store.tables import ApiKey

__all__ = ["change_cap", "check_cap", "check_new_cap", "set_cap", "spending_of_keys"]

_PERIODS: Mapping[str | None, Period] = {"daily": "day", "weekly": "week", "monthly": "month", None: "total"}
_NOTHING = Decimal(0)


def check_new_cap(body: NewKey) -> None:
    """Raises 400 for a cap that is none, whoever asks."""
    if body.spend_limit_interval is not None and body.spend_limit is None:
        raise invalid("spend_limit_interval needs a spend_limit")
    check_cap(body)


def check_cap(body: NewKey | KeyChanges) -> None:
    """Raises 400 for an amount that is none, whoever asks."""
    if body.spend_limit is None:
        return
    if not body.spend_limit.is_finite() or body.spend_limit <= 0:
        raise invalid("spend_limit must be greater than zero")
    amount_of(body.spend_limit)


def set_cap(key: ApiKey, body: NewKey, now: datetime) -> None:
    """Gives a new key its cap, if it has one."""
    if body.spend_limit is not None:
        key.spend_limit = amount_of(body.spend_limit)
        key.spend_limit_interval = body.spend_limit_interval
        key.spend_counted_since = now


def change_cap(key: ApiKey, changes: KeyChanges, now: datetime) -> None:
    """Writes a PATCH's cap into the row: a new cap, another interval and `reset_window` begin to count anew.

    Raises 400 for changes that need a cap where there is none.
    """
    before = (key.spend_limit is not None, key.spend_limit_interval)
    named = changes.model_fields_set
    if "spend_limit" in named:
        key.spend_limit = None if changes.spend_limit is None else amount_of(changes.spend_limit)
    if key.spend_limit is None:
        if changes.spend_limit_interval is not None:
            raise invalid("spend_limit_interval needs a spend_limit")
        if changes.reset_window:
            raise invalid("reset_window needs a key with a spend_limit")
        key.spend_limit_interval = None
        return
    if "spend_limit_interval" in named:
        key.spend_limit_interval = changes.spend_limit_interval
    if changes.reset_window or before != (True, key.spend_limit_interval):
        key.spend_counted_since = now


async def spending_of_keys(
    session: AsyncSession, keys: Sequence[ApiKey], now: datetime
) -> Mapping[uuid.UUID, CapSpending]:
    """What the keys that have a cap have spent."""
    capped = [
        Counted.at(
            now,
            budget_id=key.id,
            period=_PERIODS[key.spend_limit_interval],
            rolling=False,
            since=key.spend_counted_since or key.created_at,
        )
        for key in keys
        if key.spend_limit is not None
    ]
    if not capped:
        return {}
    spending = await spending_of(session, capped)
    totals = await total_spending_of(session, list(spending))
    return {
        key_id: CapSpending(spend=each.spent, total_spend=totals.get(key_id, _NOTHING), resets_at=each.until)
        for key_id, each in spending.items()
    }
