"""Requests are found by words of what was said."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.control.analytics.traffic import put_request
from tests.control.management import API, Management, answered, managed, settings_for_tests
from tests.control.plans import statements

from control_layer.settings import RequestLog

URL = f"{API}/requests"


@pytest.fixture
async def searchable(database_url: str) -> AsyncIterator[Management]:
    settings = settings_for_tests(request_log=RequestLog(full_text=True))
    async with managed(database_url, settings) as management:
        yield management


async def _put(management: Management, model: str, words: str, *, ago: float = 60.0) -> uuid.UUID:
    request = await put_request(management, model=model, ago=ago)
    await management.sql(
        """
        INSERT INTO request_bodies (
            at, request_id, request, request_truncated, response, response_truncated, words
        ) SELECT at, id, '', false, '', false, to_tsvector('simple', $2) FROM requests WHERE id = $1
        """,
        request,
        words,
    )
    return request


async def _found(management: Management, search: str, **query: Any) -> list[str]:
    page = await answered(management.admin.get(URL, params={"search": search, **query}), 200)
    return [entry["model"] for entry in page["entries"]]


async def test_words_are_looked_for_as_people_write_them(searchable: Management) -> None:
    await _put(searchable, "a", "The quick brown fox, invoice 4711")
    await _put(searchable, "b", "a brown quick dog", ago=7200)
    assert await _found(searchable, "QUICK brown") == ["a", "b"]
    assert await _found(searchable, '"quick brown"') == ["a"]
    assert await _found(searchable, "quick -fox") == ["b"]
    assert await _found(searchable, "fox or dog") == ["a", "b"]
    assert await _found(searchable, "fox or dog", limit=1) == ["a"]
    assert await _found(searchable, "fox or dog", skip=1) == ["b"]
    assert await _found(searchable, "4711") == ["a"]
    assert await _found(searchable, "qui") == []
    assert await _found(searchable, "brown", model="b") == ["b"]
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert await _found(searchable, "brown", timestamp_after=hour_ago) == ["a"]
    assert await _found(searchable, "'&|!:*(") == []


async def test_an_index_finds_them(searchable: Management) -> None:
    user = uuid.UUID(searchable.admin_id)
    await searchable.sql(
        """
        WITH made AS (
            INSERT INTO requests (id, at, worker_id, key_id, user_id, model, model_id, method, path, stream, outcome)
            SELECT gen_random_uuid(), now() - n * interval '1 second', $1, $1, $1, 'gpt', $1, 'POST', '/', false,
                'completed' FROM generate_series(1, 20000) n
            RETURNING at, id
        )
        INSERT INTO request_bodies (at, request_id, request, request_truncated, response, response_truncated, words)
        SELECT at, id, '', false, '', false, to_tsvector('simple', 'word' || id) FROM made
        """,
        user,
    )
    await searchable.sql("ANALYZE")
    with statements(searchable) as sent:
        await answered(searchable.admin.get(URL, params={"search": "word77"}), 200)
    asked = [statement for statement in sent if "websearch" in statement.text][-1]
    async with searchable.engine.connect() as connection:
        await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # as the log's pages do
        plan = await connection.exec_driver_sql(f"EXPLAIN {asked.text}", asked.parameters)
        assert "words_idx" in "\n".join(row[0] for row in plan)


async def test_where_it_is_off_that_is_said(management: Management) -> None:
    refused = await management.admin.get(URL, params={"search": "word"})
    assert refused.status_code == 400
    assert "request_log.full_text" in refused.text
