"""One way to a schema: the migrations. They agree with the tables, wait for each other, and are all or nothing."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import uuid
from datetime import UTC, datetime

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, text

from control_layer.store.engine import connect, open_engine
from control_layer.store.migrations import MigrationFailed, alembic_config, migrate
from control_layer.store.tables import NIL, Base


async def test_tables_and_migrations_agree(database_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        parts = set(connection.execute(text("SELECT relname FROM pg_class WHERE relispartition")).scalars())
        opts = {
            "compare_type": True,
            "compare_server_default": True,
            "include_name": lambda name, kind, _: kind != "table" or name not in parts,
        }
        found = compare_metadata(MigrationContext.configure(connection, opts=opts), Base.metadata)
        # Alembic asks the database whether two defaults are equal: two calls of `nextval` never are.
        return [each for each in found if each[0][:4] != ("modify_default", None, "requests", "sequence")]

    engine = open_engine(database_url, pool_size=1)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_check_constraints_agree_with_the_tables(database_url: str) -> None:
    declared = {
        str(constraint.name)
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    connection = await connect(database_url)
    rows = await connection.fetch("SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0")
    await connection.close()
    assert {row["conname"] for row in rows if row["conname"].startswith("ck_")} == declared


async def test_system_user_and_everyone_exist(database_url: str) -> None:
    connection = await connect(database_url)
    assert await connection.fetchval("SELECT username FROM users") == "system"
    assert await connection.fetchval("SELECT id FROM users") == NIL
    assert await connection.fetchval("SELECT id FROM groups WHERE name = 'Everyone'") == NIL
    await connection.close()


async def test_hosts_that_migrate_at_once_wait_for_each_other(empty_database_url: str) -> None:
    program = "import asyncio, sys; from control_layer.store.migrations import migrate; asyncio.run(migrate(input()))"
    hosts = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdin=subprocess.PIPE) for _ in range(3)
    ]
    await asyncio.gather(*(host.communicate(empty_database_url.encode()) for host in hosts))
    assert [host.returncode for host in hosts] == [0, 0, 0]
    connection = await connect(empty_database_url)
    assert await connection.fetchval("SELECT count(*) FROM alembic_version") == 1
    await connection.close()


async def test_migrating_twice_changes_nothing(database_url: str) -> None:
    await migrate(database_url)


async def test_a_failing_migration_leaves_the_database_unchanged(empty_database_url: str) -> None:
    connection = await connect(empty_database_url)
    await connection.execute("CREATE TABLE seeded (something text)")  # the last table of the first step is in the way
    with pytest.raises(MigrationFailed, match="unchanged"):
        await migrate(empty_database_url)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    functions = await connection.fetchval("SELECT count(*) FROM pg_proc WHERE proname = 'notify_change'")
    await connection.close()
    assert [row["tablename"] for row in tables] == ["seeded"]
    assert functions == 0


async def test_a_database_of_a_newer_release_is_refused(database_url: str) -> None:
    connection = await connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.execute("DELETE FROM compatible_revisions")
    await connection.close()
    with pytest.raises(MigrationFailed, match="newer release"):
        await migrate(database_url)


async def test_a_database_of_a_newer_release_that_ours_can_work_with_is_left_as_it_is(database_url: str) -> None:
    connection = await connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await migrate(database_url)
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == "9999"
    await connection.close()


async def test_each_step_leaves_what_the_code_before_it_needs(empty_database_url: str) -> None:
    steps = [step.revision for step in ScriptDirectory.from_config(alembic_config()).walk_revisions()][::-1]
    await migrate(empty_database_url, steps[0])
    for step in steps[1:]:
        before = await _needs(empty_database_url)
        await migrate(empty_database_url, step)
        after = await _needs(empty_database_url)
        for table, columns in before.items():
            assert table in after, f"{step} drops {table}"
            gone = {name: kind for name, kind in columns.items() if after[table].get(name, ("",))[0] != kind[0]}
            assert gone == {}, f"{step} drops or changes columns of {table}"
            added = {name for name, (_, optional) in after[table].items() if name not in columns and not optional}
            assert added == set(), f"{step} adds columns to {table} that older code does not fill"
            stricter = {name for name, (_, optional) in columns.items() if optional and not after[table][name][1]}
            assert stricter == set(), f"{step} demands values in {table} that older code leaves out"


async def test_what_kept_answers_saved_before_is_in_the_sums_that_have_it_now(empty_database_url: str) -> None:
    await migrate(empty_database_url, "0027")
    connection = await connect(empty_database_url)
    await connection.execute("SELECT make_traffic_day('2026-09-20')")
    endpoint = json.dumps([{"endpoint_id": str(NIL)}])
    for minute, cache, saved in (
        (1, "hit", 5),
        (1, "hit", 10**12),
        (2, "miss", None),
        (3, "coalesced", 7),
        (4, None, None),
    ):
        await connection.execute(
            "INSERT INTO requests (at, id, worker_id, key_id, user_id, model, model_id, method, path, stream, outcome, "
            "status, attempts, cache, saved_input_tokens) VALUES ($1, gen_random_uuid(), $2, $2, $2, 'm', $2, 'POST', "
            "'/', false, 'completed', 200, $3, $4, $5)",
            datetime(2026, 9, 20, 12, minute, tzinfo=UTC), NIL, endpoint, cache, saved,
        )  # fmt: skip
    unfolded = "INSERT INTO unfolded_requests (at, id) SELECT at, id FROM requests WHERE cache = 'coalesced'"
    await connection.execute(unfolded)
    for rollup, unit in (("account_hours", "hour"), ("model_days", "day")):
        account, ids = ("user_id, key_id,", "$1, $1,") if rollup.startswith("account") else ("", "")
        await connection.execute(
            f"INSERT INTO {rollup} (at, {account} model_id, endpoint_id, status, purpose, model, requests, timed, "
            "seconds, cost, unpriced, cache_hits, last_at) "
            f"SELECT date_trunc('{unit}', timestamptz '2026-09-20 12:00Z', 'UTC'), {ids} $1, $1, 200, 'realtime', 'm', "
            "4, 0, 0, 0, 4, 0, now()",
            NIL,
        )
    await migrate(empty_database_url)
    columns = "response_cache_hits, response_cache_misses, response_cache_coalesced, saved_input_tokens, saved_cost"
    for rollup in ("account_hours", "model_days"):
        row = await connection.fetchrow(f"SELECT {columns} FROM {rollup}")  # noqa: S608 - names of ours
        assert tuple(row) == (2, 1, None, 10**10 + 5, None), "what is not folded yet is folded by this release"
    await connection.close()


async def test_endpoints_at_well_known_addresses_get_their_dialect(empty_database_url: str) -> None:
    await migrate(empty_database_url, "0027")
    connection = await connect(empty_database_url)
    urls = {
        "https://api.anthropic.com/v1": "anthropic",
        "https://ours.openai.azure.com/openai/v1": "azure",
        "https://api.openai.com/v1": "openai",
        "https://proxy.example/https://api.anthropic.com/v1": "openai",
    }
    for number, url in enumerate(urls):
        statement = "INSERT INTO endpoints (id, name, url, created_by) VALUES ($1, $2, $2, $1)"
        await connection.execute(statement, uuid.UUID(int=number), url)
    await migrate(empty_database_url)
    rows = await connection.fetch("SELECT url, dialect, auth_header_name FROM endpoints")
    await connection.close()
    assert {row["url"]: row["dialect"] for row in rows} == urls
    # What worked goes on as it was.
    assert {row["auth_header_name"] for row in rows} == {"Authorization"}


async def _needs(url: str) -> dict[str, dict[str, tuple[str, bool]]]:
    """Each table's columns, with their type and whether an INSERT may leave them out."""
    connection = await connect(url)
    rows = await connection.fetch(
        "SELECT table_name, column_name, udt_name, is_nullable = 'YES' OR column_default IS NOT NULL "
        "OR is_identity = 'YES' OR is_generated = 'ALWAYS' AS optional "
        "FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
    )
    await connection.close()
    tables: dict[str, dict[str, tuple[str, bool]]] = {}
    for row in rows:
        tables.setdefault(row["table_name"], {})[row["column_name"]] = (row["udt_name"], row["optional"])
    return tables


