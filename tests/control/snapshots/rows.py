"""Rows to compile snapshots from, written straight into the tables."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from typing import Any

import asyncpg

from control_layer.store.engine import connect

__all__ = ["Rows"]

EVERYONE = SYSTEM = "00000000-0000-0000-0000-000000000000"


class Rows:
    """A plain connection with a verb for each kind of row. Ids are returned as text."""

    def __init__(self, connection: asyncpg.Connection[Any]) -> None:
        self.connection = connection

    @classmethod
    async def at(cls, database_url: str) -> Rows:
        return cls(await connect(database_url))

    async def close(self) -> None:
        await self.connection.close()

    async def user(self, **columns: object) -> str:
        name = uuid.uuid4().hex
        return await self._insert("users", username=name, email=f"{name}@example.org", auth_source="native", **columns)

    async def group(self) -> str:
        return await self._insert("groups", name=uuid.uuid4().hex, created_by=uuid.UUID(int=0))

    async def member(self, group_id: str, user_id: str) -> None:
        await self.connection.execute(
            "INSERT INTO group_members (group_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", group_id, user_id
        )

    async def grant(self, group_id: str, model_id: str) -> None:
        await self.connection.execute(
            "INSERT INTO group_models (group_id, model_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", group_id, model_id
        )

    async def key(self, user_id: str, secret: str | None = None, **columns: object) -> str:
        secret = secret or uuid.uuid4().hex
        return await self._insert(
            "api_keys",
            name=uuid.uuid4().hex,
            user_id=user_id,
            created_by=user_id,
            secret_digest=hashlib.sha256(secret.encode()).digest(),
            secret_prefix="sk-",
            **columns,
        )

    async def lent(self, key_id: str, secret: str, expires_at: datetime) -> str:
        digest = hashlib.sha256(secret.encode()).digest()
        return await self._insert(
            "lent_secrets",
            key_id=uuid.UUID(key_id),
            borrower=uuid.uuid4(),
            secret_digest=digest,
            sealed_secret=b"",
            expires_at=expires_at,
        )

    async def endpoint(self, **columns: object) -> str:
        values = {"name": uuid.uuid4().hex, "url": "http://provider.test/", "created_by": uuid.UUID(int=0), **columns}
        return await self._insert("endpoints", **values)

    async def model(self, endpoint_id: str | None, alias: str | None = None, **columns: object) -> str:
        alias = alias or uuid.uuid4().hex
        values = {
            "model_name": f"upstream-{alias}",
            "alias": alias,
            "hosted_on": endpoint_id,
            "is_composite": endpoint_id is None,
            "created_by": uuid.UUID(int=0),
            **columns,
        }
        return await self._insert("models", **values)

    async def component(self, composite_id: str, component_id: str, **columns: object) -> None:
        await self._insert(
            "model_components",
            id=None,
            **{"composite_id": composite_id, "component_id": component_id, "sort_order": 0, **columns},
        )

    async def move(self, user_id: str, amount: int, kind: str = "admin_grant") -> None:
        await self._insert(
            "transactions", user_id=user_id, transaction_type=kind, amount=amount, source_id=uuid.uuid4().hex
        )

    async def tariff(self, model_id: str, **columns: object) -> str:
        prices = {"input_price_per_token": 0, "output_price_per_token": 1, "api_key_purpose": "realtime"}
        return await self._insert("tariffs", name="t", model_id=model_id, **{**prices, **columns})

    async def execute(self, statement: str, *arguments: object) -> None:
        await self.connection.execute(statement, *arguments)

    async def _insert(self, table: str, **columns: object) -> str:
        values = {"id": str(uuid.uuid4()), **columns}
        values = {name: value for name, value in values.items() if value is not None}
        names = ", ".join(values)
        marks = ", ".join(f"${number + 1}" for number in range(len(values)))
        await self.connection.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 - names are this file's own
            *values.values(),
        )
        return str(values.get("id", ""))
