"""The models of a snapshot: rows, the components of composite ones, and those that take another's place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Text, and_, any_, bindparam, extract, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from control_layer.contract.pricing import Tariff
from control_layer.contract.snapshot import Abilities, Deployment, Model, Timeouts
from control_layer.control.models.abilities import abilities_of, in_common, known_of
from control_layer.control.models.charging import is_priced
from control_layer.control.snapshots.columns import IDS, SYSTEM_GROUP, Row, Sharing, grouped, text_of
from control_layer.control.snapshots.reasoning_rows import reasoning_columns, reasoning_of
from control_layer.control.snapshots.routing_rows import ROUTING, Routing, breaker_of
from control_layer.control.snapshots.tariff_rows import TARIFFS, TARIFFS_FOUND, tariffs_by_model
from control_layer.store import tables

__all__ = ["DEPENDENT_MODELS", "HOSTED_MODELS", "MODELS", "Asked", "Surroundings", "models_found", "models_of"]


def _failing(model: Any) -> Any:
    """Whether a model's probe finds it broken."""
    state = tables.ProbeState
    probe = select(tables.Probe.id).where(tables.Probe.model_id == model.id, tables.Probe.active).exists()
    return and_(probe, select(state.failing).where(state.model_id == model.id).scalar_subquery().is_(True))


_LIVE = and_(tables.Model.deleted_at.is_(None), tables.Model.status == "active")
MODELS = select(
    text_of(tables.Model.id),
    tables.Model.alias,
    text_of(tables.Model.hosted_on),
    tables.Model.model_name,
    extract("epoch", tables.Model.created_at),
    grouped(tables.GroupModel.model_id, tables.GroupModel.group_id, tables.Model.id),
    tables.Model.timeouts,
    tables.Model.model_type,
    tables.Model.display_name,
    tables.Model.description,
    tables.Model.capabilities,
    tables.Model.model_metadata.op("-", return_type=JSONB)("extra"),
    tables.Model.sanitize_responses,
    tables.Model.open_responses_adapter,
    is_priced(),
    _failing(tables.Model),
    *reasoning_columns(tables.Model),
    *ROUTING,
).where(_LIVE)
_ROUTING_FROM = len(MODELS.selected_columns) - len(ROUTING)
_component = aliased(tables.Model)
_COMPONENTS = (
    select(
        text_of(tables.ModelComponent.composite_id),
        text_of(_component.id),
        text_of(_component.hosted_on),
        _component.model_name,
        tables.ModelComponent.weight,
        _failing(_component),
        _component.traffic_policy,
        _component.model_type,
        _component.capabilities,
        _component.model_metadata.op("-", return_type=JSONB)("extra"),
        *reasoning_columns(_component),
    )
    .join(_component, _component.id == tables.ModelComponent.component_id)
    .where(
        tables.ModelComponent.enabled,
        _component.deleted_at.is_(None),
        _component.status == "active",
        _component.hosted_on.is_not(None),
    )
    # Places may be shared: without a last word, what is compiled twice would differ for ever.
    .order_by(tables.ModelComponent.composite_id, tables.ModelComponent.sort_order, tables.ModelComponent.component_id)
)
_SUBSTITUTES = select(
    text_of(tables.Model.id),
    text_of(tables.Model.hosted_on),
    tables.Model.model_name,
    _failing(tables.Model),
    tables.Model.traffic_policy,
    *reasoning_columns(tables.Model),
).where(_LIVE, tables.Model.id == IDS)
_MODELS_FOUND = MODELS.where(tables.Model.id == IDS)
_COMPONENTS_FOUND = _COMPONENTS.where(tables.ModelComponent.composite_id == IDS)
_TEXT_IDS = any_(bindparam("ids", type_=ARRAY(Text)))
_policy = tables.Model.traffic_policy
HOSTED_MODELS = select(text_of(tables.Model.id)).where(tables.Model.hosted_on == IDS)
"""The ids of models at one of the endpoints `ids`, whose translation of reasoning efforts they may inherit."""
DEPENDENT_MODELS = (
    select(text_of(tables.ModelComponent.composite_id)).where(tables.ModelComponent.component_id == IDS),
    select(text_of(tables.Model.id)).where(
        _policy.is_not(None),
        or_(_policy["on_context_overflow"].astext == _TEXT_IDS, _policy["on_content_refusal"].astext == _TEXT_IDS),
    ),
)
"""The ids of models that lead to one of `ids`: composite ones, then those whose policy names it."""


class Asked(NamedTuple):
    """Where requests for a model go: to itself, or to a composite one's live components, in their order."""

    deployments: tuple[Deployment, ...] = ()
    abilities: Abilities | None = None
    """What is known that all of them can do."""


_EMPTY = Asked()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands beside the rows of models, by the model's id: what composite ones consist of, and tariffs."""

    composites: Mapping[str, Asked]
    tariffs: Mapping[str, tuple[Tariff, ...]]

    @classmethod
    async def of_all(cls, connection: AsyncConnection) -> Surroundings:
        """Of every model."""
        composites = _by_composite((await connection.execute(_COMPONENTS)).all())
        return cls(composites, tariffs_by_model((await connection.execute(TARIFFS)).all()))


