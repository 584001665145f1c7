"""`/users/{id}/access` and `/api-keys/{id}/access`: why can this account, or this key, (not) call that model?"""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import signed_in
from control_layer.control.effective_access import queries
from control_layer.control.effective_access.decision import Facts, KeyFacts, decide
from control_layer.control.effective_access.schemas import EffectiveAccess, GrantingGroup
from control_layer.control.effective_access.wording import Reader, reasons
from control_layer.control.errors import not_found
from control_layer.control.people import Owner
from control_layer.control.permissions import Operation, Resource
from control_layer.control.principal import Principal
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.services import Services
from control_layer.control.transactions.balances import balance_of
from control_layer.control.users.queries import find_user
from control_layer.store.tables import ApiKey

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1", route_class=ControlRoute, tags=["access"])
Alias = Annotated[str, Query(alias="model", description="The model's alias, as a client would send it.")]


@router.get("/users/{user_id}/access")
@signed_in
async def of_user(user_id: Owner, alias: Alias, session: Database, caller: Caller, services: Served) -> EffectiveAccess:
    """Whether, and why, a user can call a model with an unrestricted key."""
    caller.require_on(Operation.READ, Resource.USERS, user_id)
    if await find_user(session, user_id) is None:
        raise not_found("User", user_id)
    return await _explained(session, services, caller, user_id, alias, None)


@router.get("/api-keys/{key_id}/access")
@signed_in
async def of_key(
    key_id: uuid.UUID, alias: Alias, session: Database, caller: Caller, services: Served
) -> EffectiveAccess:
    """Whether, and why, an API key can call a model. For its holder, and for those who see all keys."""
    key = await queries.find_live_key(session, key_id)
    if key is None or not caller.may_on(Operation.READ, Resource.API_KEYS, key.created_by):
        raise not_found("API key", key_id)
    return await _explained(session, services, caller, key.user_id, alias, key)


async def _explained(
    session: AsyncSession, services: Services, caller: Principal, owner: uuid.UUID, alias: str, key: ApiKey | None
) -> EffectiveAccess:
    facts = Facts(
        alias=alias,
        owner_active=await queries.is_active(session, owner),
        groups=await queries.groups_of(session, owner),
        credit_spent=await balance_of(session, owner) <= 0,
        key=None if key is None else _facts_of(key),
        model=await queries.model_called(session, alias, services.provider_credentials),
    )
    decision = decide(facts, services.now())
    return EffectiveAccess(
        model=alias,
        user_id=owner,
        key_id=None if key is None else key.id,
        allowed=decision.allowed,
        status=decision.status,
        code=decision.code,
        groups=[GrantingGroup(id=group, name=name) for group, name in decision.granting.items()],
        reasons=reasons(facts, decision, Reader.of(caller)),
    )


def _facts_of(key: ApiKey) -> KeyFacts:
    return KeyFacts(
        purpose=key.purpose,
        expires_at=key.expires_at,
        models=None if key.model_aliases is None else frozenset(key.model_aliases),
    )
