"""Administrators list, filter and export the audit log; nobody else sees it; its size does not matter."""

from __future__ import annotations

import asyncio
import csv
import io
import itertools
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx
import psutil
import pytest
from tests.control.audit.log import entries, head, newest
from tests.control.management import API, Management, answered, refused

from control_layer.control.permissions import Role

_MANY = 50_000
_ENTRY_BYTES = 2000


async def _fill(management: Management, rows: int, size: int = 1) -> None:
    """Entries by way of the log's own trigger, about a resource that there is not."""
    await management.sql(
        "INSERT INTO audit_log (resource, resource_id, operation, after) "
        "SELECT 'widgets', n::text, 'create', jsonb_build_object('text', repeat('x', $2::int)) "
        "FROM generate_series(1, $1::int) n",
        rows,
        size,
    )
    async with management.engine.connect() as connection:
        await connection.exec_driver_sql("ANALYZE audit_log")
        await connection.commit()


@pytest.mark.parametrize("path", ["/audit", "/audit/export"])
async def test_only_who_may_read_the_system_sees_the_log(management: Management, path: str) -> None:
    anonymous = await management.client()
    await refused(anonymous.get(API + path), 401, "Authentication required")
    for role in Role:
        person = await management.person(role)
        if role is Role.PLATFORM_MANAGER:
            assert (await person.client.get(API + path)).status_code == 200
        else:
            await refused(person.client.get(API + path), 403, "Insufficient permissions to Read System")


async def test_the_log_is_paged_newest_first(management: Management) -> None:
    await _fill(management, 25)
    last = await head(management)
    seen: list[int] = []
    query: dict[str, Any] = {"limit": 10}
    while True:
        page = await answered(management.admin.get(f"{API}/audit", params=query), 200)
        seen += [entry["sequence"] for entry in page["data"]]
        if not page["has_more"]:
            break
        query["before"] = seen[-1]
        await management.group()  # what comes in meanwhile moves no page
    assert seen == list(range(last, 0, -1))


async def test_pages_are_capped_and_default_to_fifty(management: Management) -> None:
    await _fill(management, 1100)
    for query, size in (({}, 50), ({"limit": 5000}, 1000), ({"limit": -1}, 1)):
        page = await answered(management.admin.get(f"{API}/audit", params=query), 200)
        assert (len(page["data"]), page["has_more"]) == (size, True)


@pytest.mark.parametrize(
    "query",
    ["before=x", "before=999999", "before=-1", f"before={2**64}", "since=yesterday", "since=2026-01-01T00:00:00",
     "until=0001-01-01T00:00:00%2B14:00", "limit=x", "resource=%00", f"actor={'x' * 300}"],
)  # fmt: skip
async def test_a_query_that_makes_no_sense_is_refused(management: Management, query: str) -> None:
    response = await management.admin.get(f"{API}/audit?{query}")
    assert response.status_code == 400, response.text


async def test_filters_narrow_the_log(management: Management) -> None:
    group = await management.group("g")
    await answered(management.admin.patch(f"{API}/groups/{group}", json={"description": "d"}), 200)
    made, changed = reversed(await entries(management, resource_id=group))
    assert (made["operation"], changed["operation"]) == ("create", "update")
    assert await entries(management, resource="groups", operation="update", resource_id=group) == [changed]
    by_admin = await entries(management, actor=management.admin_id, resource="groups")
    assert by_admin == await entries(management, actor=f"user:{management.admin_id}", resource="groups")
    assert by_admin == [changed, made]
    assert {entry["actor"] for entry in await entries(management, actor="system:first-start")} == {"system:first-start"}
    assert await entries(management, actor=str(uuid.uuid4())) == []
    assert await entries(management, since=changed["at"], resource="groups") == [changed]
    assert await entries(management, until=changed["at"], since=made["at"], resource="groups") == [made]
    assert await entries(management, since=datetime(2100, 1, 1, tzinfo=UTC).isoformat()) == []


