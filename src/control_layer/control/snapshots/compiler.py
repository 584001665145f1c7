"""Reads from Postgres what gateways should know: everything, or the rows that ids name.

Live is: a key neither deleted nor expired, of a user neither deleted nor disabled, and of its secret before the last
rotation the same until its grace ends; a model neither deleted nor inactive; of a composite model, the enabled
components that are live themselves, and at least one of them.

The system user's credit is never spent, whatever its account says: the system key opens every model.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Select, and_, extract, func, literal, null, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from control_layer.contract.dialects import DialectOptions
from control_layer.contract.snapshot import Endpoint, Key, Purge, User
from control_layer.control.models.charging import Turns, read_turns
from control_layer.control.snapshots.budget_rows import BUDGET_ID, BUDGETS, budget_of
from control_layer.control.snapshots.columns import IDS, SYSTEM_GROUP, Row, Sharing, grouped, text_of
from control_layer.control.snapshots.guardrail_rows import GUARDRAIL_ID, GUARDRAILS, guardrail_of
from control_layer.control.snapshots.limit_rows import LIMIT_ID, LIMITS, derived_ids, limit_of
from control_layer.control.snapshots.model_rows import (
    DEPENDENT_MODELS,
    HOSTED_MODELS,
    MODELS,
    Surroundings,
    models_found,
    models_of,
)
from control_layer.control.snapshots.state import Found, Rows, State, Touched, key_of_secret, secret_of
from control_layer.control.transactions.balances import is_spent
from control_layer.store import tables

__all__ = ["Compiler"]

_ROWS_PER_PARTITION = 2000
"""A partition is decoded in one go, which takes a few milliseconds of the event loop."""
_EVERYONE = _SYSTEM_USER = str(tables.NIL)
R = TypeVar("R")


def _secret(digest: Any, expires_at: Any, *, previous: bool = False, lent: Any = None) -> tuple[Any, ...]:
    """What gateways are told of a key, by one of the secrets that it has."""
    return (
        text_of(tables.ApiKey.id),
        digest,
        text_of(tables.ApiKey.user_id),
        tables.ApiKey.purpose,
        extract("epoch", expires_at),
        tables.ApiKey.model_aliases,
        literal(previous),
        tables.ApiKey.zero_data_retention,
        tables.ApiKey.caching,
        null() if lent is None else text_of(lent),
    )


_KEYS = (
    select(*_secret(tables.ApiKey.secret_digest, tables.ApiKey.expires_at))
    .join(tables.User, tables.User.id == tables.ApiKey.user_id)
    .where(
        tables.ApiKey.deleted_at.is_(None),
        tables.User.deleted_at.is_(None),
        tables.User.disabled_at.is_(None),
        or_(tables.ApiKey.expires_at.is_(None), tables.ApiKey.expires_at > func.now()),
    )
)
_PREVIOUS_SECRETS = _KEYS.with_only_columns(
    *_secret(
        tables.ApiKey.previous_digest,
        # Of two ends the first; `least` passes over null.
        func.least(tables.ApiKey.expires_at, tables.ApiKey.previous_expires_at),
        previous=True,
    )
).where(tables.ApiKey.previous_digest.is_not(None), tables.ApiKey.previous_expires_at > func.now())
_LENT_SECRETS = (
    _KEYS.with_only_columns(
        *_secret(tables.LentSecret.secret_digest, tables.LentSecret.expires_at, lent=tables.LentSecret.id)
    )
    .join(tables.LentSecret, tables.LentSecret.key_id == tables.ApiKey.id)
    .where(tables.LentSecret.expires_at > func.now())
)
_OWN_SECRETS = _KEYS.where(tables.ApiKey.purpose != "playground")
"""A playground key has none of its own: its secrets are lent."""
_USERS = (
    select(
        text_of(tables.User.id),
        tables.User.zero_data_retention,
        grouped(tables.GroupMember.user_id, tables.GroupMember.group_id, tables.User.id),
        and_(is_spent(), tables.User.id != tables.NIL),
        tables.User.verified,
    )
    .outerjoin(tables.AccountBalance, tables.AccountBalance.user_id == tables.User.id)
    .where(tables.User.deleted_at.is_(None), tables.User.disabled_at.is_(None))
)
_ENDPOINTS = select(
    text_of(tables.Endpoint.id),
    tables.Endpoint.name,
    tables.Endpoint.url,
    tables.Endpoint.auth_header_name,
    tables.Endpoint.auth_header_prefix,
    tables.Endpoint.sealed_credential,
    tables.Endpoint.verify_tls,
    tables.Endpoint.ca_bundle,
    tables.Endpoint.dialect,
    tables.Endpoint.options,
)
_PURGES = select(text_of(tables.AnswerPurge.subject_id), tables.AnswerPurge.generation)
_KEYS_FOUND = _OWN_SECRETS.where(tables.ApiKey.id == IDS)
_PREVIOUS_SECRETS_FOUND = _PREVIOUS_SECRETS.where(tables.ApiKey.id == IDS)
_LENT_SECRETS_FOUND = _LENT_SECRETS.where(tables.LentSecret.id == IDS)
_USERS_FOUND = _USERS.where(tables.User.id == IDS)
_ENDPOINTS_FOUND = _ENDPOINTS.where(tables.Endpoint.id == IDS)
_LIMITS_FOUND = LIMITS.where(LIMIT_ID == IDS)
_BUDGETS_FOUND = BUDGETS.where(BUDGET_ID == IDS)
_GUARDRAILS_FOUND = GUARDRAILS.where(GUARDRAIL_ID == IDS)
_PURGES_FOUND = _PURGES.where(tables.AnswerPurge.subject_id == IDS)
_KEYS_OF = select(text_of(tables.ApiKey.id)).where(tables.ApiKey.user_id == IDS)
_LENT_OF = select(text_of(tables.LentSecret.id)).where(tables.LentSecret.key_id == IDS)


class Compiler:
    """Each reading is one read-only transaction, so that its rows belong together."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    async def everything(self) -> AsyncIterator[Rows]:
        """Every live row, a partition at a time."""
        async with self._engine.connect() as connection:
            share = Sharing()
            async for part in _partitions(connection, _USERS):
                yield Rows(users=[_user(row, share) for row in part])
            for secrets in (_OWN_SECRETS, _PREVIOUS_SECRETS, _LENT_SECRETS):
                async for part in _partitions(connection, secrets):
                    yield Rows(keys=[_key(row) for row in part])
            around = await Surroundings.of_all(connection)
            async for part in _partitions(connection, MODELS):
                yield Rows(models=[model async for model in models_of(connection, part, around, share)])
            async for part in _partitions(connection, _ENDPOINTS):
                yield Rows(endpoints=[_endpoint(row) for row in part])
            async for part in _partitions(connection, BUDGETS):
                yield Rows(budgets=[budget_of(row) for row in part])
            async for part in _partitions(connection, LIMITS):
                yield Rows(limits=[limit_of(row) for row in part])
            async for part in _partitions(connection, GUARDRAILS):
                yield Rows(guardrails=[guardrail_of(row) for row in part])
            async for part in _partitions(connection, _PURGES):
                yield Rows(purges=[_purge(row) for row in part])

    async def find(self, touched: Touched, known: State) -> Found:
        """What stands at the ids now, and at those of the rows that depend on them.

        A user who came or went since `known` takes the keys along, a key the secrets that are lent in its name, an
        endpoint the models it serves, and a model the composite models it is a part of.
        """
        share = Sharing()
        async with self._engine.connect() as connection:
            users = await _found(connection, _USERS_FOUND, touched.users, lambda row: _user(row, share))
            moved = {user_id for user_id, user in users.items() if (user is None) is (user_id in known.users.keys)}
            changed = {key_of_secret(secret_id) for secret_id in touched.keys}
            key_ids = changed | await _ids(connection, _KEYS_OF, moved)
            keys = await _keys_found(connection, key_ids | await _ids(connection, _LENT_OF, key_ids))
            model_ids = touched.models | await _ids(connection, HOSTED_MODELS, touched.endpoints)
            for statement in DEPENDENT_MODELS:
                model_ids |= await _ids(connection, statement, model_ids)
            models = await models_found(connection, model_ids, share)
            endpoints = await _found(connection, _ENDPOINTS_FOUND, touched.endpoints, _endpoint)
            # A key's spending cap is a budget with the key's id.
            budgets = await _found(connection, _BUDGETS_FOUND, touched.budgets | changed, budget_of)
            limited = touched.limits | derived_ids(changed | touched.models)
            limits = await _found(connection, _LIMITS_FOUND, limited, limit_of)
            guardrails = await _found(connection, _GUARDRAILS_FOUND, touched.guardrails, guardrail_of)
            purges = await _found(connection, _PURGES_FOUND, touched.purges, _purge)
        return Found(keys, users, models, endpoints, budgets, limits, guardrails, purges)

    async def turns(self, since: datetime) -> Turns:
        """The models whose price may have changed by itself since then, and when the next one may."""
        async with self._engine.connect() as connection:
            return await read_turns(connection, since)


