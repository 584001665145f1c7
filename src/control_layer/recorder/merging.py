"""The statements that make rows of what stands in the staging tables. Done twice, each does nothing the second time."""

from __future__ import annotations

from sqlalchemy import TextClause, text

from control_layer.recorder.pricing import CACHE_COLUMNS, COST, PARTS, TARIFF_COLUMNS
from control_layer.recorder.staging import BODIES, CLOSED, OPENED

__all__ = ["BODIES_KEPT", "CLOSED_AND_CHARGED", "GIVEN_UP", "OPENED_NOTED", "announced"]

# An `Opened` that is read again behind its `Closed` stays here until its journal ends, and is then found to have a row.
OPENED_NOTED = text(f"""
    INSERT INTO open_requests ({OPENED.columns()}) SELECT {OPENED.columns()} FROM {OPENED.name}
    ON CONFLICT (id) DO NOTHING
""")  # noqa: S608 - made of names

_STORED = tuple(name for name in CLOSED.types if name not in ("free", "batch_request_id"))
_CHARGED = ("batch_id", "custom_id", "input_price_per_token", "output_price_per_token", "cost")
_ENDED = tuple(name for name in (*_STORED, *_CHARGED) if name not in OPENED.types)

# Requests of batches name themselves in the id that the worker sends; only the server has keys of that purpose, so
# nobody else can, whatever id a client makes up. The tariff is the one that the gateway admitted the request under.
# Where it did not say, it is the one in force when the request was made: for its key's purpose and the batch's window,
# else for the purpose, else for realtime. A key that is gone counts as realtime.
_PRICED = f"""
    SELECT {", ".join(f"new.{name}" for name in _STORED)}, batch.id, batch.custom_id,
        tariff.input_price_per_token, tariff.output_price_per_token, {COST}, coalesce(api_keys.purpose, 'realtime')
    FROM {CLOSED.name} AS new
    LEFT JOIN api_keys ON api_keys.id = new.key_id
    LEFT JOIN LATERAL (
        SELECT batches.id, batches.completion_window, file_requests.custom_id FROM batch_requests
        JOIN batches ON batches.id = batch_requests.batch_id
        JOIN file_requests
            ON file_requests.file_id = batches.source_file_id AND file_requests.line = batch_requests.line
        WHERE batch_requests.id = CASE api_keys.purpose WHEN 'batch' THEN new.batch_request_id END
    ) AS batch ON true
    LEFT JOIN LATERAL (
        SELECT {TARIFF_COLUMNS} FROM tariffs
        WHERE NOT new.free AND model_id = new.model_id AND (
            id = new.tariff_id
            OR new.tariff_id IS NULL AND valid_from <= new.at AND coalesce(valid_until > new.at, true)
                AND api_key_purpose IN (api_keys.purpose, 'realtime')
                AND (completion_window IS NULL OR completion_window = batch.completion_window)
        )
        ORDER BY api_key_purpose IS NOT DISTINCT FROM api_keys.purpose DESC, completion_window IS NOT NULL DESC,
            valid_from DESC
        LIMIT 1
    ) AS tariff ON true
    LEFT JOIN LATERAL (
        SELECT {CACHE_COLUMNS} FROM cache_pricings
        WHERE tariff.input_price_per_token > 0 AND (new.cached_input_tokens > 0 OR new.cache_write_tokens > 0)
            AND model_id = new.model_id AND valid_from <= new.at AND coalesce(valid_until > new.at, true)
        ORDER BY valid_from DESC
        LIMIT 1
    ) AS cache ON true
    CROSS JOIN LATERAL ({PARTS}) AS part
"""  # noqa: S608 - made of the names above

