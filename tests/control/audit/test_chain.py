"""The chain holds under many writers, nothing alters it, and whoever alters it all the same is found out."""

# ruff: noqa: S608 - the statements are the tests' own

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import asyncpg
import pytest

from control_layer.store.audit_chain import GENESIS, Damage, Damaged, Entry, entries, verify
from control_layer.store.engine import connect

Connection: TypeAlias = "asyncpg.Connection[Any]"
_ROWS = 10
_WRITERS = 8
_CHANGES = 25


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Connection]:
    """A database with `_ROWS` entries in its log, by way of its triggers."""
    connection = await connect(database_url)
    for number in range(_ROWS):
        await _add_group(connection, f"group {number}")
    yield connection
    await connection.close()


async def _add_group(connection: Connection, name: str) -> uuid.UUID:
    made = uuid.uuid4()
    await connection.execute("INSERT INTO groups (id, name, created_by) VALUES ($1, $2, $1)", made, name)
    return made


async def _behind_the_triggers(connection: Connection, *statements: str) -> None:
    await connection.execute("SET session_replication_role = replica")
    for statement in statements:
        await connection.execute(statement)
    await connection.execute("SET session_replication_role = origin")


async def _all(connection: Connection) -> list[Entry]:
    return [entry async for entry in entries(connection)]


async def _resealed(connection: Connection, sequence: int) -> None:
    """What an attacker who knows the canonical text does after an edit."""
    entry = next(entry for entry in await _all(connection) if entry.sequence == sequence)
    await _behind_the_triggers(
        connection, f"UPDATE audit_log SET hash = '\\x{entry.sealed_hash().hex()}' WHERE sequence = {sequence}"
    )


