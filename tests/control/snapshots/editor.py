"""Random edits of the database, for what must hold whatever is edited."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from tests.control.snapshots.rows import EVERYONE, Rows

__all__ = ["Editor"]


_LOW_AND_HIGH = (
    '{"responses": {"unsupported_efforts": ["none", "minimal", "medium", "xhigh", "max"],'
    ' "writes": [{"target_path": "/budget", "values": {"low": 1, "high": 9}}]}}'
)
_NO_RESPONSES = '{"responses": {"mode": "disabled"}}'


class Editor:
    """Changes the database at random, in every way that matters to snapshots."""

    def __init__(self, rows: Rows, seed: int) -> None:
        self._rows = rows
        self._random = random.Random(seed)

    async def edit(self) -> None:
        edits = (
            self._new_user, self._new_key, self._new_model, self._new_composite, self._new_group, self._new_endpoint,
            self._member, self._member, self._grant, self._grant, self._component, self._component, self._change,
            self._change, self._change, self._swap, self._delete, self._delete, self._move, self._move, self._price,
            self._purge, self._lend, self._lend, self._take_back,
        )  # fmt: skip
        await self._random.choice(edits)()

    async def _one(self, table: str) -> str:
        """A row's id; for want of one, that of no row."""
        query = f"SELECT id FROM {table} ORDER BY id"  # noqa: S608 - tables are this file's own
        ids = [str(row["id"]) for row in await self._rows.connection.fetch(query)]
        return self._random.choice(ids) if ids else EVERYONE

    async def _new_user(self) -> None:
        await self._rows.user(zero_data_retention=self._random.random() < 0.3)

    async def _new_key(self) -> None:
        expires = datetime.now(UTC) + timedelta(days=self._random.choice((-1, 1)))
        user = await self._one("users")
        await self._rows.key(user, expires_at=self._random.choice((None, expires)))

    async def _lend(self) -> None:
        if (key := await self._one("api_keys WHERE purpose <> 'platform'")) != EVERYONE:
            expires = datetime.now(UTC) + timedelta(days=self._random.choice((-1, 1)))
            await self._rows.lent(key, str(self._random.random()), expires)

    async def _take_back(self) -> None:
        await self._rows.execute("DELETE FROM lent_secrets WHERE id = $1", await self._one("lent_secrets"))

    async def _new_model(self) -> None:
        if (endpoint := await self._one("endpoints")) != EVERYONE:
            await self._rows.model(endpoint)

    async def _new_composite(self) -> None:
        await self._rows.model(None)

    async def _new_group(self) -> None:
        await self._rows.group()

    async def _new_endpoint(self) -> None:
        await self._rows.endpoint()

    async def _member(self) -> None:
        await self._rows.member(await self._one("groups"), await self._one("users"))

    async def _grant(self) -> None:
        if (model := await self._one("models")) != EVERYONE:
            await self._rows.grant(await self._one("groups"), model)

    async def _component(self) -> None:
        await self._rows.execute(
            "INSERT INTO model_components (composite_id, component_id, sort_order, weight)"
            " SELECT c.id, p.id, 0, 1 + floor(random() * 9) FROM models c, models p"
            " WHERE c.is_composite AND NOT p.is_composite ORDER BY random() LIMIT 1"
            " ON CONFLICT (composite_id, component_id)"
            " DO UPDATE SET weight = 10, enabled = NOT model_components.enabled"
        )

    async def _move(self) -> None:
        kind = self._random.choice(("admin_grant", "purchase", "usage", "admin_removal"))
        await self._rows.move(await self._one("users"), self._random.randint(1, 3), kind)

    async def _price(self) -> None:
        if (model := await self._one("models")) != EVERYONE:
            await self._rows.execute("UPDATE tariffs SET valid_until = now() WHERE model_id = $1", model)
            await self._rows.tariff(model, output_price_per_token=self._random.choice((0, 1)))

    async def _purge(self) -> None:
        purge = "INSERT INTO answer_purges VALUES ($1, 'user', nextval('answer_purge_sequence'))"
        again = "ON CONFLICT (subject_id) DO UPDATE SET generation = excluded.generation"
        await self._rows.execute("DELETE FROM answer_purges WHERE random() < 0.2")
        await self._rows.execute(f"{purge} {again}", await self._one("users"))

    async def _change(self) -> None:
        table, change = self._random.choice(
            (
                ("api_keys", "zero_data_retention = NOT zero_data_retention"),
                ("users", "zero_data_retention = NOT zero_data_retention"),
                ("users", "display_name = 'not in the snapshot'"),
                ("users", "disabled_at = CASE WHEN disabled_at IS NULL THEN now() END"),
                ("users", "deleted_at = CASE WHEN deleted_at IS NULL THEN now() END"),
                ("api_keys", "deleted_at = CASE WHEN deleted_at IS NULL THEN now() END"),
                ("api_keys", "secret_digest = sha256(gen_random_uuid()::text::bytea)"),
                (
                    "api_keys",
                    """previous_digest = secret_digest, secret_digest = sha256(gen_random_uuid()::text::bytea),
                    previous_expires_at = now() + interval '1 day'""",
                ),
                ("api_keys", "previous_expires_at = now() - interval '1 day'"),
                ("api_keys", "previous_digest = NULL, previous_expires_at = NULL"),
                ("api_keys", "last_used = now()"),
                ("models", "alias = gen_random_uuid()::text"),
                ("models", "deleted_at = now()"),
                ("models", "status = CASE status WHEN 'active' THEN 'inactive' ELSE 'active' END"),
                ("models", "capabilities = ARRAY[gen_random_uuid()::text]"),
                ("models", "model_name = gen_random_uuid()::text"),
                ("endpoints", "url = 'http://other.test/'"),
                ("endpoints", f"reasoning_translation = '{_LOW_AND_HIGH}'"),
                ("endpoints", "reasoning_translation = NULL"),
                ("models", f"reasoning_translation_overrides = '{_NO_RESPONSES}'"),
                ("groups", "name = gen_random_uuid()::text"),
            )
        )
        update = f"UPDATE {table} SET {change} WHERE id = $1"  # noqa: S608 - as above
        await self._rows.execute(update, await self._one(table))

    async def _swap(self) -> None:
        """Two models exchange their aliases, in one transaction."""
        one, other = await self._one("models"), await self._one("models")
        async with self._rows.connection.transaction():
            aliases = [
                await self._rows.connection.fetchval("SELECT alias FROM models WHERE id = $1", model)
                for model in (one, other)
            ]
            if one == other or None in aliases:
                return
            for model, alias in ((one, "aside"), (other, aliases[0]), (one, aliases[1])):
                await self._rows.execute("UPDATE models SET alias = $2 WHERE id = $1", model, alias)

    async def _delete(self) -> None:
        table = self._random.choice(("users", "groups", "api_keys", "models", "endpoints", "group_models"))
        if table == "group_models":
            await self._rows.execute("DELETE FROM group_models WHERE ctid IN (SELECT ctid FROM group_models LIMIT 1)")
        else:
            deletion = f"DELETE FROM {table} WHERE id = $1 AND id <> $2"  # noqa: S608 - as above
            if table == "users":
                deletion += " AND id NOT IN (SELECT user_id FROM transactions)"
            await self._rows.execute(deletion, await self._one(table), EVERYONE)
