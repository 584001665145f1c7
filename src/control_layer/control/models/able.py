"""Which models can do what. The catalogue goes by names, which the database cannot read: all that count are asked."""

from __future__ import annotations

import uuid

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.models.abilities import abilities_of_row, in_common, known_of
from control_layer.control.models.components import models_asked
from control_layer.store import tables

__all__ = ["able", "capabilities_among"]


async def able(session: AsyncSession, condition: ColumnElement[bool], capability: str) -> ColumnElement[bool]:
    """The condition of being one of the models of `condition` that have a capability, whoever says so."""
    found = await _capabilities(session, condition)
    return tables.Model.id.in_([model_id for model_id, known in found.items() if capability in known])


async def capabilities_among(session: AsyncSession, condition: ColumnElement[bool]) -> list[str]:
    """All that models of `condition` have, by name."""
    return sorted({capability for known in (await _capabilities(session, condition)).values() for capability in known})


async def _capabilities(session: AsyncSession, condition: ColumnElement[bool]) -> dict[uuid.UUID, tuple[str, ...]]:
    model = tables.Model
    columns = (model.id, model.hosted_on, model.model_name, model.model_type, model.capabilities)
    found: dict[uuid.UUID, tuple[str, ...]] = {}
    composites: list[uuid.UUID] = []
    for model_id, hosted_on, model_name, model_type, said in await session.execute(select(*columns).where(condition)):
        if said:
            found[model_id] = tuple(said)
        elif hosted_on is None:
            composites.append(model_id)
        else:
            known = known_of(model_name, model_type)
            found[model_id] = () if known is None else known.capabilities or ()
    for model_id, parts in (await models_asked(session, composites)).items():
        shared = in_common(abilities_of_row(part) for part in parts)
        found[model_id] = shared.capabilities or ()
    return found
