"""`DELETE /requests/bodies`: forgetting what was said, while what was used and what it cost stays in the books."""

from __future__ import annotations

import uuid
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import ColumnElement, Delete, and_, delete, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import signed_in
from control_layer.control.errors import forbidden, invalid
from control_layer.control.moment import Moment
from control_layer.control.permissions import Operation, Resource
from control_layer.control.privacy.schemas import Erased
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.store.tables import ApiKey, Request, RequestBody

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/requests/bodies", tags=["privacy"], route_class=ControlRoute)

_AT_ONCE = 5000


@router.delete("")
@signed_in
async def erase(
    session: Database,
    caller: Caller,
    services: Served,
    user_id: uuid.UUID | None = None,
    key_id: uuid.UUID | None = None,
    before: Moment | None = None,
) -> Erased:
    """Erases the bodies of a user's requests, or of those made with a key: at most 5,000 of them, the oldest first.

    Everybody may erase their own; those of others take the right to delete requests. Requests that were made after
    `before`, by default this moment, keep theirs; what is not recorded yet is not erased, so set `zero_data_retention`
    first where nothing more is to be kept.
    """
    if (user_id is None) == (key_id is None):
        raise invalid("Say whose bodies to erase: either user_id or key_id", code="owner_required")
    owner = user_id if key_id is None else await _owner(session, key_id)
    if owner != caller.id and not caller.may(Operation.DELETE, Resource.REQUESTS):
        raise forbidden(Operation.DELETE, Resource.REQUESTS)
    erasure = _erasure(_theirs(owner, key_id), before or services.now()).returning(RequestBody.request_id)
    erased = len((await session.execute(erasure)).all())
    return Erased(erased=erased, more=erased == _AT_ONCE)


def _erasure(theirs: ColumnElement[bool], before: datetime) -> Delete:
    # Bodies are kept for a while, requests for long: those that are older have none.
    first = select(func.min(RequestBody.at)).scalar_subquery()
    chosen = (
        select(RequestBody.at, RequestBody.request_id)
        .join(Request, and_(Request.at == RequestBody.at, Request.id == RequestBody.request_id))
        .where(theirs, Request.at >= first, Request.at < before)
        .order_by(Request.at)
        .limit(_AT_ONCE)
    )
    return delete(RequestBody).where(tuple_(RequestBody.at, RequestBody.request_id).in_(chosen))


def _theirs(owner: uuid.UUID | None, key_id: uuid.UUID | None) -> ColumnElement[bool]:
    # The owner is in an index, the key is not.
    user = Request.user_id == owner
    return user if key_id is None else user & (Request.key_id == key_id)


async def _owner(session: AsyncSession, key_id: uuid.UUID) -> uuid.UUID | None:
    """Also of a key that is deleted; `None` where there never was such a key."""
    return (await session.execute(select(ApiKey.user_id).where(ApiKey.id == key_id))).scalar_one_or_none()
