"""What the gateways have been told, row by row, and how it differs from what was read since.

Pure: knows no database and no socket. Rows are frozen, so sharing them with a writer thread is safe.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from control_layer.contract.guardrails import Guardrail
from control_layer.contract.snapshot import Budget, Endpoint, Key, Limit, Model, Purge, Update, User

__all__ = ["Change", "Difference", "Found", "Rows", "State", "Table", "Touched", "key_of_secret", "secret_of"]

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")

_PREVIOUS = "/previous"


def secret_of(key_id: str, *, previous: bool) -> str:
    """What tells the rows of a key's two secrets apart, of which both have the key's id."""
    return key_id + _PREVIOUS if previous else key_id


def key_of_secret(secret_id: str) -> str:
    """The key's id again."""
    return secret_id.removesuffix(_PREVIOUS)


def _secret_id(row: Key) -> str:
    return row.lent or secret_of(row.id, previous=row.previous)


@dataclass(slots=True)
class Touched:
    """Ids of rows that may have changed."""

    keys: set[str] = field(default_factory=set)
    """Of keys, or of one of their secrets, lent ones included."""
    users: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)
    endpoints: set[str] = field(default_factory=set)
    budgets: set[str] = field(default_factory=set)
    limits: set[str] = field(default_factory=set)
    guardrails: set[str] = field(default_factory=set)
    purges: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        kinds = (
            self.keys, self.users, self.models, self.endpoints, self.budgets, self.limits, self.guardrails, self.purges
        )  # fmt: skip
        return any(kinds)

    def add(self, other: Touched) -> None:
        """Takes the other's ids in."""
        self.keys |= other.keys
        self.users |= other.users
        self.models |= other.models
        self.endpoints |= other.endpoints
        self.budgets |= other.budgets
        self.limits |= other.limits
        self.guardrails |= other.guardrails
        self.purges |= other.purges

    def remove(self, rows: Rows) -> None:
        """Takes out the ids of `rows`."""
        self.keys.difference_update(_secret_id(row) for row in rows.keys)
        self.users.difference_update(row.id for row in rows.users)
        self.models.difference_update(row.id for row in rows.models)
        self.endpoints.difference_update(row.id for row in rows.endpoints)
        self.budgets.difference_update(row.id for row in rows.budgets)
        self.limits.difference_update(row.id for row in rows.limits)
        self.guardrails.difference_update(row.id for row in rows.guardrails)
        self.purges.difference_update(row.id for row in rows.purges)

    def take(self, rows: int, endpoints: int) -> Touched:
        """Removes and returns up to that many ids of each kind, so that a crowd of one kind holds up no other."""
        return Touched(
            _take(self.keys, rows),
            _take(self.users, rows),
            _take(self.models, rows),
            _take(self.endpoints, endpoints),
            _take(self.budgets, rows),
            _take(self.limits, rows),
            _take(self.guardrails, rows),
            _take(self.purges, rows),
        )


def _take(ids: set[str], limit: int) -> set[str]:
    if len(ids) <= limit:
        taken = set(ids)
        ids.clear()
        return taken
    return {ids.pop() for _ in range(limit)}


@dataclass(slots=True)
class Rows:
    """Rows that gateways should have, as far as one reading saw them."""

    keys: list[Key] = field(default_factory=list)
    users: list[User] = field(default_factory=list)
    models: list[Model] = field(default_factory=list)
    endpoints: list[Endpoint] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    guardrails: list[Guardrail] = field(default_factory=list)
    purges: list[Purge] = field(default_factory=list)


@dataclass(slots=True)
class Found:
    """What was found for ids that were looked up: the row, or `None` where gateways should have none."""

    keys: dict[str, Key | None] = field(default_factory=dict)
    """By `secret_of`, or by the id of a lent secret."""
    users: dict[str, User | None] = field(default_factory=dict)
    models: dict[str, Model | None] = field(default_factory=dict)
    endpoints: dict[str, Endpoint | None] = field(default_factory=dict)
    budgets: dict[str, Budget | None] = field(default_factory=dict)
    limits: dict[str, Limit | None] = field(default_factory=dict)
    guardrails: dict[str, Guardrail | None] = field(default_factory=dict)
    purges: dict[str, Purge | None] = field(default_factory=dict)


