"""Grants from both sides: `/groups/{id}/models` and `/models/{id}/groups` (§4.3)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from fastapi import APIRouter

from control_layer.control.access import needs
from control_layer.control.errors import ControlError, invalid, not_found
from control_layer.control.grants import queries
from control_layer.control.grants.schemas import GrantsChanged, ManyGrants
from control_layer.control.groups.queries import find_group
from control_layer.control.models.queries import find_model
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Database
from control_layer.control.route import ControlRoute
from control_layer.store import tables

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1", route_class=ControlRoute, tags=["groups"])
_MOST = 20_000
"""Grants in one call: a row or a column of a large company's matrix, and a transaction of a few seconds."""


@router.post("/grants")
@needs(Operation.UPDATE, Resource.GROUPS)
async def change_many(body: ManyGrants, session: Database) -> GrantsChanged:
    """Grants each of the models to each of the groups, or takes all of that back. All of it, or nothing."""
    if len(body.groups) * len(body.models) > _MOST:
        raise invalid(f"These are more than {_MOST} grants: change them in several calls", code="too_many_grants")
    if (group := await queries.missing_group(session, body.groups)) is not None:
        raise not_found("Group", group)
    if (model := await queries.missing_model(session, body.models)) is not None:
        raise not_found("Model", model)
    change = queries.add_grants if body.granted else queries.remove_grants
    return GrantsChanged(changed=await change(session, body.groups, body.models))


@router.get("/groups/{group_id}/models")
@needs(Operation.READ, Resource.GROUPS)
async def list_models(group_id: uuid.UUID, session: Database) -> Sequence[uuid.UUID]:
    """The models that a group's members may use."""
    return await queries.granted_models(session, group_id)


@router.post("/groups/{group_id}/models/{model_id}", status_code=204)
@needs(Operation.UPDATE, Resource.GROUPS)
async def grant(group_id: uuid.UUID, model_id: uuid.UUID, session: Database) -> None:
    """Lets a group's members use a model."""
    if await find_group(session, group_id) is None:
        raise not_found("Group", group_id)
    if await find_model(session, model_id, tables.Model.deleted_at.is_(None)) is None:
        raise not_found("Model", model_id)
    await queries.add_grant(session, group_id, model_id)


@router.delete("/groups/{group_id}/models/{model_id}", status_code=204)
@needs(Operation.UPDATE, Resource.GROUPS)
async def revoke(group_id: uuid.UUID, model_id: uuid.UUID, session: Database) -> None:
    """Takes it back."""
    if not await queries.remove_grant(session, group_id, model_id):
        raise ControlError(404, "not_found", f"Model {model_id} is not granted to group {group_id}")


@router.get("/models/{model_id}/groups", tags=["models"])
@needs(Operation.READ, Resource.GROUPS)
async def list_groups(model_id: uuid.UUID, session: Database) -> Sequence[uuid.UUID]:
    """The groups whose members may use a model."""
    return await queries.groups_granted(session, model_id)