class _Changes:
    """What the triggers say, heard on a connection of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.heard: asyncio.Queue[str] = asyncio.Queue()

    async def __aenter__(self) -> asyncpg.Connection:
        self._listener = await connect(self._url)
        await self._listener.add_listener("control_layer_changes", lambda *call: self.heard.put_nowait(call[3]))
        self._writer = await connect(self._url)
        return self._writer

    async def __aexit__(self, *_: object) -> None:
        await self._listener.close()
        await self._writer.close()

    async def since(self) -> set[str]:
        """Everything told until now: a marker is sent behind it."""
        await self._writer.execute("SELECT pg_notify('control_layer_changes', 'marker')")
        told: set[str] = set()
        while (payload := await asyncio.wait_for(self.heard.get(), 10)) != "marker":
            told.add(payload)
        return told


async def test_changes_are_told_by_the_ids_of_their_rows(database_url: str) -> None:
    user, group, endpoint, model, composite, key = (uuid.uuid4() for _ in range(6))
    changes = _Changes(database_url)
    async with changes as db:
        await db.execute("INSERT INTO users (id, username, email, auth_source) VALUES ($1, 'u', 'u', 'native')", user)
        assert await changes.since() == {f"users:{user}"}
        await db.execute("INSERT INTO groups (id, name, created_by) VALUES ($1, 'g', $2)", group, user)
        assert await changes.since() == {f"groups:{group}"}
        await db.execute("INSERT INTO group_members (group_id, user_id) VALUES ($1, $2)", group, user)
        assert await changes.since() == {f"group_members:{user}"}
        await db.execute("INSERT INTO endpoints (id, name, url, created_by) VALUES ($1, 'e', 'u', $2)", endpoint, user)
        assert await changes.since() == {f"endpoints:{endpoint}"}
        await db.execute(
            "INSERT INTO models (id, model_name, alias, hosted_on, is_composite, created_by) "
            "VALUES ($1, 'm', 'm', $3, false, $4), ($2, 'c', 'c', NULL, true, $4)",
            *(model, composite, endpoint, user),
        )
        assert await changes.since() == {f"models:{model}", f"models:{composite}"}
        await db.execute("INSERT INTO group_models (group_id, model_id) VALUES ($1, $2)", group, model)
        assert await changes.since() == {f"group_models:{model}"}
        await db.execute(
            "INSERT INTO model_components (composite_id, component_id, sort_order) VALUES ($1, $2, 0)", composite, model
        )
        assert await changes.since() == {f"model_components:{composite}"}
        await db.execute(
            "INSERT INTO api_keys (id, name, user_id, created_by, secret_digest, secret_prefix) "
            "VALUES ($1, 'k', $2, $2, '\\x00', 'sk-')",
            *(key, user),
        )
        assert await changes.since() == {f"api_keys:{key}"}

        await db.execute("DELETE FROM groups WHERE id = $1", group)
        assert await changes.since() == {f"groups:{group}", f"group_members:{user}", f"group_models:{model}"}
        await db.execute("DELETE FROM endpoints WHERE id = $1", endpoint)
        assert await changes.since() == {
            f"endpoints:{endpoint}",
            f"models:{model}",
            f"model_components:{composite}",
        }
        await db.execute("UPDATE users SET deleted_at = now() WHERE id = $1", user)
        assert await changes.since() == {f"users:{user}"}


async def test_bookkeeping_and_empty_changes_are_not_told(database_url: str) -> None:
    user, key = uuid.uuid4(), uuid.uuid4()
    changes = _Changes(database_url)
    async with changes as db:
        await db.execute("INSERT INTO users (id, username, email, auth_source) VALUES ($1, 'u', 'u', 'native')", user)
        await db.execute(
            "INSERT INTO api_keys (id, name, user_id, created_by, secret_digest, secret_prefix) "
            "VALUES ($1, 'k', $2, $2, '\\x00', 'sk-')",
            *(key, user),
        )
        await changes.since()
        await db.execute("UPDATE api_keys SET last_used = now(), updated_at = now()")
        await db.execute("UPDATE users SET last_login = now(), updated_at = now() WHERE id = $1", user)
        await db.execute("UPDATE groups SET name = name")
        assert await changes.since() == set()
        await db.execute("UPDATE api_keys SET last_used = now(), expires_at = now()")
        assert await changes.since() == {f"api_keys:{key}"}
