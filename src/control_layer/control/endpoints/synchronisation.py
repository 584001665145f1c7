"""Keeps an endpoint's models in step with what its provider lists: what there is to do, and doing it.

Nothing here asks the provider or commits: names come in, rows change.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.endpoints import queries
from control_layer.control.endpoints.importing import wanted
from control_layer.control.endpoints.queries import HostedModel, NewModel
from control_layer.store import tables

__all__ = ["SyncPlan", "plan", "planned", "synchronise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPlan:
    """What a synchronisation does."""

    create: tuple[str, ...]
    """Names that the provider lists and we do not know; they become aliases."""
    skip: tuple[str, ...]
    """Such names that are the alias of another model."""
    reactivate: tuple[HostedModel, ...]
    deactivate: tuple[HostedModel, ...]
    delete: tuple[HostedModel, ...]
    """Those that the endpoint's filter does not let through."""
    listed: int
    """How many models the provider lists."""
    wanted: int
    """How many of them pass the endpoint's filter."""


def plan(
    hosted: Sequence[HostedModel], listed: Sequence[str], model_filter: Sequence[str] | None, taken: Collection[str]
) -> SyncPlan:
    """The way from what is `hosted`, deleted models included, to what is `listed`. `taken` are others' aliases."""
    names = wanted(listed, model_filter)
    known = {model.model_name for model in hosted}
    new = [name for name in names if name not in known]
    present, passing = set(listed), None if model_filter is None else set(model_filter)
    live = [model for model in hosted if not model.deleted]
    outside = tuple(model for model in live if passing is not None and model.model_name not in passing)
    inside = [model for model in live if passing is None or model.model_name in passing]
    return SyncPlan(
        create=tuple(name for name in new if name not in taken),
        skip=tuple(name for name in new if name in taken),
        reactivate=tuple(model for model in inside if not model.active and model.model_name in present),
        deactivate=tuple(model for model in inside if model.active and model.model_name not in present),
        delete=outside,
        listed=len(present),
        wanted=len(names),
    )


async def planned(session: AsyncSession, endpoint: tables.Endpoint, listed: Sequence[str]) -> SyncPlan:
    """What `synchronise` would do now."""
    hosted = await queries.hosted_models(session, endpoint.id)
    taken = await queries.aliases_taken(session, listed, besides=())
    return plan(hosted, listed, endpoint.model_filter, taken)


async def synchronise(session: AsyncSession, endpoint: tables.Endpoint, listed: Sequence[str]) -> SyncPlan:
    """Brings the endpoint's models in step with what the provider lists; what was done. `endpoint` must be locked."""
    todo = await planned(session, endpoint, listed)
    created = await queries.insert_models(session, endpoint.id, [NewModel(name, name) for name in todo.create])
    await queries.delete_models(session, [model.id for model in todo.delete])
    await queries.set_status(session, [model.id for model in todo.deactivate], "inactive")
    await queries.set_status(session, [model.id for model in todo.reactivate], "active")
    late = tuple(name for name in todo.create if name not in created)
    return replace(todo, create=tuple(name for name in todo.create if name in created), skip=todo.skip + late)
