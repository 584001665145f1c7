"""SQL of endpoints and of the models that come and go with them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, literal, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.endpoints.model_type import detected
from control_layer.store import tables

__all__ = [
    "HostedModel",
    "NewModel",
    "aliases_elsewhere",
    "aliases_taken",
    "delete_endpoint",
    "delete_models",
    "find_endpoint",
    "hosted_models",
    "insert_models",
    "list_endpoints",
    "lock_endpoint",
    "name_taken",
    "rename_models",
    "set_status",
]


@dataclass(frozen=True, slots=True)
class NewModel:
    """A model of a provider's list that is to be ours."""

    model_name: str
    alias: str


@dataclass(frozen=True, slots=True)
class HostedModel:
    """A model at an endpoint, soft-deleted ones included."""

    id: uuid.UUID
    model_name: str
    alias: str
    active: bool
    deleted: bool


async def list_endpoints(session: AsyncSession, skip: int, limit: int) -> Sequence[tables.Endpoint]:
    """Newest first."""
    statement = select(tables.Endpoint).order_by(tables.Endpoint.created_at.desc(), tables.Endpoint.id)
    return (await session.scalars(statement.offset(skip).limit(limit))).all()


async def find_endpoint(session: AsyncSession, endpoint_id: uuid.UUID) -> tables.Endpoint | None:
    return await session.get(tables.Endpoint, endpoint_id)


async def lock_endpoint(session: AsyncSession, endpoint_id: uuid.UUID) -> tables.Endpoint | None:
    """The row as it is now, held against other changes of it and of its models until the transaction ends."""
    return await session.get(tables.Endpoint, endpoint_id, with_for_update=True, populate_existing=True)


async def name_taken(session: AsyncSession, name: str) -> bool:
    return await session.scalar(select(literal(True)).where(tables.Endpoint.name == name)) is not None


async def delete_endpoint(session: AsyncSession, endpoint_id: uuid.UUID) -> bool:
    """Erases it with its models and everything that hangs on them; false where there was none."""
    statement = delete(tables.Endpoint).where(tables.Endpoint.id == endpoint_id).returning(tables.Endpoint.id)
    return await session.scalar(statement) is not None


async def hosted_models(session: AsyncSession, endpoint_id: uuid.UUID) -> list[HostedModel]:
    """Oldest first."""
    model = tables.Model
    statement = (
        select(model.id, model.model_name, model.alias, model.status == "active", model.deleted_at.is_not(None))
        .where(model.hosted_on == endpoint_id)
        .order_by(model.created_at, model.id)
    )
    return [HostedModel(*row) for row in (await session.execute(statement))]


async def insert_models(session: AsyncSession, endpoint_id: uuid.UUID, models: Sequence[NewModel]) -> set[str]:
    """Creates models in the system's name; returns the aliases that were free. The others are left out.

    The unique index decides, so two imports at once cannot both have an alias.
    """
    if not models:
        return set()
    rows = [
        {
            "id": uuid.uuid4(),
            "model_name": model.model_name,
            "alias": model.alias,
            "model_type": detected(model.model_name).value,
            "hosted_on": endpoint_id,
            "created_by": tables.NIL,
        }
        for model in models
    ]
    table = tables.Model.__table__
    statement = insert(table).on_conflict_do_nothing(index_elements=["alias"]).returning(table.c.alias)  # type: ignore[arg-type]
    return set((await session.execute(statement, rows)).scalars())


async def aliases_taken(session: AsyncSession, aliases: Collection[str], *, besides: Collection[uuid.UUID]) -> set[str]:
    """Which of `aliases` models have that are not among `besides`."""
    statement = select(tables.Model.alias).where(tables.Model.alias.in_(aliases), tables.Model.id.not_in(besides))
    return set(await session.scalars(statement))


async def aliases_elsewhere(
    session: AsyncSession, aliases: Collection[str], endpoint_id: uuid.UUID | None
) -> list[str]:
    """Which of `aliases` models have that this endpoint does not host, in alphabetical order."""
    elsewhere = true() if endpoint_id is None else tables.Model.hosted_on.is_distinct_from(endpoint_id)
    statement = select(tables.Model.alias).where(tables.Model.alias.in_(aliases), elsewhere)
    return list(await session.scalars(statement.order_by(tables.Model.alias)))


async def rename_models(session: AsyncSession, aliases: Mapping[uuid.UUID, str]) -> None:
    """Gives models new aliases, which may be each other's old ones."""
    # The unique index looks at every row as it changes: first everybody steps aside, under names no caller can have.
    ids = list(aliases)
    aside = update(tables.Model).where(tables.Model.id.in_(ids))
    await session.execute(aside.values(alias=func.concat("\n", func.cast(tables.Model.id, tables.Model.alias.type))))
    for model_id, alias in aliases.items():
        renamed = update(tables.Model).where(tables.Model.id == model_id)
        await session.execute(renamed.values(alias=alias, updated_at=func.now()))


async def set_status(session: AsyncSession, model_ids: Collection[uuid.UUID], status: str) -> None:
    if model_ids:
        statement = update(tables.Model).where(tables.Model.id.in_(model_ids))
        await session.execute(statement.values(status=status, updated_at=func.now()))


async def delete_models(session: AsyncSession, model_ids: Collection[uuid.UUID]) -> None:
    """Erases models: their aliases become free."""
    if model_ids:
        await session.execute(delete(tables.Model).where(tables.Model.id.in_(model_ids)))