async def models_found(connection: AsyncConnection, ids: set[str], share: Sharing) -> dict[str, Model | None]:
    """The live models among `ids`; `None` for each other one."""
    models: dict[str, Model | None] = dict.fromkeys(ids)
    if ids:
        wanted = {"ids": [*ids]}
        composites = _by_composite((await connection.execute(_COMPONENTS_FOUND, wanted)).all())
        tariffs = tariffs_by_model((await connection.execute(TARIFFS_FOUND, wanted)).all())
        rows = (await connection.execute(_MODELS_FOUND, wanted)).all()
        async for model in models_of(connection, rows, Surroundings(composites, tariffs), share):
            models[model.id] = model
    return models


async def models_of(
    connection: AsyncConnection, rows: Sequence[Row], around: Surroundings, share: Sharing
) -> AsyncIterator[Model]:
    """The models of rows of `MODELS`."""
    substitutes = await _substitutes(connection, rows, around.composites)
    for model in _models(rows, around, substitutes, share):
        yield model


async def _substitutes(
    connection: AsyncConnection, rows: Sequence[Row], composites: Mapping[str, Asked]
) -> dict[str, tuple[Deployment, ...]]:
    """The deployments of the models that may take the place of one in `rows`, by id."""
    ids = {model_id for row in rows for model_id in Routing.of(row[_ROUTING_FROM:]).substitutes}
    if not ids:
        return {}
    found: dict[str, tuple[Deployment, ...]] = {}
    mixed: set[str] = set()
    for model_id, hosted_on, *served in await connection.execute(_SUBSTITUTES, {"ids": [*ids]}):
        if hosted_on is None:
            mixed.add(model_id)
        else:
            upstream_model, failing, policy, *said = served
            breaker, reasoning = breaker_of(policy), reasoning_of(*said)
            found[model_id] = (
                Deployment(model_id, hosted_on, upstream_model, failing=failing, breaker=breaker, reasoning=reasoning),
            )
    if unread := mixed - composites.keys():
        parts = (await connection.execute(_COMPONENTS_FOUND, {"ids": [*unread]})).all()
        composites = {**composites, **_by_composite(parts)}
    return found | {model_id: composites.get(model_id, _EMPTY).deployments for model_id in mixed}


def _by_composite(rows: Iterable[Row]) -> dict[str, Asked]:
    gathered: dict[str, list[tuple[Deployment, Abilities | None]]] = {}
    for composite_id, model_id, endpoint_id, upstream_model, weight, failing, policy, *rest in rows:
        model_type, capabilities, metadata, *said = rest
        breaker, reasoning = breaker_of(policy), reasoning_of(*said)
        deployment = Deployment(model_id, endpoint_id, upstream_model, weight, failing, breaker, reasoning)
        known = abilities_of(known_of(upstream_model, model_type), capabilities, metadata)
        gathered.setdefault(composite_id, []).append((deployment, known))
    return {
        composite_id: Asked(tuple(part for part, _ in parts), in_common(known for _, known in parts))
        for composite_id, parts in gathered.items()
    }


def _models(
    rows: Iterable[Row], around: Surroundings, substitutes: Mapping[str, tuple[Deployment, ...]], share: Sharing
) -> Iterator[Model]:
    for model_id, alias, hosted_on, upstream_model, created, groups, timeouts, *rest in rows:
        model_type, display_name, description, capabilities, metadata, sanitize, *rest = rest
        responses_adapter, priced, failing, overrides, inherited, *routes = rest
        routing = Routing.of(routes)
        if hosted_on is not None:
            breaker, reasoning = breaker_of(routing.policy), reasoning_of(overrides, inherited)
            alone = Deployment(
                model_id, hosted_on, upstream_model, failing=failing, breaker=breaker, reasoning=reasoning
            )
            asked = Asked((alone,), known_of(upstream_model, model_type))
        else:
            asked = around.composites.get(model_id, _EMPTY)
        if not asked.deployments:
            continue  # a composite model nobody could be sent to: for callers it does not exist
        yield Model(
            alias=alias,
            id=model_id,
            created=int(created),
            groups=share.groups((SYSTEM_GROUP, *groups)),
            deployments=asked.deployments,
            model_type=model_type,
            display_name=display_name,
            sanitize=sanitize,
            timeouts=Timeouts(*((timeouts or {}).get(name) for name in Timeouts.__struct_fields__)),
            priced=priced,
            tariffs=around.tariffs.get(model_id, ()),
            balancing=routing.balancing,
            fallback=routing.fallback,
            overflow=substitutes.get(routing.overflow or "", ()),
            refusal=substitutes.get(routing.refusal or "", ()),
            purposes=routing.purposes,
            caching=routing.caching,
            hedging=routing.hedging,
            abilities=abilities_of(asked.abilities, capabilities, metadata, description),
            responses_adapter=responses_adapter,
        )
