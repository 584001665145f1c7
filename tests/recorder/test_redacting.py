"""Redaction rules hold for what is recorded, from the moment they are in the database."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from unittest.mock import patch

import asyncpg
import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.recorder.journals import HandMade, bodies, closed, new_id, opened
from tests.recorder.recording import eventually, running

from control_layer.recorder import Recorder
from control_layer.redaction import Redactor

_SAID = b'{"content":"sk-abcdefghijklmnopqrstuvwx, jo@example.org, EMP-123456"}'


async def _recorded(
    recorder: Recorder, db: asyncpg.Connection, worker: HandMade, said: bytes = _SAID
) -> asyncpg.Record:
    event_id = new_id()
    worker.write(opened(event_id), bodies(event_id, said, said), closed(event_id))
    key = uuid.UUID(bytes=event_id)

    async def there() -> bool:
        return bool(await db.fetchval("SELECT count(*) FROM requests WHERE id = $1", key))

    await eventually(there)
    return await db.fetchrow("SELECT * FROM request_bodies WHERE request_id = $1", key)


async def test_rules_take_effect_on_what_is_recorded_next(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    worker = HandMade(journal_dir)
    async with running(Recorder(engine, journal_dir)) as recorder:
        row = await _recorded(recorder, db, worker)
        assert row["request"] == row["response"] == b'{"content":"[secret], jo@example.org, EMP-123456"}'
        assert json.loads(row["redacted"]) == {"secrets": 2}

        await db.execute("UPDATE redaction_rules SET enabled = (name = 'emails'), replacement = '(mail)'")
        await db.execute(
            "INSERT INTO redaction_rules (id, name, pattern, replacement) VALUES (gen_random_uuid(), 'staff', $1, '')",
            r"EMP-\d+",
        )
        row = await _recorded(recorder, db, worker)
        assert row["request"] == b'{"content":"sk-abcdefghijklmnopqrstuvwx, (mail), "}'
        assert json.loads(row["redacted"]) == {"emails": 2, "staff": 2}

        row = await _recorded(recorder, db, worker, b'{"content":"nothing"}')
        assert (row["request"], row["redacted"]) == (b'{"content":"nothing"}', None)
        counted = {s.labels["rule"]: s.value for s in recorder.samples() if s.name == "control_layer_redacted_total"}
        assert counted == {"secrets": 2, "emails": 2, "staff": 2, "credit_cards": 0}


async def test_words_can_be_searched_where_that_is_wanted_and_never_those_that_were_redacted(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    worker = HandMade(journal_dir)
    async with running(Recorder(engine, journal_dir)) as recorder:
        assert (await _recorded(recorder, db, worker))["words"] is None
    worker.die()
    worker = HandMade(journal_dir)
    async with running(Recorder(engine, journal_dir, searchable=True)) as recorder:
        words = (await _recorded(recorder, db, worker))["words"]
    assert "'jo@example.org'" in words
    assert "'secret'" in words
    assert "abcdefghijklmnop" not in words


async def test_a_rule_that_is_none_does_not_hold_up_the_others(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path
) -> None:
    await db.execute(
        "INSERT INTO redaction_rules (id, name, pattern, replacement, created_at) VALUES "
        "(gen_random_uuid(), 'broken', '(', '', '2000-01-01'), (gen_random_uuid(), 'unknown', NULL, '', '2000-01-01')"
    )
    worker = HandMade(journal_dir)
    async with running(Recorder(engine, journal_dir)) as recorder:
        row = await _recorded(recorder, db, worker)
        assert json.loads(row["redacted"]) == {"secrets": 2}


async def test_a_body_that_cannot_be_redacted_is_not_kept_and_its_request_is_recorded(
    engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worker = HandMade(journal_dir)
    with patch.object(Redactor, "redact", side_effect=RecursionError("too deep")):
        async with running(Recorder(engine, journal_dir)) as recorder:
            assert await _recorded(recorder, db, worker) is None
    assert "body_not_redacted" in capsys.readouterr().out


async def test_heads_are_redacted_as_bodies_are(engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path) -> None:
    said = (("x-caller", "sk-abcdefghijklmnopqrstuvwx"), ("x-odd", '"\0'))
    worker, event_id, bare = HandMade(journal_dir), new_id(), new_id()
    heads = msgspec.structs.replace(bodies(event_id), request_headers=said, response_headers=said[:1])
    worker.write(opened(event_id), heads, closed(event_id), opened(bare), bodies(bare), closed(bare))
    kept = "SELECT * FROM request_bodies WHERE request_id = $1"
    async with running(Recorder(engine, journal_dir)):

        async def there() -> bool:
            return bool(await db.fetchval("SELECT count(*) = 2 FROM request_bodies"))

        await eventually(there)
    row = await db.fetchrow(kept, uuid.UUID(bytes=event_id))
    assert json.loads(row["request_headers"]) == [["x-caller", "[secret]"], ["x-odd", '"\ufffd']]
    assert json.loads(row["response_headers"]) == [["x-caller", "[secret]"]]
    assert json.loads(row["redacted"]) == {"secrets": 2}
    row = await db.fetchrow(kept, uuid.UUID(bytes=bare))
    assert (row["request_headers"], row["response_headers"]) == (None, None)
