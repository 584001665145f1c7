"""What the things that a request names are called now."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Select, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.request_log.presentation import Names
from control_layer.store.tables import ApiKey, Budget, Endpoint, Model, OpenRequest, Request, Tariff, User

__all__ = ["names_in"]


async def names_in(session: AsyncSession, row: Request | OpenRequest) -> Names:
    """Those of everything that `row` names, also of what has been deleted but is still there."""
    wanted: list[tuple[Any, Any, set[uuid.UUID]]] = [
        (User.id, User.email, {row.user_id}),
        (ApiKey.id, ApiKey.name, {row.key_id}),
    ]
    if isinstance(row, Request):
        attempts = row.attempts
        wanted += (
            (Model.id, Model.model_name, _ids(attempt.get("deployment_id") for attempt in attempts)),
            (Endpoint.id, Endpoint.name, _ids(attempt.get("endpoint_id") for attempt in attempts)),
            (Tariff.id, Tariff.name, {row.tariff_id} if row.tariff_id is not None else set()),
            (Budget.id, Budget.name, _ids(budget.get("id") for budget in row.budgets or ())),
        )
    queries: list[Select[*tuple[Any, ...]]] = [
        select(id_.label("id"), name.label("name")).where(id_.in_(ids)) for id_, name, ids in wanted if ids
    ]
    return Names({found.id: found.name for found in await session.execute(union_all(*queries))})


def _ids(texts: Any) -> set[uuid.UUID]:
    found = set()
    for text in texts:
        try:
            found.add(uuid.UUID(text))
        except (ValueError, TypeError, AttributeError):
            continue
    return found
