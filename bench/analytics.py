"""How long questions about a month take: `python -m bench.analytics [--requests 10000000] [--data DIR]`.

Makes a month of traffic inside a Postgres of its own, has it added up by the control plane's own statement, and asks
the management API, in this process. With `--data`, the database is kept and used again.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import asyncpg
import httpx

from bench.percentile import percentile
from bench.population import Population
from bench.traffic import DAYS, fold_requests, make_requests
from control_layer.control.app import build_app, build_services
from control_layer.control.first_start.seeding import seed
from control_layer.settings import Settings
from control_layer.store.embedded import EmbeddedPostgres
from control_layer.store.engine import connect, open_engine
from control_layer.store.migrations import migrate

_PEOPLE = Population(users=1000, models=40, groups=10)
_TIMES = 20
_OK = 200
_BREAKDOWNS: dict[str, dict[str, str]] = {
    "models": {"group_by": "model"},
    "models, percentiles": {"group_by": "model", "percentiles": "true"},
    "models, compared": {"group_by": "model", "compare": "previous"},
    "days and models": {"group_by": "day,model"},
    "hours": {"group_by": "hour"},
    "hours, percentiles": {"group_by": "hour", "percentiles": "true"},
    "days of a model, percentiles": {"group_by": "day", "model": "model-3", "percentiles": "true"},
    "endpoints and statuses": {"group_by": "endpoint,status"},
    "users": {"group_by": "user"},
    "users of a model": {"group_by": "user", "model": "model-3"},
    "keys and models": {"group_by": "key,model"},
    "groups": {"group_by": "group"},
}
_PAGES: dict[str, dict[str, str]] = {
    "newest": {},
    "a thousand pages on, by skip": {"skip": "100000"},
    "a thousand pages on, by before": {"before": "{middle}"},
    "of a model": {"model": "model-3"},
    "of the busiest user": {"user_id": "{user}"},
    "of a key": {"key_id": "{key}"},
    "of a group": {"group_id": "{group}"},
    "status 500": {"status_code": "500"},
    "status 400 and more": {"status_code_min": "400"},
    "outcome, there is none": {"outcome": "lost"},
    "error, there is none": {"error": "model_unavailable"},
    "caller's id, there is none": {"request_id": "nobody's"},
    "longer than 20 s": {"min_duration_ms": "20000"},
    "longer than there is, a day": {"min_duration_ms": "9000000", "timestamp_after": "{yesterday}"},
    "path there is none of, a day": {"uri_pattern": "%nothing%", "timestamp_after": "{yesterday}"},
    "path there is none of, ever": {"uri_pattern": "%nothing%"},
}
_API = "/admin/api/v1"
_ADMIN = {
    "admin_email": "admin@example.org",
    "admin_password": "correct horse battery",
    "secret_key": "a secret of a benchmark",
}


async def _fill(url: str, requests: int) -> None:
    await migrate(url)
    connection = await connect(url, statement_seconds=None)
    try:
        if await connection.fetchval("SELECT EXISTS (SELECT FROM model_days)"):
            return
        await connection.execute(_PEOPLE.statements())
        await connection.execute(
            "UPDATE api_keys SET purpose = (ARRAY['realtime', 'realtime', 'realtime', 'playground', 'batch'])"
            "[1 + mod(abs(hashtext(id::text)), 5)]"
        )
        await make_requests(connection, _PEOPLE, requests)
        # As the retention of a running instance has it.
        await connection.execute("UPDATE traffic_horizon SET minutes_since = now() - interval '3 days'")
        begin = time.perf_counter()
        await fold_requests(url)
        seconds = time.perf_counter() - begin
        print(f"folded in {seconds:.0f} s: {seconds / requests * 1e6:.0f} µs per request")
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _names(connection: asyncpg.Connection) -> dict[str, str]:
    """What questions are about."""
    names = await connection.fetchrow(
        """
        SELECT user_id::text AS user, (SELECT sequence::text FROM requests WHERE at < now() - interval '15 days'
            ORDER BY at DESC LIMIT 1) AS middle,
            (SELECT id::text FROM api_keys WHERE user_id = of.user_id AND name = 'key') AS key,
            (SELECT group_id::text FROM group_members WHERE user_id = of.user_id LIMIT 1) AS group
        FROM (SELECT user_id FROM account_days GROUP BY user_id ORDER BY sum(requests) DESC LIMIT 1) AS of
        """
    )
    return {**names, "yesterday": (datetime.now(UTC) - timedelta(days=1)).isoformat()}


def _questions(names: dict[str, str]) -> dict[str, str]:
    user = names["user"]
    month = datetime.now(UTC) - timedelta(days=DAYS)
    since, start = {"timestamp_after": month.isoformat()}, {"start_date": month.isoformat()}
    return {
        "aggregate, a day": f"{_API}/requests/aggregate",
        "aggregate, 30 days": f"{_API}/requests/aggregate?{urlencode(since)}",
        "aggregate of a model, 30 days": f"{_API}/requests/aggregate?{urlencode({**since, 'model': 'model-3'})}",
        "aggregate by user, a day": f"{_API}/requests/aggregate-by-user?model=model-3",
        "aggregate by user, 30 days": f"{_API}/requests/aggregate-by-user?{urlencode({**start, 'model': 'model-3'})}",
        "usage of the busiest, 30 days": f"{_API}/usage?{urlencode({**start, 'user_id': user})}",
        "usage of the busiest, ever": f"{_API}/usage?user_id={user}",
        "one request, by its number": f"{_API}/requests/{names['middle']}",
        **{
            f"log, {name}": f"{_API}/requests?limit=100&"
            + urlencode({field: value.format(**names) for field, value in query.items()})
            for name, query in _PAGES.items()
        },
        "models with metrics": f"{_API}/models?include=metrics&limit=100",
        **{
            f"analytics, {name}": f"{_API}/analytics?{urlencode({'start': month.isoformat(), **query})}"
            for name, query in _BREAKDOWNS.items()
        },
    }


@asynccontextmanager
async def _asking(url: str) -> AsyncIterator[httpx.AsyncClient]:
    engine = open_engine(url, pool_size=5)
    with tempfile.TemporaryDirectory() as directory:
        services = build_services(
            engine=engine, settings=Settings.model_validate(_ADMIN), mail_directory=Path(directory)
        )
        await seed(services)
        transport = httpx.ASGITransport(build_app(services))
        async with httpx.AsyncClient(transport=transport, base_url="https://control.test", timeout=60) as client:
            login = {"email": _ADMIN["admin_email"], "password": _ADMIN["admin_password"]}
            (await client.post("/authentication/login", json=login)).raise_for_status()
            yield client
        services.passwords.close()
        await engine.dispose()


async def measure(url: str, requests: int) -> None:
    """Prints what each question takes, in milliseconds."""
    await _fill(url, requests)
    connection = await connect(url, statement_seconds=None)
    names = await _names(connection)
    for table in await connection.fetch(
        "SELECT relname, reltuples::bigint AS rows, pg_total_relation_size(oid) / 1048576 AS mb FROM pg_class "
        "WHERE relname ~ '^(model|account|latency|batch)_(minutes|hours|days)$' ORDER BY relname"
    ):
        print(f"{table['relname']:34} {table['rows']:>12,} rows {table['mb']:>8,} MB")
    await connection.close()
    print(f"\n{'milliseconds':40} {'first':>8} {'p50':>8} {'p95':>8}")
    async with _asking(url) as client:
        for name, path in _questions(names).items():
            taken = []
            for _ in range(_TIMES):
                begin = time.perf_counter()
                answer = await client.get(path)
                taken.append((time.perf_counter() - begin) * 1000)
                if answer.status_code != _OK:
                    break
            figures = f"{taken[0]:>8.0f} {percentile(taken, 50):>8.0f} {percentile(taken, 95):>8.0f}"
            print(f"{name:40} {figures if answer.status_code == _OK else answer.text[:60]}", flush=True)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000_000)
    parser.add_argument("--data", type=Path, help="a directory for the database, which is kept there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        postgres = EmbeddedPostgres((options.data or Path(directory)) / "postgres")
        try:
            asyncio.run(measure(postgres.start(), options.requests))
        finally:
            postgres.stop()


if __name__ == "__main__":
    main()
