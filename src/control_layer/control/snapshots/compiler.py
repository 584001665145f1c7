"""Reads from Postgres what gateways should know: everything, or the rows that ids name. All SQL of snapshots is here.

Live is: a key neither deleted nor expired, of a user neither deleted nor disabled, and of its secret before the last
rotation the same until its grace ends; a model neither deleted nor inactive; of a composite model, the enabled
components that are live themselves, and at least one of them.

The system user's credit is never spent, whatever its account says: the system key opens every model.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ARRAY, UUID, Select, Text, and_, any_, bindparam, cast, extract, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm import aliased

from control_layer.contract.pricing import Tariff
from control_layer.contract.snapshot import Deployment, Endpoint, Key, Model, Timeouts, User
from control_layer.control.models.charging import Turns, is_priced, read_turns
from control_layer.control.snapshots.budget_rows import BUDGET_ID, BUDGETS, budget_of
from control_layer.control.snapshots.state import Found, Rows, State, Touched, key_of_secret, secret_of
from control_layer.control.snapshots.tariff_rows import TARIFFS, TARIFFS_FOUND, tariffs_by_model
from control_layer.control.transactions.balances import is_spent
from control_layer.store import tables

__all__ = ["Compiler"]

_ROWS_PER_PARTITION = 2000
"""A partition is decoded in one go, which takes a few milliseconds of the event loop."""
_EVERYONE = _SYSTEM_USER = str(tables.NIL)
_SYSTEM_GROUP = "system"
"""Holds the system user, and every model is granted to it: so the system key opens all of them, as any key opens some.

