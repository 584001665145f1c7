"""Which models an endpoint has: imported when it is made, re-aliased by hand.

Nothing here asks the provider or commits: names come in, rows change.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.endpoints import queries
from control_layer.control.endpoints.queries import HostedModel, NewModel
from control_layer.control.errors import AliasConflict, Conflict
from control_layer.store import tables

__all__ = ["import_models", "realias", "wanted"]


def wanted(names: Sequence[str], model_filter: Sequence[str] | None) -> list[str]:
    """Those of `names` that the filter lets through, each once."""
    if model_filter is None:
        return list(dict.fromkeys(names))
    passing = set(model_filter)
    return [name for name in dict.fromkeys(names) if name in passing]


async def import_models(
    session: AsyncSession, endpoint_id: uuid.UUID, names: Sequence[str], aliases: Mapping[str, str]
) -> None:
    """Creates a model for each of `names`, called by its alias or its own name. Raises `Conflict`, naming every clash.

    The caller's transaction must not be committed after a conflict.
    """
    models = [NewModel(name, aliases.get(name, name)) for name in names]
    conflicts = _twice(models)
    if not conflicts:
        created = await queries.insert_models(session, endpoint_id, models)
        conflicts = [_conflict(model) for model in models if model.alias not in created]
    if conflicts:
        raise Conflict("Alias conflicts detected during endpoint creation", conflicts=conflicts)


async def realias(session: AsyncSession, endpoint: tables.Endpoint, aliases: Mapping[str, str]) -> None:
    """Brings the endpoint's models to its filter and to `aliases`, without the provider. Raises `Conflict`."""
    hosted = [model for model in await queries.hosted_models(session, endpoint.id) if not model.deleted]
    model_filter = endpoint.model_filter
    if model_filter is not None:
        outside = [model for model in hosted if model.model_name not in model_filter]
        await queries.delete_models(session, [model.id for model in outside])
        hosted = [model for model in hosted if model.model_name in model_filter]
    renamed = _renamed(hosted, aliases)
    known = {model.model_name for model in hosted}
    missing = [name for name in dict.fromkeys(model_filter or ()) if name not in known]
    new = [NewModel(name, aliases.get(name, name)) for name in missing]
    kept = [NewModel(model.model_name, renamed.get(model.id, model.alias)) for model in hosted]
    conflicts = _twice([*kept, *new])
    if not conflicts and renamed:
        taken = await queries.aliases_taken(session, renamed.values(), besides=list(renamed))
        conflicts = [_conflict(model) for model in kept if model.alias in taken]
    if not conflicts:
        await queries.rename_models(session, renamed)
        created = await queries.insert_models(session, endpoint.id, new)
        conflicts = [_conflict(model) for model in new if model.alias not in created]
    if conflicts:
        raise Conflict("Alias conflicts detected during endpoint update", conflicts=conflicts)


def _renamed(hosted: Sequence[HostedModel], aliases: Mapping[str, str]) -> dict[uuid.UUID, str]:
    """New aliases by model id. Of several models with one name the oldest gets the alias, unless one has it already."""
    renamed: dict[uuid.UUID, str] = {}
    settled = {model.model_name for model in hosted if aliases.get(model.model_name) == model.alias}
    for model in hosted:
        alias = aliases.get(model.model_name)
        if alias is not None and model.model_name not in settled:
            renamed[model.id] = alias
            settled.add(model.model_name)
    return renamed


def _twice(models: Sequence[NewModel]) -> list[AliasConflict]:
    """Those that would share an alias with another of them, the first left out."""
    seen: Counter[str] = Counter()
    conflicts = []
    for model in models:
        seen[model.alias] += 1
        if seen[model.alias] > 1:
            conflicts.append(_conflict(model))
    return conflicts


def _conflict(model: NewModel) -> AliasConflict:
    return AliasConflict(model_name=model.model_name, attempted_alias=model.alias)
