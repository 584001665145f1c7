"""A month of what probes found, made inside the database."""

from __future__ import annotations

import asyncpg

from bench.traffic import DAYS

__all__ = ["make_probes"]

# They claim to run once a week, so that few do meanwhile, and have results of every quarter of an hour. An hour in a
# hundred or so is an incident.
_STATEMENTS = f"""
INSERT INTO probes (id, name, model_id, interval_seconds)
SELECT gen_random_uuid(), 'probe-' || alias, id, 7 * 24 * 3600 FROM models ORDER BY alias LIMIT {{probes}};

INSERT INTO probe_results (id, probe_id, executed_at, success, response_time_ms, status_code, error_message)
SELECT gen_random_uuid(), probes.id, at, NOT failed, 100 + 900 * random(), CASE WHEN failed THEN 503 ELSE 200 END,
       CASE WHEN failed THEN 'The provider answered 503: overloaded' END
FROM probes, generate_series(now() - interval '{DAYS} days', now(), interval '15 minutes') AS at,
     LATERAL (SELECT hashtext(probes.name || date_trunc('hour', at)) % 97 = 0 AS failed) AS fate
"""  # noqa: S608 - nothing of it is anybody's input


async def make_probes(connection: asyncpg.Connection, probes: int) -> None:
    """So many models are watched, of those that are there."""
    await connection.execute(_STATEMENTS.format(probes=probes))