No id of a group looks like that, and nobody sees it: it exists in snapshots only.
"""
_Row = Sequence[Any]
R = TypeVar("R")


def _text(value: Any) -> Any:
    return cast(value, Text)


def _grouped(owner: Any, group_id: Any, own_id: Any) -> Any:
    """The group ids of a user or a model, in a stable order, as one array."""
    return func.array(select(_text(group_id)).where(owner == own_id).order_by(group_id).scalar_subquery())


_KEYS = (
    select(
        _text(tables.ApiKey.id),
        tables.ApiKey.secret_digest,
        _text(tables.ApiKey.user_id),
        tables.ApiKey.purpose,
        extract("epoch", tables.ApiKey.expires_at),
        tables.ApiKey.model_aliases,
        literal(False),
        tables.ApiKey.zero_data_retention,
    )
    .join(tables.User, tables.User.id == tables.ApiKey.user_id)
    .where(
        tables.ApiKey.deleted_at.is_(None),
        tables.User.deleted_at.is_(None),
        tables.User.disabled_at.is_(None),
        or_(tables.ApiKey.expires_at.is_(None), tables.ApiKey.expires_at > func.now()),
    )
)
_PREVIOUS_SECRETS = (
    _KEYS.with_only_columns(
        _text(tables.ApiKey.id),
        tables.ApiKey.previous_digest,
        _text(tables.ApiKey.user_id),
        tables.ApiKey.purpose,
        # Of two ends the first; `least` passes over null.
        extract("epoch", func.least(tables.ApiKey.expires_at, tables.ApiKey.previous_expires_at)),
        tables.ApiKey.model_aliases,
        literal(True),
        tables.ApiKey.zero_data_retention,
    )
).where(tables.ApiKey.previous_digest.is_not(None), tables.ApiKey.previous_expires_at > func.now())
_USERS = (
    select(
        _text(tables.User.id),
        tables.User.zero_data_retention,
        _grouped(tables.GroupMember.user_id, tables.GroupMember.group_id, tables.User.id),
        and_(is_spent(), tables.User.id != tables.NIL),
    )
    .outerjoin(tables.AccountBalance, tables.AccountBalance.user_id == tables.User.id)
    .where(tables.User.deleted_at.is_(None), tables.User.disabled_at.is_(None))
)
_MODELS = select(
    _text(tables.Model.id),
    tables.Model.alias,
    _text(tables.Model.hosted_on),
    tables.Model.model_name,
    extract("epoch", tables.Model.created_at),
    _grouped(tables.GroupModel.model_id, tables.GroupModel.group_id, tables.Model.id),
    tables.Model.timeouts,
    tables.Model.model_type,
    tables.Model.display_name,
    tables.Model.sanitize_responses,
    is_priced(),
).where(tables.Model.deleted_at.is_(None), tables.Model.status == "active")
_component = aliased(tables.Model)
_COMPONENTS = (
    select(
        _text(tables.ModelComponent.composite_id),
        _text(_component.id),
        _text(_component.hosted_on),
        _component.model_name,
        tables.ModelComponent.weight,
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
_ENDPOINTS = select(
    _text(tables.Endpoint.id),
    tables.Endpoint.name,
    tables.Endpoint.url,
    tables.Endpoint.auth_header_name,
    tables.Endpoint.auth_header_prefix,
    tables.Endpoint.sealed_credential,
    tables.Endpoint.verify_tls,
    tables.Endpoint.ca_bundle,
)
_IDS = any_(bindparam("ids", type_=ARRAY(UUID(as_uuid=False))))
_KEYS_FOUND = _KEYS.where(tables.ApiKey.id == _IDS)
_PREVIOUS_SECRETS_FOUND = _PREVIOUS_SECRETS.where(tables.ApiKey.id == _IDS)
_USERS_FOUND = _USERS.where(tables.User.id == _IDS)
_MODELS_FOUND = _MODELS.where(tables.Model.id == _IDS)
_COMPONENTS_FOUND = _COMPONENTS.where(tables.ModelComponent.composite_id == _IDS)
_ENDPOINTS_FOUND = _ENDPOINTS.where(tables.Endpoint.id == _IDS)
_BUDGETS_FOUND = BUDGETS.where(BUDGET_ID == _IDS)
_KEYS_OF = select(_text(tables.ApiKey.id)).where(tables.ApiKey.user_id == _IDS)
_COMPOSITES_OF = select(_text(tables.ModelComponent.composite_id)).where(tables.ModelComponent.component_id == _IDS)


class Compiler:
    """Each reading is one read-only transaction, so that its rows belong together."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    async def everything(self) -> AsyncIterator[Rows]:
        """Every live row, a partition at a time."""
        async with self._engine.connect() as connection:
            share = _Sharing()
            async for part in _partitions(connection, _USERS):
                yield Rows(users=[_user(row, share) for row in part])
            for secrets in (_KEYS, _PREVIOUS_SECRETS):
                async for part in _partitions(connection, secrets):
                    yield Rows(keys=[_key(row) for row in part])
            components = _by_composite((await connection.execute(_COMPONENTS)).all())
            tariffs = tariffs_by_model((await connection.execute(TARIFFS)).all())
            async for part in _partitions(connection, _MODELS):
                yield Rows(models=list(_models(part, components, tariffs, share)))
            async for part in _partitions(connection, _ENDPOINTS):
                yield Rows(endpoints=[_endpoint(row) for row in part])
            async for part in _partitions(connection, BUDGETS):
                yield Rows(budgets=[budget_of(row) for row in part])

    async def find(self, touched: Touched, known: State) -> Found:
        """What stands at the ids now, and at those of the rows that depend on them.

        A user who came or went since `known` takes the keys along; a model takes along the composite models it is a
        part of.
        """
        share = _Sharing()
        async with self._engine.connect() as connection:
            users = await _found(connection, _USERS_FOUND, touched.users, lambda row: _user(row, share))
            moved = {user_id for user_id, user in users.items() if (user is None) is (user_id in known.users.keys)}
            keys = await _keys_found(connection, touched.keys | await _ids(connection, _KEYS_OF, moved))
            model_ids = touched.models | await _ids(connection, _COMPOSITES_OF, touched.models)
            models: dict[str, Model | None] = dict.fromkeys(model_ids)
            if model_ids:
                ids = {"ids": [*model_ids]}
                components = _by_composite((await connection.execute(_COMPONENTS_FOUND, ids)).all())
                tariffs = tariffs_by_model((await connection.execute(TARIFFS_FOUND, ids)).all())
                rows = (await connection.execute(_MODELS_FOUND, ids)).all()
                models.update((model.id, model) for model in _models(rows, components, tariffs, share))
            endpoints = await _found(connection, _ENDPOINTS_FOUND, touched.endpoints, _endpoint)
            # A key's spending cap is a budget with the key's id.
            capped = {key_of_secret(secret_id) for secret_id in touched.keys}
            budgets = await _found(connection, _BUDGETS_FOUND, touched.budgets | capped, budget_of)
        return Found(keys, users, models, endpoints, budgets)

    async def turns(self, since: datetime) -> Turns:
        """The models whose price may have changed by itself since then, and when the next one may."""
        async with self._engine.connect() as connection:
            return await read_turns(connection, since)