async def test_each_entry_names_the_one_before(management: Management) -> None:
    await management.group()
    log = await entries(management)
    for newer, older in itertools.pairwise(log):
        assert newer["previous_hash"] == older["hash"]


async def test_an_export_is_the_log_oldest_first_and_an_entry_itself(management: Management) -> None:
    await management.group("ü\n,\"'")
    log = list(reversed(await entries(management)))
    answer = await management.admin.get(f"{API}/audit/export", params={"since": "2020-01-01T00:00:00Z"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="audit-log.ndjson"'
    assert [json.loads(line) for line in answer.text.splitlines()] == log
    entry = await newest(management)
    assert (entry["operation"], entry["resource"]) == ("export", "audit_log")
    assert entry["after"] == {"format": "ndjson", "since": "2020-01-01T00:00:00+00:00"}
    assert entry["actor"] == f"user:{management.admin_id}"


async def test_a_csv_export_is_read_by_csv_readers_and_runs_nothing(management: Management) -> None:
    where = {"user-agent": "=cmd|' /C calc'!A0"}
    await answered(management.admin.post(f"{API}/groups", json={"name": 'ü\n,"'}, headers=where), 201)
    entry = await newest(management)
    answer = await management.admin.get(f"{API}/audit/export", params={"format": "csv", "resource": "groups"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    *_, row = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert list(row) == list(entry)
    assert json.loads(row["after"]) == entry["after"]
    assert row["user_agent"] == f"'{entry['user_agent']}"
    assert (row["before"], row["sequence"], row["hash"]) == ("", str(entry["sequence"]), entry["hash"])


async def test_an_unknown_format_is_refused(management: Management) -> None:
    assert (await management.admin.get(f"{API}/audit/export?format=xml")).status_code == 400


async def test_an_export_of_any_size_takes_little_memory(management: Management) -> None:
    await _fill(management, _MANY, size=_ENTRY_BYTES)
    # The application's own interface to its server: httpx's transport for tests collects the whole answer first.
    answer = await management.admin.get(f"{API}/audit")
    cookie = answer.request.headers["cookie"].encode()
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "https",
        "path": f"{API}/audit/export", "raw_path": f"{API}/audit/export".encode(), "root_path": "",
        "query_string": b"resource=widgets", "headers": [(b"host", b"control.test"), (b"cookie", cookie)],
        "server": ("control.test", 443), "client": None,
    }  # fmt: skip
    process, lines, size, most = psutil.Process(), 0, 0, 0
    before = process.memory_info().rss

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()  # the client stays
        return {}

    async def send(message: Any) -> None:
        nonlocal lines, size, most
        body = message.get("body", b"")
        lines, size = lines + body.count(b"\n"), size + len(body)
        most = max(most, process.memory_info().rss)

    await management.app(scope, receive, send)
    assert lines == _MANY
    assert size > _MANY * _ENTRY_BYTES
    assert most - before < size / 4


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"actor": "user:x"},
        {"resource": "groups"},
        {"resource_id": "17"},
        {"operation": "update"},
        {"until": "2000-01-01T00:00:00Z"},
        {"since": "2100-01-01T00:00:00Z"},
    ],
    ids=str,
)
async def test_no_list_reads_the_whole_log(management: Management, filters: dict[str, str]) -> None:
    await _fill(management, 20_000)
    before = await _read_by_scans(management)
    page: httpx.Response = await management.admin.get(f"{API}/audit", params={"limit": 5, **filters})
    assert page.status_code == 200
    after = await _read_by_scans(management)
    assert after == before


async def _read_by_scans(management: Management) -> tuple[int, bool]:
    """Rows of the log that sequential scans have read, and whether many were read through indexes."""
    await management.sql("SELECT pg_stat_force_next_flush()")
    ((scanned, fetched),) = await management.sql(
        "SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'audit_log'"
    )
    return scanned, fetched > 50_000
