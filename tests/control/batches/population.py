"""Files, batches and requests of batches in numbers, made inside the database."""

from __future__ import annotations

from dataclasses import dataclass

from tests.control.management import Management

OWNER, HEAVY = "00000000-0000-4000-8000-000000000007", "00000000-0000-4000-8000-000000000001"
"""One of two hundred who share a half of everything, and the one who has the other half."""

_STATEMENTS = """
INSERT INTO users (id, username, email, auth_source)
SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'owner-' || n, 'owner-' || n, 'native'
FROM generate_series(1, 200) AS n;

CREATE TEMPORARY TABLE made AS
SELECT n, md5('batch' || n)::uuid AS id, md5('input' || n)::uuid AS input_id, md5('output' || n)::uuid AS output_id,
    md5('error' || n)::uuid AS error_id, now() - n * interval '1 minute' AS at,
    ('00000000-0000-4000-8000-' || lpad((CASE WHEN n % 2 = 0 THEN 1 ELSE n % 200 + 1 END)::text, 12, '0'))::uuid AS who,
    -- Of two thousand, one runs, one is late, some failed or were cancelled; all others are completed.
    CASE n % 2000 WHEN 7 THEN 'active' WHEN 1008 THEN 'late' WHEN 500 THEN 'cancelled' WHEN 501 THEN 'cancelled'
        WHEN 600 THEN 'failed' WHEN 601 THEN 'failed' ELSE 'completed' END AS fate
FROM generate_series(1, {batches}) AS n;

INSERT INTO files (id, filename, purpose, bytes, lines, uploaded_by, created_at, expires_at)
SELECT input_id, 'work-' || n || '.jsonl', 'batch', 1000, {lines}, who, at, at + interval '300 days' FROM made
UNION ALL
SELECT output_id, 'batch-' || id || '-output.jsonl', 'batch_output', 0, 0, who, at, NULL FROM made
UNION ALL
SELECT error_id, 'batch-' || id || '-error.jsonl', 'batch_error', 0, 0, who, at, NULL FROM made;

INSERT INTO file_requests (file_id, line, custom_id, url, model, body)
SELECT input_id, line, 'line-' || line, '/v1/chat/completions', 'model-' || (n + line) % 10, '{{}}'
FROM made, generate_series(1, {lines}) AS line;

INSERT INTO batches (id, endpoint, completion_window, source_file_id, filename, input_file_id, output_file_id,
    error_file_id, metadata, source, created_by, total, completed, failed, cancelled, created_at, expires_at,
    in_progress_at, finalizing_at, completed_at, failed_at, cancelling_at, cancelled_at)
SELECT id, '/v1/chat/completions', CASE WHEN n % 1000 = 9 THEN 'background' WHEN n % 10 = 0 THEN '1h' ELSE '24h' END,
    input_id, 'work-' || n || '.jsonl', input_id, output_id, error_id, jsonb_build_object('job', 'job-' || n), 'api',
    who, {lines}, CASE fate WHEN 'completed' THEN {lines} ELSE 0 END, CASE fate WHEN 'failed' THEN {lines} ELSE 0 END,
    CASE fate WHEN 'cancelled' THEN {lines} ELSE 0 END, at,
    CASE fate WHEN 'late' THEN at ELSE now() + interval '1 day' END, at, CASE fate WHEN 'completed' THEN at END,
    CASE fate WHEN 'completed' THEN at END, CASE fate WHEN 'failed' THEN at END,
    CASE fate WHEN 'cancelled' THEN at END, CASE fate WHEN 'cancelled' THEN at END
FROM made;

INSERT INTO batch_requests (id, batch_id, line, model, state, deadline, not_before, started_at, ended_at, response,
    status_code, position)
SELECT md5(n || '-' || line)::uuid, id, line, 'model-' || (n + line) % 10,
    CASE fate WHEN 'active' THEN CASE line WHEN 1 THEN 'running' ELSE 'pending' END WHEN 'late' THEN 'pending'
        ELSE fate END,
    at, at, at, CASE WHEN fate NOT IN ('active', 'late') THEN at END,
    CASE fate WHEN 'completed' THEN '{{}}'::bytea END, CASE fate WHEN 'completed' THEN 200 END, line
FROM made, generate_series(1, {lines}) AS line;

INSERT INTO requests (id, at, worker_id, key_id, user_id, model, model_id, method, path, stream, outcome, status,
    input_tokens, output_tokens, cost, batch_id, client_request_id)
SELECT gen_random_uuid(), at, id, id, who, 'model', id, 'POST', '/ai/v1/chat/completions', false, 'completed', 200, 3,
    5, 0.25, id, 'batch_req_' || md5(n || '-' || 1)::uuid FROM made;

DROP TABLE made
"""


@dataclass(frozen=True, slots=True)
class Work:
    """How much there is: each batch has a file of so many lines of its own."""

    batches: int
    lines: int

    async def make(self, management: Management) -> None:
        """Writes it, and has the planner know."""
        async with management.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            assert driver is not None
            await driver.execute("SET synchronous_commit = on")
            await driver.execute(_STATEMENTS.format(batches=self.batches, lines=self.lines), timeout=600)
            await driver.execute("VACUUM ANALYZE", timeout=600)