async def test_the_canonical_text_is_what_the_documentation_says(db: Connection) -> None:
    author = {"actor": "user:x", "key_id": str(uuid.uuid4()), "peer": "::1", "user_agent": "é\n5:x", "request_id": ""}
    async with db.transaction():
        await db.execute("SELECT set_config('control_layer.author', $1, true)", json.dumps(author))
        await db.execute("UPDATE groups SET name = name || E'ü\\n-', description = '' WHERE name = 'group 3'")
    row = await db.fetchrow(
        "SELECT *, before::text AS before_text, after::text AS after_text FROM audit_log ORDER BY sequence DESC LIMIT 1"
    )
    texts = [
        row["previous_hash"].hex(),
        str(row["sequence"]),
        row["at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        *(author[name] for name in ("actor", "key_id", "peer", "user_agent", "request_id")),
        *("groups", row["resource_id"], "update", row["before_text"], row["after_text"]),
    ]
    canonical = "\n".join(["control-layer audit 1", *(f"{len(text.encode())}:{text}" for text in texts)])
    assert row["hash"] == hashlib.sha256(canonical.encode()).digest()
    assert json.loads(row["after_text"]) == {"name": "group 3ü\n-", "description": ""}


async def test_an_untouched_chain_is_whole(db: Connection) -> None:
    rows = await _all(db)
    assert (await verify(db)).damaged is None
    assert (await verify(db)).head == rows[-1].hash
    assert [entry.sequence for entry in rows] == list(range(1, _ROWS + 1))
    assert rows[0].previous_hash == GENESIS
    for row in rows:
        assert (await verify(db, expected_head=row.hash)).damaged is None


async def test_an_empty_log_is_whole(database_url: str) -> None:
    connection = await connect(database_url)
    verified = await verify(connection)
    await connection.close()
    assert (verified.rows, verified.head, verified.damaged) == (0, GENESIS, None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor = 'x'",
        "DELETE FROM audit_log",
        "DELETE FROM audit_log WHERE false",
        "TRUNCATE audit_log",
    ],
)
async def test_the_log_is_append_only(db: Connection, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await db.execute(statement)
    assert (await verify(db)).rows == _ROWS


async def test_an_insert_gets_its_place_and_author_from_the_database(db: Connection) -> None:
    await db.execute(
        "INSERT INTO audit_log (sequence, at, actor, resource, operation, previous_hash, hash) "
        "VALUES (3, '2000-01-01', 'user:somebody', 'groups', 'create', '\\x00', '\\x00')"
    )
    actor, year = await db.fetchrow("SELECT actor, extract(year FROM at) FROM audit_log ORDER BY sequence DESC LIMIT 1")
    assert actor.startswith("database:")
    assert year > 2000
    assert (await verify(db)).damaged is None


@pytest.mark.parametrize(
    "column",
    [
        "actor",
        "peer",
        "user_agent",
        "request_id",
        "resource",
        "resource_id",
        "operation",
        "before",
        "after",
        "at",
        "key_id",
    ],
)
async def test_an_edited_row_is_found_whatever_was_edited(db: Connection, column: str) -> None:
    value = {
        "before": "'{}'",
        "after": 'after || \'{"name": "x"}\'',
        "at": "at + interval '1 microsecond'",
        "key_id": "gen_random_uuid()",
    }
    await _behind_the_triggers(
        db, f"UPDATE audit_log SET {column} = {value.get(column, chr(39) * 2)} WHERE sequence = 4"
    )
    assert (await verify(db)).damaged == Damaged(4, Damage.EDITED)


async def test_a_row_edited_and_sealed_anew_is_found(db: Connection) -> None:
    await _behind_the_triggers(db, "UPDATE audit_log SET actor = 'user:innocent' WHERE sequence = 4")
    await _resealed(db, 4)
    assert (await verify(db)).damaged == Damaged(4, Damage.EDITED)


@pytest.mark.parametrize("sequence", [1, 5])
async def test_a_removed_row_is_found(db: Connection, sequence: int) -> None:
    await _behind_the_triggers(db, f"DELETE FROM audit_log WHERE sequence = {sequence}")
    assert (await verify(db)).damaged == Damaged(sequence, Damage.REMOVED)


async def test_a_removed_row_is_found_though_the_gap_was_closed(db: Connection) -> None:
    await _behind_the_triggers(
        db,
        "DELETE FROM audit_log WHERE sequence IN (5, 6)",
        *(f"UPDATE audit_log SET sequence = {number} WHERE sequence = {number + 2}" for number in range(5, _ROWS - 1)),
    )
    assert (await verify(db)).damaged == Damaged(5, Damage.REMOVED)


_SHIFT = tuple(
    f"UPDATE audit_log SET sequence = {number + 1} WHERE sequence = {number}" for number in range(_ROWS, 4, -1)
)
_FORGE = (
    "INSERT INTO audit_log SELECT 5, at, 'user:innocent', key_id, peer, user_agent, request_id, resource, resource_id, "
    "operation, before, after, {previous}, {hash} FROM audit_log WHERE sequence = 4"
)


@pytest.mark.parametrize(
    ("previous", "hash_"), [("sha256('x')", "sha256('y')"), ("previous_hash", "hash"), ("hash", "sha256('y')")]
)
async def test_an_inserted_row_is_found(db: Connection, previous: str, hash_: str) -> None:
    await _behind_the_triggers(db, *_SHIFT, _FORGE.format(previous=previous, hash=hash_))
    damaged = (await verify(db)).damaged
    assert damaged is not None
    assert damaged.sequence == 5
    assert damaged.damage is (Damage.EDITED if previous == "hash" else Damage.INSERTED)


async def test_an_inserted_row_that_was_sealed_is_found(db: Connection) -> None:
    await _behind_the_triggers(db, *_SHIFT, _FORGE.format(previous="hash", hash="sha256('y')"))
    await _resealed(db, 5)
    assert (await verify(db)).damaged == Damaged(5, Damage.INSERTED)


async def test_a_row_before_the_first_is_found(db: Connection) -> None:
    await _behind_the_triggers(db, _FORGE.format(previous="hash", hash="hash").replace("SELECT 5", "SELECT 0"))
    assert (await verify(db)).damaged == Damaged(0, Damage.INSERTED)


async def test_rows_that_changed_places_are_found(db: Connection) -> None:
    await _behind_the_triggers(
        db,
        "UPDATE audit_log SET sequence = -1 WHERE sequence = 5",
        "UPDATE audit_log SET sequence = 5 WHERE sequence = 8",
        "UPDATE audit_log SET sequence = 8 WHERE sequence = -1",
    )
    assert (await verify(db)).damaged == Damaged(5, Damage.REORDERED)


@pytest.mark.parametrize("goes_on", [False, True])
async def test_an_end_that_was_cut_off_is_found_by_its_head(db: Connection, goes_on: bool) -> None:
    head = (await verify(db)).head
    await _behind_the_triggers(db, "DELETE FROM audit_log WHERE sequence > 6")
    if goes_on:
        await _add_group(db, "another history")
    assert (await verify(db)).damaged is None
    assert (await verify(db, expected_head=head)).damaged == Damaged(8 if goes_on else 7, Damage.TRUNCATED)


async def test_many_writers_make_one_chain_and_no_deadlock(database_url: str) -> None:
    first = await connect(database_url)
    groups = [await _add_group(first, f"group {number}") for number in range(4)]

    async def write(number: int) -> None:
        connection = await connect(database_url)
        for change in range(_CHANGES):
            pair = (groups[(number + change) % 4], groups[(number + change + 1) % 4])
            async with connection.transaction():
                # Always in one order, as a well-behaved writer does: what is added by the log must not deadlock it.
                for group in sorted(pair):
                    await connection.execute(
                        "UPDATE groups SET description = $2 WHERE id = $1", group, f"{number} {change}"
                    )
        await connection.close()

    async with asyncio.TaskGroup() as writers:
        for number in range(_WRITERS):
            writers.create_task(write(number))
    verified = await verify(first)
    times = await first.fetch("SELECT at FROM audit_log ORDER BY sequence")
    await first.close()
    assert verified.damaged is None
    assert verified.rows == 4 + _WRITERS * _CHANGES * 2
    assert times == sorted(times)


async def test_a_large_transaction_is_one_unbroken_run(db: Connection) -> None:
    await db.execute(
        "INSERT INTO groups (id, name, created_by) "
        "SELECT gen_random_uuid(), 'many ' || n, $1 FROM generate_series(1, 10000) n",
        uuid.uuid4(),
    )
    await db.copy_records_to_table(
        "groups", columns=["id", "name", "created_by"], records=[(uuid.uuid4(), "copied", uuid.uuid4())]
    )
    verified = await verify(db)
    assert (verified.rows, verified.damaged) == (_ROWS + 10_001, None)


async def test_appending_never_reads_the_log_from_end_to_end(database_url: str) -> None:
    connection = await connect(database_url)
    await connection.execute("ANALYZE audit_log")  # empty: whatever reads it is planned as if it stayed so
    await connection.execute(
        "INSERT INTO groups (id, name, created_by) "
        "SELECT gen_random_uuid(), 'many ' || n, gen_random_uuid() FROM generate_series(1, 500) n"
    )
    await connection.execute("SELECT pg_stat_force_next_flush()")
    read = await connection.fetchval("SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'audit_log'")
    assert await connection.fetchval("SELECT count(*) FROM audit_log") == 500
    await connection.close()
    assert read == 0
