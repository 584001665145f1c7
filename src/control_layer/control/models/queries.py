"""SQL of models. What pages include is read for all their models at once, never model by model."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, UnaryExpression, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.models.able import capabilities_among
from control_layer.control.models.pricing import TariffPlan
from control_layer.control.models.views import Facets
from control_layer.store import tables

__all__ = [
    "active_tariffs",
    "apply_plan",
    "count_models",
    "endpoints_of",
    "facets",
    "find_model",
    "granted_to",
    "groups_with",
    "list_models",
    "live_aliases",
    "soft_delete",
    "tariff_history",
    "translations_of",
]


async def list_models(
    session: AsyncSession,
    condition: ColumnElement[bool],
    order: Sequence[UnaryExpression[Any]],
    skip: int,
    limit: int,
) -> Sequence[tables.Model]:
    statement = select(tables.Model).where(condition).order_by(*order)
    return (await session.scalars(statement.offset(skip).limit(limit))).all()


async def count_models(session: AsyncSession, condition: ColumnElement[bool]) -> int:
    return (await session.execute(select(func.count()).select_from(tables.Model).where(condition))).scalar_one()


async def find_model(
    session: AsyncSession, model_id: uuid.UUID, condition: ColumnElement[bool], *, lock: bool = False
) -> tables.Model | None:
    """The model, if the condition holds for it; with `lock`, nobody else changes it before the transaction ends."""
    statement = select(tables.Model).where(tables.Model.id == model_id, condition)
    if lock:
        statement = statement.with_for_update(key_share=True)
    return (await session.execute(statement)).scalar_one_or_none()


async def soft_delete(session: AsyncSession, model_id: uuid.UUID) -> bool:
    """Takes a model away and keeps its alias reserved; false where there never was one."""
    deleted_at = func.coalesce(tables.Model.deleted_at, func.now())
    statement = update(tables.Model).where(tables.Model.id == model_id).values(deleted_at=deleted_at)
    return await session.scalar(statement.returning(tables.Model.id)) is not None


async def live_aliases(session: AsyncSession, aliases: Collection[str]) -> set[str]:
    """Which of `aliases` stand for a model that is not deleted."""
    if not aliases:
        return set()
    statement = select(tables.Model.alias).where(tables.Model.alias.in_(aliases), tables.Model.deleted_at.is_(None))
    return set(await session.scalars(statement))


async def active_tariffs(session: AsyncSession, models: Collection[uuid.UUID]) -> dict[uuid.UUID, list[tables.Tariff]]:
    """The price lists in force, by model, oldest first."""
    tariff = tables.Tariff
    statement = (
        select(tariff)
        .where(tariff.model_id.in_(models), tariff.valid_until.is_(None))
        .order_by(tariff.valid_from, tariff.name, tariff.id)
    )
    found: dict[uuid.UUID, list[tables.Tariff]] = {model: [] for model in models}
    for row in await session.scalars(statement):
        found[row.model_id].append(row)
    return found


async def tariff_history(
    session: AsyncSession, model_id: uuid.UUID, skip: int, limit: int
) -> tuple[Sequence[tables.Tariff], int]:
    """A model's price lists, those in force first, then the last closed; and how many there are."""
    tariff = tables.Tariff
    of_model = tariff.model_id == model_id
    order = (tariff.valid_until.desc().nulls_first(), tariff.valid_from.desc(), tariff.name, tariff.id)
    rows = await session.scalars(select(tariff).where(of_model).order_by(*order).offset(skip).limit(limit))
    total = await session.execute(select(func.count()).select_from(tariff).where(of_model))
    return rows.all(), total.scalar_one()


async def apply_plan(session: AsyncSession, model_id: uuid.UUID, plan: TariffPlan) -> None:
    """Closes and opens price lists at the same moment."""
    if plan.close:
        closing = update(tables.Tariff).where(tables.Tariff.id.in_([tariff.id for tariff in plan.close]))
        await session.execute(closing.values(valid_until=func.now()))
    session.add_all(
        tables.Tariff(
            id=uuid.uuid4(),
            model_id=model_id,
            name=price.name,
            input_price_per_token=price.input_price_per_token,
            output_price_per_token=price.output_price_per_token,
            api_key_purpose=price.api_key_purpose,
            completion_window=price.completion_window,
            **price.kinds,
        )
        for price in plan.open
    )
    await session.flush()


async def groups_with(session: AsyncSession, models: Collection[uuid.UUID]) -> dict[uuid.UUID, list[tables.Group]]:
    """The groups each model is granted to, by name."""
    statement = (
        select(tables.GroupModel.model_id, tables.Group)
        .join(tables.Group, tables.Group.id == tables.GroupModel.group_id)
        .where(tables.GroupModel.model_id.in_(models))
        .order_by(tables.Group.name, tables.Group.id)
    )
    found: dict[uuid.UUID, list[tables.Group]] = {model: [] for model in models}
    for model_id, group in await session.execute(statement):
        found[model_id].append(group)
    return found


async def granted_to(
    session: AsyncSession, groups: Collection[uuid.UUID], condition: ColumnElement[bool]
) -> dict[uuid.UUID, list[tables.Model]]:
    """The models of `condition` that are granted to each group, by alias; groups without any are left out."""
    statement = (
        select(tables.GroupModel.group_id, tables.Model)
        .join(tables.Model, tables.Model.id == tables.GroupModel.model_id)
        .where(tables.GroupModel.group_id.in_(groups), condition)
        .order_by(tables.Model.alias)
    )
    found: dict[uuid.UUID, list[tables.Model]] = {}
    for group_id, model in await session.execute(statement):
        found.setdefault(group_id, []).append(model)
    return found


async def endpoints_of(session: AsyncSession, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, tables.Endpoint]:
    statement = select(tables.Endpoint).where(tables.Endpoint.id.in_(ids))
    return {row.id: row for row in await session.scalars(statement)}


async def translations_of(
    session: AsyncSession, endpoints: Collection[uuid.UUID]
) -> dict[uuid.UUID, dict[str, Any] | None]:
    """The reasoning translation of each endpoint."""
    endpoint = tables.Endpoint
    statement = select(endpoint.id, endpoint.reasoning_translation).where(endpoint.id.in_(endpoints))
    return {row.id: row.reasoning_translation for row in await session.execute(statement)}


async def facets(session: AsyncSession, condition: ColumnElement[bool], *, abilities: bool) -> Facets:
    """What can be filtered by among the models of `condition`; `abilities`: also what is known from the catalogue."""
    model = tables.Model
    provider = model.model_metadata["provider"].astext
    return Facets(
        providers=await _values(session, select(provider).where(condition)),
        capabilities=await _values(session, select(func.unnest(model.capabilities)).where(condition)),
        known_capabilities=await capabilities_among(session, condition) if abilities else None,
        model_types=await _values(session, select(model.model_type).where(condition)),
    )


async def _values(session: AsyncSession, statement: Select[Any]) -> list[str]:
    return sorted(value for value in await session.scalars(statement.distinct()) if value is not None)