async def _partitions(connection: AsyncConnection, statement: Select[Any]) -> AsyncIterator[Sequence[_Row]]:
    result = await connection.stream(statement.execution_options(yield_per=_ROWS_PER_PARTITION))
    async for part in result.partitions():
        yield part


async def _ids(connection: AsyncConnection, statement: Select[Any], ids: set[str]) -> set[str]:
    if not ids:
        return set()
    return set((await connection.execute(statement, {"ids": [*ids]})).scalars())


async def _found(
    connection: AsyncConnection, statement: Select[Any], ids: set[str], make: Callable[[_Row], R]
) -> dict[str, R | None]:
    """A row or `None` for each of `ids`."""
    found: dict[str, R | None] = dict.fromkeys(ids)
    if ids:
        for row in await connection.execute(statement, {"ids": [*ids]}):
            found[row[0]] = make(row)
    return found


async def _keys_found(connection: AsyncConnection, ids: set[str]) -> dict[str, Key | None]:
    """Both secrets of each key, or `None`, whichever of them was asked for."""
    keys = {key_of_secret(secret_id) for secret_id in ids}
    present = await _found(connection, _KEYS_FOUND, keys, _key)
    previous = await _found(connection, _PREVIOUS_SECRETS_FOUND, keys, _key)
    return present | {secret_of(key_id, previous=True): key for key_id, key in previous.items()}


class _Sharing:
    """One object for equal group sets: a hundred thousand users have a few hundred of them."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._sets: dict[tuple[str, ...], tuple[str, ...]] = {}

    def groups(self, ids: Iterable[str]) -> tuple[str, ...]:
        shared = tuple(self._ids.setdefault(group_id, group_id) for group_id in ids)
        return self._sets.setdefault(shared, shared)


def _key(row: _Row) -> Key:
    key_id, digest, user_id, purpose, expires_at, aliases, previous, zero_data_retention = row
    return Key(
        digest=digest,
        id=key_id,
        user_id=user_id,
        purpose=purpose,
        expires_at=None if expires_at is None else float(expires_at),
        models=None if aliases is None else tuple(aliases),
        previous=previous,
        log_bodies=not zero_data_retention,
    )


def _user(row: _Row, share: _Sharing) -> User:
    user_id, zero_data_retention, groups, credit_spent = row
    ours = (_SYSTEM_GROUP,) if user_id == _SYSTEM_USER else ()
    return User(
        id=user_id,
        groups=share.groups((_EVERYONE, *ours, *groups)),
        log_bodies=not zero_data_retention,
        credit_spent=credit_spent,
    )


def _endpoint(row: _Row) -> Endpoint:
    return Endpoint(*row)


def _by_composite(rows: Iterable[_Row]) -> dict[str, tuple[Deployment, ...]]:
    """The live deployments of each composite model, in their order."""
    gathered: dict[str, list[Deployment]] = {}
    for composite_id, model_id, endpoint_id, upstream_model, weight in rows:
        gathered.setdefault(composite_id, []).append(Deployment(model_id, endpoint_id, upstream_model, weight))
    return {composite_id: tuple(deployments) for composite_id, deployments in gathered.items()}


def _models(
    rows: Iterable[_Row],
    components: Mapping[str, tuple[Deployment, ...]],
    tariffs: Mapping[str, tuple[Tariff, ...]],
    share: _Sharing,
) -> Iterator[Model]:
    for model_id, alias, hosted_on, upstream_model, created, groups, timeouts, *rest in rows:
        if hosted_on is not None:
            deployments: tuple[Deployment, ...] = (Deployment(model_id, hosted_on, upstream_model),)
        else:
            deployments = components.get(model_id, ())
        if not deployments:
            continue  # a composite model nobody could be sent to: for callers it does not exist
        model_type, display_name, sanitize, priced = rest
        yield Model(
            alias=alias,
            id=model_id,
            created=int(created),
            groups=share.groups((_SYSTEM_GROUP, *groups)),
            deployments=deployments,
            model_type=model_type,
            display_name=display_name,
            sanitize=sanitize,
            timeouts=Timeouts(*((timeouts or {}).get(name) for name in Timeouts.__struct_fields__)),
            priced=priced,
            tariffs=tariffs.get(model_id, ()),
        )
