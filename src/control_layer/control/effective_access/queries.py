"""The facts behind a decision, read from the database as the snapshot's compiler reads them."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.contract.sealing import CannotOpen, Seal
from control_layer.control.effective_access.decision import Deployment, ModelFacts
from control_layer.control.models.charging import is_priced
from control_layer.store.tables import (
    NIL,
    ApiKey,
    Endpoint,
    Group,
    GroupMember,
    GroupModel,
    Model,
    ModelComponent,
    User,
)

__all__ = ["find_live_key", "groups_of", "is_active", "model_called"]


async def find_live_key(session: AsyncSession, key_id: uuid.UUID) -> ApiKey | None:
    """The key, whoever's it is; deleted and hidden ones are never found."""
    statement = select(ApiKey).where(ApiKey.id == key_id, ApiKey.deleted_at.is_(None), ApiKey.hidden.is_(False))
    return (await session.execute(statement)).scalar_one_or_none()


async def is_active(session: AsyncSession, user_id: uuid.UUID) -> bool:
    """Whether the account is there and neither deleted nor disabled."""
    statement = select(User.id).where(User.id == user_id, User.deleted_at.is_(None), User.disabled_at.is_(None))
    return await session.scalar(statement) is not None


async def groups_of(session: AsyncSession, user_id: uuid.UUID) -> frozenset[uuid.UUID]:
    """The groups a user is in, Everyone included."""
    statement = select(GroupMember.group_id).where(GroupMember.user_id == user_id)
    return frozenset((NIL, *await session.scalars(statement)))


async def model_called(session: AsyncSession, alias: str, seal: Seal) -> ModelFacts | None:
    """What stands behind an alias, deleted and inactive models included."""
    found = (await session.execute(select(Model, is_priced()).where(Model.alias == alias))).one_or_none()
    if found is None:
        return None
    model, priced = found
    granted = (
        select(Group.id, Group.name)
        .join(GroupModel, GroupModel.group_id == Group.id)
        .where(GroupModel.model_id == model.id)
        .order_by(Group.name)
    )
    return ModelFacts(
        deleted=model.deleted_at is not None,
        active=model.status == "active",
        granted_to={row.id: row.name for row in await session.execute(granted)},
        deployments=tuple(_deployment(endpoint, seal) for endpoint in await _hosts(session, model)),
        priced=priced,
    )


async def _hosts(session: AsyncSession, model: Model) -> list[Endpoint]:
    """The endpoints of a standard model, or of a composite one's enabled and live components."""
    if not model.is_composite:
        return list(await session.scalars(select(Endpoint).where(Endpoint.id == model.hosted_on)))
    hosts = (
        select(Endpoint)
        .join(Model, Model.hosted_on == Endpoint.id)
        .join(ModelComponent, ModelComponent.component_id == Model.id)
        .where(
            ModelComponent.composite_id == model.id,
            ModelComponent.enabled,
            Model.deleted_at.is_(None),
            Model.status == "active",
        )
        .order_by(ModelComponent.sort_order)
    )
    return list(await session.scalars(hosts))


def _deployment(endpoint: Endpoint, seal: Seal) -> Deployment:
    if endpoint.sealed_credential is None:
        return Deployment(endpoint.name, readable=True)
    try:
        seal.open(endpoint.sealed_credential, str(endpoint.id))
    except CannotOpen:
        return Deployment(endpoint.name, readable=False)
    return Deployment(endpoint.name, readable=True)