@dataclass(slots=True)
class Change(Generic[K, R]):
    """Rows to put and keys to remove, in one table. No key stands in both."""

    put: list[R] = field(default_factory=list)
    gone: list[K] = field(default_factory=list)


@dataclass(slots=True)
class Difference:
    """What has to be said to somebody who has the state as it was."""

    keys: Change[bytes, Key] = field(default_factory=Change)
    users: Change[str, User] = field(default_factory=Change)
    models: Change[str, Model] = field(default_factory=Change)
    endpoints: Change[str, Endpoint] = field(default_factory=Change)
    budgets: Change[str, Budget] = field(default_factory=Change)
    limits: Change[str, Limit] = field(default_factory=Change)
    guardrails: Change[str, Guardrail] = field(default_factory=Change)
    purges: Change[str, Purge] = field(default_factory=Change)

    def __bool__(self) -> bool:
        changes = (
            self.keys, self.users, self.models, self.endpoints, self.budgets, self.limits, self.guardrails, self.purges
        )  # fmt: skip
        return any(change.put or change.gone for change in changes)


class Table(Generic[K, R]):
    """Rows by the key gateways know them by, with the way from a row's id to that key.

    The two differ where a key can move between rows or change: a key's digest by rotation, a model's alias by renaming.
    """

    __slots__ = ("_id_of", "_key_of", "keys", "rows")

    def __init__(self, key_of: Callable[[R], K], id_of: Callable[[R], str]) -> None:
        self._key_of = key_of
        self._id_of = id_of
        self.rows: dict[K, R] = {}
        self.keys: dict[str, K] = {}

    def put(self, row: R) -> None:
        """Takes a row in, in place of what it was before and of whoever held its key."""
        key, row_id = self._key_of(row), self._id_of(row)
        former = self.keys.get(row_id)
        if former is not None and former != key:
            del self.rows[former]
        holder = self.rows.get(key)
        if holder is not None and (holder_id := self._id_of(holder)) != row_id:
            del self.keys[holder_id]
        self.rows[key] = row
        self.keys[row_id] = key

    def remove(self, key: K) -> None:
        """Forgets the row at `key`, if any."""
        row = self.rows.pop(key, None)
        if row is not None:
            self.keys.pop(self._id_of(row), None)

    def has(self, row: R) -> bool:
        """Whether exactly this row is here."""
        return self.rows.get(self._key_of(row)) == row

    def replace(self, found: Mapping[str, R | None]) -> Change[K, R]:
        """Moves to what was found; returns what somebody who followed so far must be told."""
        before: dict[K, R] = {}
        for row_id in found:
            key = self.keys.get(row_id)
            if key is not None:
                before[key] = self.rows[key]
        for key in before:
            self.remove(key)
        change: Change[K, R] = Change()
        for row in found.values():
            if row is None:
                continue
            key = self._key_of(row)
            holder = self.rows.get(key)
            if holder is not None:
                # The key has moved here from a row whose own change has not been read yet.
                before.setdefault(key, holder)
            old = before.get(key)
            if old == row:
                row = old
            else:
                change.put.append(row)
            self.put(row)
        change.gone = [key for key in before if key not in self.rows]
        return change


