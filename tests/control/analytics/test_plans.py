"""No question that a page asks reads the whole of `requests` or `transactions`: what the planner says of large tables.

`requests` has a partition for each day; a question about a day, or about the last 24 hours, may read that day's whole.

Everything is asked over HTTP; the statements are taken from the engine and explained as they were sent.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from tests.control.management import API, Management, answered, managed, settings_for_tests
from tests.control.plans import looked_at, scanned, statements

from control_layer.recorder import Folding

_ABOUT_TRAFFIC = re.compile(r"\b(FROM|JOIN) (requests|transactions)\b")
_OF_THE_LOG = re.compile(r"/requests(\?|/\d|/export)")
_DAY = re.compile(r"requests_\d")
_DAYS_READ = 2
_ROWS = 30_000
_DAYS = 30
_LONG_AGO = (datetime.now(UTC) - timedelta(days=_DAYS - 1)).isoformat()

_DAYS_OF_IT = f"""
    SELECT make_traffic_day((now() AT TIME ZONE 'UTC')::date - n) FROM generate_series(0, {_DAYS}) AS n
"""  # noqa: S608 - made of numbers
_REQUESTS = f"""
    INSERT INTO requests (id, at, worker_id, key_id, user_id, model, model_id, method, path, stream, outcome, status,
        duration_seconds, input_tokens, output_tokens, cost, batch_id, custom_id)
    SELECT gen_random_uuid(), now() - make_interval(secs => ({_ROWS} - n) * ({_DAYS} * 86400.0 / {_ROWS})),
        md5('worker')::uuid, md5('key' || n % 300)::uuid, md5('user' || n % 300)::uuid, 'model-' || n % 50,
        md5('model' || n % 50)::uuid, 'POST', '/ai/v1/chat/completions', n % 2 = 0, 'completed',
        CASE WHEN n % 500 = 0 THEN 500 WHEN n % 20 = 0 THEN 429 ELSE 200 END, random() * 3, 100, 200, 0.001,
        CASE WHEN n % 10 = 0 THEN md5('batch' || n / 1000)::uuid END, CASE WHEN n % 10 = 0 THEN 'request-' || n END
    FROM generate_series(1, {_ROWS}) AS n
"""  # noqa: S608 - made of numbers
_USERS = """
    INSERT INTO users (id, username, email, auth_source)
    SELECT md5('user' || n)::uuid, 'user-' || n, 'user-' || n, 'native' FROM generate_series(0, 299) AS n
"""
_TRANSACTIONS = """
    INSERT INTO transactions (id, user_id, transaction_type, amount, source_id, batch_id)
    SELECT gen_random_uuid(), user_id, 'usage', cost, id::text, batch_id FROM requests ORDER BY at