# `recorded` are the rows that ended here and now, and no others: a replay finds its rows there and returns none of
# them. Whatever is to be counted once, in the transaction that records, is counted from it: charges, budgets and
# analytics are. A gateway's own recorder alone counts what it spent. A request that was given up, because its gateway
# was believed dead, ends after all; what was known of it when it began stays as it was counted.
_CLOSED_AND_CHARGED = f"""
    WITH recorded AS (
        INSERT INTO requests ({", ".join((*_STORED, *_CHARGED, "purpose"))})
        {_PRICED}
        ON CONFLICT (at, id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _ENDED)}
        WHERE requests.outcome = 'lost'
        RETURNING at, id, user_id, key_id, model, cost, batch_id, worker_id, budgets, given_up
    ),
    to_be_folded AS (
        INSERT INTO unfolded_requests (at, id, lost) SELECT at, id, CASE WHEN given_up THEN -1 ELSE 0 END FROM recorded
    ),
    no_longer_open AS (
        DELETE FROM open_requests USING {CLOSED.name} AS new WHERE open_requests.id = new.id
    ),
    counted AS (
        INSERT INTO budget_spending AS spending (budget_id, window_start, worker_id, spent, requests)
        SELECT budget.id, budget.window, recorded.worker_id, sum(coalesce(recorded.cost, 0)), count(*)
        FROM recorded
        CROSS JOIN LATERAL jsonb_to_recordset(recorded.budgets) AS budget (id uuid, "window" timestamptz)
        GROUP BY 1, 2, 3
        ON CONFLICT (budget_id, window_start, worker_id) DO UPDATE
            SET spent = spending.spent + excluded.spent, requests = spending.requests + excluded.requests
    )
    INSERT INTO transactions
        (id, user_id, transaction_type, amount, source_id, description, api_key_id, batch_id, service_tier)
    SELECT recorded.id, recorded.user_id, 'usage', recorded.cost, recorded.id::text, recorded.model,
        recorded.key_id, recorded.batch_id, CASE WHEN recorded.batch_id IS NULL THEN 'realtime' ELSE 'batch' END
    FROM recorded
    JOIN users ON users.id = recorded.user_id
    WHERE recorded.cost > 0
    ON CONFLICT (source_id) DO NOTHING
"""  # noqa: S608 - made of the names above
CLOSED_AND_CHARGED = text(_CLOSED_AND_CHARGED)

_BODY = ", ".join(name for name in BODIES.types if name != "said")

# A body is kept only when its request's owner is known and lets us keep it. Its request ends in the same batch, or is
# still open: a body is written before the end, and the end is recorded behind this.
BODIES_KEPT = text(f"""
    INSERT INTO request_bodies (at, {_BODY}, words)
    SELECT coalesce(closed.at, open.at), {_BODY}, to_tsvector('simple', said) FROM {BODIES.name} AS new
    LEFT JOIN {CLOSED.name} AS closed ON closed.id = new.request_id
    LEFT JOIN open_requests AS open ON open.id = new.request_id
    JOIN users ON users.id = coalesce(closed.user_id, open.user_id) AND NOT users.zero_data_retention
    LEFT JOIN api_keys ON api_keys.id = coalesce(closed.key_id, open.key_id)
    WHERE api_keys.zero_data_retention IS NOT TRUE
    ON CONFLICT (at, request_id) DO NOTHING
""")  # noqa: S608 - made of names

# The rule for tokens: none. Nobody knows what a dead gateway had yet to hear from the provider.
_GIVEN_UP = f"""
    WITH gone AS (DELETE FROM open_requests WHERE worker_id = :worker_id RETURNING *),
    given_up AS (
        INSERT INTO requests ({OPENED.columns()}, outcome, error, purpose, given_up)
        SELECT {OPENED.columns(of="gone")}, 'lost', 'gateway_lost', coalesce(api_keys.purpose, 'realtime'), true
        FROM gone LEFT JOIN api_keys ON api_keys.id = gone.key_id
        ON CONFLICT (at, id) DO NOTHING
        RETURNING at, id
    )
    INSERT INTO unfolded_requests (at, id, lost) SELECT at, id, 1 FROM given_up
"""  # noqa: S608 - made of names
GIVEN_UP = text(_GIVEN_UP)


def announced(statement: TextClause) -> TextClause:
    """`CLOSED_AND_CHARGED` or `GIVEN_UP`, which also puts what ended into the outbox of sinks."""
    source = "given_up" if statement is GIVEN_UP else "recorded"
    before, found, after = statement.text.rpartition("    INSERT INTO ")
    return text(f"""{before.rstrip()},
    announced AS (
        INSERT INTO recorded_batches (requests, times, ids)
        SELECT count(*), array_agg(at ORDER BY at, id), array_agg(id ORDER BY at, id) FROM {source} HAVING count(*) > 0
    )
{found}{after}""")  # noqa: S608 - made of names