class State:
    """The eight tables."""

    __slots__ = ("budgets", "endpoints", "guardrails", "keys", "limits", "models", "purges", "users")

    def __init__(self) -> None:
        self.keys: Table[bytes, Key] = Table(lambda row: row.digest, _secret_id)
        self.users: Table[str, User] = Table(lambda row: row.id, lambda row: row.id)
        self.models: Table[str, Model] = Table(lambda row: row.alias, lambda row: row.id)
        self.endpoints: Table[str, Endpoint] = Table(lambda row: row.id, lambda row: row.id)
        self.budgets: Table[str, Budget] = Table(lambda row: row.id, lambda row: row.id)
        self.limits: Table[str, Limit] = Table(lambda row: row.id, lambda row: row.id)
        self.guardrails: Table[str, Guardrail] = Table(lambda row: row.id, lambda row: row.id)
        self.purges: Table[str, Purge] = Table(lambda row: row.id, lambda row: row.id)

    def add(self, rows: Rows) -> None:
        """Takes rows in without saying what changed: for a state that nobody has been told of yet."""
        _put_all(self.keys, rows.keys)
        _put_all(self.users, rows.users)
        _put_all(self.models, rows.models)
        _put_all(self.endpoints, rows.endpoints)
        _put_all(self.budgets, rows.budgets)
        _put_all(self.limits, rows.limits)
        _put_all(self.guardrails, rows.guardrails)
        _put_all(self.purges, rows.purges)

    def replace(self, found: Found) -> Difference:
        """Moves to what was found; returns what gateways must be told."""
        return Difference(
            self.keys.replace(found.keys),
            self.users.replace(found.users),
            self.models.replace(found.models),
            self.endpoints.replace(found.endpoints),
            self.budgets.replace(found.budgets),
            self.limits.replace(found.limits),
            self.guardrails.replace(found.guardrails),
            self.purges.replace(found.purges),
        )

    def apply(self, update: Update) -> None:
        """Takes a persisted piece in, as a gateway does."""
        _remove_all(self.keys, update.gone_keys)
        _remove_all(self.users, update.gone_users)
        _remove_all(self.models, update.gone_models)
        _remove_all(self.endpoints, update.gone_endpoints)
        _remove_all(self.budgets, update.gone_budgets)
        _remove_all(self.limits, update.gone_limits)
        _remove_all(self.guardrails, update.gone_guardrails)
        _remove_all(self.purges, update.gone_purges)
        _put_all(self.keys, update.keys)
        _put_all(self.users, update.users)
        _put_all(self.models, update.models)
        _put_all(self.endpoints, update.endpoints)
        _put_all(self.budgets, update.budgets)
        _put_all(self.limits, update.limits)
        _put_all(self.guardrails, update.guardrails)
        _put_all(self.purges, update.purges)

    def rows(self) -> Rows:
        """All rows at this moment."""
        return Rows(
            list(self.keys.rows.values()),
            list(self.users.rows.values()),
            list(self.models.rows.values()),
            list(self.endpoints.rows.values()),
            list(self.budgets.rows.values()),
            list(self.limits.rows.values()),
            list(self.guardrails.rows.values()),
            list(self.purges.rows.values()),
        )

    def unlike(self, rows: Rows) -> Touched:
        """Ids of those of `rows` that are not here as they are."""
        return Touched(
            {_secret_id(row) for row in rows.keys if not self.keys.has(row)},
            {row.id for row in rows.users if not self.users.has(row)},
            {row.id for row in rows.models if not self.models.has(row)},
            {row.id for row in rows.endpoints if not self.endpoints.has(row)},
            {row.id for row in rows.budgets if not self.budgets.has(row)},
            {row.id for row in rows.limits if not self.limits.has(row)},
            {row.id for row in rows.guardrails if not self.guardrails.has(row)},
            {row.id for row in rows.purges if not self.purges.has(row)},
        )

    def ids(self) -> Touched:
        """Ids of all rows."""
        return Touched(
            set(self.keys.keys),
            set(self.users.keys),
            set(self.models.keys),
            set(self.endpoints.keys),
            set(self.budgets.keys),
            set(self.limits.keys),
            set(self.guardrails.keys),
            set(self.purges.keys),
        )


def _put_all(table: Table[K, R], rows: Iterable[R]) -> None:
    for row in rows:
        table.put(row)


def _remove_all(table: Table[K, R], keys: Iterable[K]) -> None:
    for key in keys:
        table.remove(key)