"""
_UNFOLDED = "INSERT INTO unfolded_requests (at, id) SELECT at, id FROM requests"


@pytest.fixture
async def busy(database_url: str) -> AsyncIterator[Management]:
    """An instance with a month of traffic."""
    async with managed(database_url, settings_for_tests()) as management:
        for statement in (_DAYS_OF_IT, _REQUESTS, _USERS, _TRANSACTIONS, _UNFOLDED):
            await management.sql(statement)
        await Folding(management.engine, most=_ROWS).fold()
        await management.sql("ANALYZE")
        yield management


async def test_no_page_reads_a_whole_table(busy: Management) -> None:
    columns = "user_id, key_id, sequence, batch_id"
    (user,) = await busy.sql(f"SELECT {columns} FROM requests WHERE batch_id IS NOT NULL LIMIT 1")  # noqa: S608 - ours
    log, account = f"{API}/requests?limit=100", f"{API}/transactions?limit=100&user_id={user.user_id}"
    paths = [
        log,
        f"{log}&skip=1000",
        f"{log}&method=POST",
        f"{log}&method=TRACE",
        f"{log}&uri_pattern=%25chat%25",
        f"{log}&uri_pattern=%25nothing%25",
        f"{log}&status_code=200",
        f"{log}&status_code=500",
        f"{log}&status_code=418",
        f"{log}&status_code_min=400&status_code_max=499",
        f"{log}&min_duration_ms=2900",
        f"{log}&min_duration_ms=90000",
        f"{log}&max_duration_ms=1",
        f"{log}&timestamp_after={_LONG_AGO.replace('+', '%2B')}",
        f"{log}&timestamp_before={_LONG_AGO.replace('+', '%2B')}",
        f"{log}&model=model-3",
        f"{log}&model=nothing",
        f"{log}&fusillade_batch_id={user.batch_id}",
        f"{log}&fusillade_batch_id={uuid.uuid4()}",
        f"{log}&custom_id=request-77",
        f"{log}&custom_id=nothing",
        f"{log}&user_id={user.user_id}",
        f"{log}&key_id={user.key_id}",
        f"{log}&group_id={uuid.uuid4()}",
        f"{log}&endpoint_id={uuid.uuid4()}",
        f"{log}&purpose=playground",
        f"{log}&outcome=failed",
        f"{log}&error=model_unavailable",
        f"{log}&finish_reason=length",
        f"{log}&stream=true&min_cost=1&min_tokens=100000",
        f"{log}&request_id=theirs",
        f"{log}&before={user.sequence}",
        f"{API}/requests/{user.sequence}",
        f"{API}/requests/export?outcome=failed",
        f"{API}/requests/aggregate",
        f"{API}/requests/aggregate?model=model-3",
        f"{API}/requests/aggregate?timestamp_after={_LONG_AGO.replace('+', '%2B')}",
        f"{API}/requests/aggregate-by-user?model=model-3",
        f"{API}/requests/aggregate-by-user?model=model-3&start_date={_LONG_AGO.replace('+', '%2B')}",
        f"{API}/models?include=metrics",
        f"{API}/usage?user_id={user.user_id}",
        f"{API}/usage?user_id={user.user_id}&start_date={_LONG_AGO.replace('+', '%2B')}",
        account,
        f"{account}&skip=10",
        f"{account}&group_batches=true",
        f"{account}&group_batches=true&skip=10",
        f"{account}&search=nothing",
        f"{account}&transaction_types=purchase",
        f"{API}/transactions?all=true&limit=100",
    ]
    read: dict[str, set[str]] = {}
    for path in paths:
        with statements(busy) as sent:
            assert (await busy.admin.get(path)).status_code == 200, path
        asked = [statement for statement in sent if _ABOUT_TRAFFIC.search(statement.text)]
        assert asked, path
        first = "SET LOCAL enable_seqscan = off" if _OF_THE_LOG.search(path) else None  # as its pages do
        for statement in asked:
            tables = await scanned(busy, statement, first=first)
            if "transactions" in tables or len([name for name in tables if _DAY.match(name)]) > _DAYS_READ:
                read[path] = tables
    assert not read


async def test_a_question_about_a_day_plans_to_look_at_no_other(busy: Management) -> None:
    (user,) = await busy.sql("SELECT user_id FROM requests LIMIT 1")
    since = (datetime.now(UTC) - timedelta(days=1)).isoformat().replace("+", "%2B")
    for path in (
        f"{API}/requests/aggregate?model=model-3",
        f"{API}/requests/aggregate-by-user?model=model-3",
        f"{API}/usage?user_id={user.user_id}&start_date={since}",
        f"{API}/analytics?group_by=hour&percentiles=true",
        f"{API}/analytics?group_by=user,day",
    ):
        with statements(busy) as sent:
            await answered(busy.admin.get(path), 200)
        tables = [await looked_at(busy, each) for each in sent if each.reads and _ABOUT_TRAFFIC.search(each.text)]
        assert tables, path
        assert max(len([name for name in looked if _DAY.match(name)]) for looked in tables) <= _DAYS_READ, path
