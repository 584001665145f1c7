"""No page of files, batches or requests of batches reads a large table, or many more rows than it shows; nor a purge.

Everything is asked over HTTP; the statements are taken from the engine, explained and carried out as they were sent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.control.batches.population import HEAVY, OWNER, Work
from tests.control.files.calls import BATCHES, FILES
from tests.control.management import API, Management, answered, managed, settings_for_tests
from tests.control.plans import Statement, looked_at, most_touched, scanned, statements

from control_layer.control.batches.purge import purge_files_and_batches

REQUESTS = f"{API}/batches/requests"
LARGE = {"files", "file_requests", "batches", "batch_requests"}
DAYS, MOST_DAYS = 30, 8
"""Days of `requests`, each a table, and how many a page may look at: all batches are of the last five."""
MOST = 1600
"""Rows that a page of fifty may look at, of some ten thousand."""
_WORK = Work(batches=6000, lines=4)


@pytest.fixture
async def busy(database_url: str) -> AsyncIterator[Management]:
    async with managed(database_url, settings_for_tests()) as management:
        await management.sql(
            f"SELECT make_traffic_day((now() AT TIME ZONE 'UTC')::date - n) FROM generate_series(0, {DAYS}) AS n"  # noqa: S608
        )
        await _WORK.make(management)
        yield management


def _pages(values: dict[str, str]) -> list[str]:
    files = [
        "",
        "&order=asc",
        "&after={file}",
        "&after={file}&order=asc",
        "&purpose=batch",
        "&purpose=batch_error&order=asc",
        "&own=true",
        "&member_id={owner}",
        "&member_id={heavy}&after={file}",
        "&member_id={owner}&purpose=batch_output&order=asc",
        "&search=work-777",
        "&search=jsonl",
        "&search=w",
        "&search=nothing",
        "&search=%25_/",
        "&search=error&member_id={owner}",
        "&search=777&purpose=batch&after={file}",
    ]
    batches = [
        "",
        "&after={batch}",
        "&active_first=true",
        "&active_first=true&after={batch}",
        "&active_first=true&member_id={heavy}&after={batch}",
        "&active_first=true&member_id={owner}",
        *(f"&status={status}" for status in ("in_progress", "completed", "failed", "cancelled", "expired")),
        *(f"&status={status}&member_id={{owner}}" for status in ("in_progress", "completed", "failed", "expired")),
        "&status=cancelled&after={batch}",
        "&status=failed&active_first=true",
        "&created_after=2020-01-01T00:00:00Z",
        "&created_before=2020-01-01T00:00:00Z",
        "&created_after=2020-01-01T00:00:00Z&created_before={then}&member_id={heavy}",
        "&completion_window=24h",
        "&completion_window=background",
        "&completion_window=7d,3d",
        "&completion_window=1h,background&member_id={heavy}",
        "&search=job-777",
        "&search=work-777",
        "&search=jsonl",
        "&search=nothing",
        "&search={batch}",
        "&search=777&status=completed&active_first=true",
        "&include=analytics",
    ]
    requests = [
        "",
        "&active_first=false",
        "&skip=300",
        *(f"&status={status}" for status in ("pending", "in_progress", "completed", "failed", "cancelled")),
        *(f"&status={status}&member_id={{owner}}" for status in ("pending", "in_progress", "completed", "failed")),
        "&model=model-3",
        "&model=model-3,model-4&status=failed&active_first=false",
        "&model=nothing",
        "&member_id={heavy}",
        "&created_after={then}",
        "&created_before={then}&member_id={owner}&model=model-3",
        "&service_tiers=flex",
    ]
    lists = ((FILES, files), (BATCHES, batches), (REQUESTS, requests))
    return [f"{path}?limit=50{query}".format(**values) for path, queries in lists for query in queries]


async def test_no_page_and_no_purge_reads_a_large_table(busy: Management) -> None:
    then = (await busy.sql("SELECT created_at FROM batches ORDER BY created_at DESC OFFSET 200 LIMIT 1"))[0][0]
    values = {
        "file": (await answered(busy.admin.get(f"{FILES}?limit=90"), 200))["last_id"],
        "batch": (await answered(busy.admin.get(f"{BATCHES}?limit=90"), 200))["last_id"],
        "owner": OWNER,
        "heavy": HEAVY,
        "then": then.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    read: dict[str, set[str] | int] = {}
    for path in _pages(values):
        with statements(busy) as sent:
            await answered(busy.admin.get(path), 200)
        asked = [statement for statement in sent if statement.reads]
        assert asked, path
        for statement in asked:
            if tables := await scanned(busy, statement) & LARGE:
                read[path] = tables
            elif (rows := await most_touched(busy, statement)) > MOST and not _is_count(statement):
                read[path] = rows
            elif len(days := await _days_looked_at(busy, statement)) > MOST_DAYS:
                read[path] = days
    assert read == {}
    await _check_purge(busy)


async def _check_purge(busy: Management) -> None:
    ago = "now() - interval '30 days'"
    await busy.sql(f"UPDATE files SET expires_at = {ago} WHERE filename LIKE 'work-%7.jsonl'")  # noqa: S608
    old = f"deleted_at = {ago}, expires_at = {ago}, output_file_id = NULL, error_file_id = NULL"
    await busy.sql(f"UPDATE batches SET {old} WHERE filename LIKE 'work-77_.jsonl'")  # noqa: S608
    for table in LARGE:
        await busy.sql(f"ANALYZE {table}")
    with statements(busy) as sent:
        await purge_files_and_batches(busy.services, rows=20)
    assert await busy.sql("SELECT 1 FROM batches WHERE filename = 'work-777.jsonl'") == []
    assert await busy.sql("SELECT 1 FROM files WHERE filename = 'work-777.jsonl'") == []
    different = {statement.text: statement for statement in sent if not statement.text.startswith("SELECT pg_try")}
    for statement in different.values():
        assert not await scanned(busy, statement) & LARGE, statement.text


async def _days_looked_at(busy: Management, statement: Statement) -> set[str]:
    return {name for name in await looked_at(busy, statement) if name.startswith("requests_")}


def _is_count(statement: Statement) -> bool:
    """The list of requests says how many there are: it adds up the counts of batches, not the requests."""
    return statement.text.startswith("SELECT coalesce(sum(")
