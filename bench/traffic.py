"""A month of requests of a company, made inside the database and added up by the control plane's own statement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg

from bench.population import Population
from control_layer.recorder import Folding
from control_layer.store.engine import open_engine

__all__ = ["DAYS", "fold_requests", "make_requests"]

DAYS = 30

# Half of the people make nine tenths of the requests, each of a few models.
_DAY = """
    WITH customers AS MATERIALIZED (
        SELECT users.id AS user_id, api_keys.id AS key_id, api_keys.purpose, row_number() OVER (ORDER BY users.id) AS n
        FROM users JOIN api_keys ON api_keys.user_id = users.id AND api_keys.name = 'key'
    ),
    offers AS MATERIALIZED (
        SELECT id, alias, hosted_on, row_number() OVER (ORDER BY id) AS n FROM models
    ),
    made AS MATERIALIZED (
        SELECT $1::timestamptz + i * ($2::interval / $3) AS at, 1 + floor({users} * random() ^ 2.5) AS customer,
            floor(4 * random() ^ 2) AS choice, random() < 0.5 AS stream, random() AS fate,
            0.1 * exp(1.5 * (random() + random() + random() + random())) AS took,
            (20 + 4000 * random() ^ 3)::bigint AS given, (800 * random())::bigint AS said
        FROM generate_series(0, $3 - 1) AS i
    ),
    new AS (
        INSERT INTO requests (at, id, worker_id, key_id, user_id, model, model_id, method, path, stream, outcome,
            status, attempts, first_byte_seconds, duration_seconds, input_tokens, output_tokens, cached_input_tokens,
            token_source, cost, batch_id, purpose)
        SELECT at, gen_random_uuid(), md5('worker')::uuid, key_id, user_id, alias, offers.id, 'POST',
            '/ai/v1/chat/completions', stream, 'completed',
            CASE WHEN fate < 0.97 THEN 200 WHEN fate < 0.997 THEN 429 ELSE 500 END,
            jsonb_build_array(jsonb_build_object('endpoint_id', hosted_on)), took / 3, took, given, said,
            CASE WHEN given > 1024 THEN given / 2 END, 'provider', given * 0.0000025 + said * 0.00001,
            CASE purpose WHEN 'batch' THEN md5('batch' || user_id || at::date)::uuid END, purpose
        FROM made JOIN customers ON customers.n = made.customer
        JOIN offers ON offers.n = 1 + (made.customer * 7 + choice * 11)::bigint % {models}
        RETURNING at, id
    )
    INSERT INTO unfolded_requests (at, id) SELECT at, id FROM new
"""


async def make_requests(connection: asyncpg.Connection, people: Population, requests: int) -> None:
    """So many, over `DAYS` days until now, of `people`, who must be there."""
    first = datetime.now(UTC) - timedelta(days=DAYS)
    statement = _DAY.format(users=people.users, models=people.models)
    for day in range(DAYS + 1):
        await connection.execute("SELECT make_traffic_day($1)", (first + timedelta(days=day)).date())
    for day in range(DAYS):
        start = first + timedelta(days=day)
        await connection.execute(statement, start, timedelta(days=1), requests // DAYS)
        print(f"\r{(day + 1) * (requests // DAYS):,} requests made", end="", flush=True)
    print()


async def fold_requests(url: str) -> None:
    """Adds up all that is not yet."""
    engine = open_engine(url, pool_size=1)
    folding = Folding(engine)
    while await folding.fold():
        pass
    await engine.dispose()