async def _partitions(connection: AsyncConnection, statement: Select[Any]) -> AsyncIterator[Sequence[Row]]:
    result = await connection.stream(statement.execution_options(yield_per=_ROWS_PER_PARTITION))
    async for part in result.partitions():
        yield part


async def _ids(connection: AsyncConnection, statement: Select[Any], ids: set[str]) -> set[str]:
    if not ids:
        return set()
    return set((await connection.execute(statement, {"ids": [*ids]})).scalars())


async def _found(
    connection: AsyncConnection, statement: Select[Any], ids: set[str], make: Callable[[Row], R]
) -> dict[str, R | None]:
    """A row or `None` for each of `ids`."""
    found: dict[str, R | None] = dict.fromkeys(ids)
    if ids:
        for row in await connection.execute(statement, {"ids": [*ids]}):
            found[row[0]] = make(row)
    return found


async def _keys_found(connection: AsyncConnection, ids: set[str]) -> dict[str, Key | None]:
    """Both secrets of each key, or `None`, whichever of them was asked for; lent ones by ids of their own."""
    keys = {key_of_secret(secret_id) for secret_id in ids}
    found = await _found(connection, _KEYS_FOUND, keys, _key)
    if keys:
        lent = await connection.execute(_LENT_SECRETS_FOUND, {"ids": [*keys]})
        found |= {key.lent: key for key in map(_key, lent) if key.lent is not None}
    previous = await _found(connection, _PREVIOUS_SECRETS_FOUND, keys, _key)
    return found | {secret_of(key_id, previous=True): key for key_id, key in previous.items()}


def _key(row: Row) -> Key:
    key_id, digest, user_id, purpose, expires_at, aliases, previous, zero_data_retention, caching, lent = row
    return Key(
        digest=digest,
        id=key_id,
        user_id=user_id,
        purpose=purpose,
        expires_at=None if expires_at is None else float(expires_at),
        models=None if aliases is None else tuple(aliases),
        previous=previous,
        log_bodies=not zero_data_retention,
        caching=caching,
        lent=lent,
    )


def _user(row: Row, share: Sharing) -> User:
    user_id, zero_data_retention, groups, credit_spent, verified = row
    ours = (SYSTEM_GROUP,) if user_id == _SYSTEM_USER else ()
    return User(
        id=user_id,
        groups=share.groups((_EVERYONE, *ours, *groups)),
        log_bodies=not zero_data_retention,
        credit_spent=credit_spent,
        verified=verified,
    )


def _endpoint(row: Row) -> Endpoint:
    endpoint, options = Endpoint(*row[:-1]), row[-1]
    if options is None:
        return endpoint
    return msgspec.structs.replace(endpoint, options=msgspec.convert(options, DialectOptions))


def _purge(row: Row) -> Purge:
    return Purge(*row)
