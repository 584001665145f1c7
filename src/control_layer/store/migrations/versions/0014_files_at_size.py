"""Files and batches by the hundred thousand: what their lists, their purge and single requests of them need."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_OUTCOME = """
    CASE
        WHEN cancelling_at IS NOT NULL THEN 'cancelled'
        WHEN total > completed + failed + cancelled THEN NULL
        WHEN completed = 0 THEN 'failed'
        WHEN completed_at IS NULL THEN NULL
        ELSE 'completed'
    END
"""


def _tally(changes: str) -> str:
    """Adds what `changes`, rows of `batch_requests` and how often each counts, make to the tallies."""
    return f"""
        INSERT INTO batch_models AS tally (batch_id, model, total, completed, failed, cancelled)
        SELECT batch_id, model, sum(times),
            coalesce(sum(times) FILTER (WHERE state = 'completed'), 0),
            coalesce(sum(times) FILTER (WHERE state = 'failed'), 0),
            coalesce(sum(times) FILTER (WHERE state = 'cancelled'), 0)
        FROM ({changes}) AS changes
        WHERE deleted_at IS NULL
        GROUP BY batch_id, model
        HAVING sum(times) <> 0
            OR sum(times) FILTER (WHERE state = 'completed') <> 0
            OR sum(times) FILTER (WHERE state = 'failed') <> 0
            OR sum(times) FILTER (WHERE state = 'cancelled') <> 0
        ORDER BY batch_id, model
        ON CONFLICT (batch_id, model) DO UPDATE SET
            total = tally.total + excluded.total,
            completed = tally.completed + excluded.completed,
            failed = tally.failed + excluded.failed,
            cancelled = tally.cancelled + excluded.cancelled;
    """  # noqa: S608 - made of what stands below


_AFTER = "SELECT batch_id, model, state, deleted_at, 1 AS times FROM after_change"
_BEFORE = "SELECT batch_id, model, state, deleted_at, -1 AS times FROM before_change"

_STATEMENTS = (
    """
    CREATE INDEX ix_files_uploaded_by_purpose ON files (uploaded_by, purpose, created_at DESC, id DESC)
        WHERE deleted_at IS NULL
    """,
    "CREATE INDEX ix_files_purpose ON files (purpose, created_at DESC, id DESC) WHERE deleted_at IS NULL",
    "CREATE INDEX ix_files_searched ON files USING gin (search_vector(lower(filename)))",
    # Whether nearly all names or nearly none have a term in them decides where to look first.
    "CREATE STATISTICS files_searched ON (lower(filename)) FROM files",
    "ALTER FUNCTION search_vector(text) COST 1500",
    "CREATE INDEX ix_files_expires_at ON files (expires_at) WHERE deleted_at IS NULL AND expires_at IS NOT NULL",
    "CREATE INDEX ix_files_deleted_at ON files (deleted_at, id) WHERE deleted_at IS NOT NULL",
    "ALTER TABLE batches ADD COLUMN filename text",
    "UPDATE batches SET filename = files.filename FROM files WHERE files.id = batches.source_file_id",
    # The counts of a batch change with each of its requests: neither of these does, so no index is written for it.
    f"""
    ALTER TABLE batches
        ADD COLUMN outcome text GENERATED ALWAYS AS ({_OUTCOME}) STORED,
        ADD COLUMN active boolean NOT NULL GENERATED ALWAYS AS (({_OUTCOME}) IS NULL) STORED
    """,
    "CREATE INDEX ix_batches_active ON batches (active DESC, created_at DESC, id DESC) WHERE deleted_at IS NULL",
    """
    CREATE INDEX ix_batches_created_by_active ON batches (created_by, active DESC, created_at DESC, id DESC)
        WHERE deleted_at IS NULL
    """,
    "CREATE INDEX ix_batches_outcome ON batches (outcome, created_at DESC, id DESC) WHERE deleted_at IS NULL",
    """
    CREATE INDEX ix_batches_created_by_outcome ON batches (created_by, outcome, created_at DESC, id DESC)
        WHERE deleted_at IS NULL
    """,
    "CREATE INDEX ix_batches_late ON batches (expires_at) WHERE active AND deleted_at IS NULL",
    """
    CREATE INDEX ix_batches_completion_window ON batches (completion_window, created_at DESC, id DESC)
        WHERE deleted_at IS NULL
    """,
    """
    CREATE FUNCTION batch_text(id uuid, filename text, metadata jsonb)
    RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT lower(id::text || chr(31) || coalesce(filename, '') || chr(31) || metadata::text)
    $$
    """,
    # No stored columns: each request's end writes its batch's row anew, which had better be short.
    "CREATE INDEX ix_batches_searched ON batches USING gin (search_vector(batch_text(id, filename, metadata)))",
    "CREATE STATISTICS batches_searched ON (batch_text(id, filename, metadata)) FROM batches",
    "CREATE INDEX ix_batches_deleted_at ON batches (deleted_at, id) WHERE deleted_at IS NOT NULL",
    "ALTER TABLE batch_requests ADD COLUMN deleted_at timestamptz",
    """
    CREATE INDEX ix_batch_requests_returned ON batch_requests (batch_id, id)
        WHERE state = 'pending' AND deleted_at IS NOT NULL
    """,
    """
    CREATE TABLE batch_models (
        batch_id uuid NOT NULL,
        model text NOT NULL,
        total bigint DEFAULT 0 NOT NULL,
        completed bigint DEFAULT 0 NOT NULL,
        failed bigint DEFAULT 0 NOT NULL,
        cancelled bigint DEFAULT 0 NOT NULL,
        CONSTRAINT pk_batch_models PRIMARY KEY (batch_id, model),
        CONSTRAINT fk_batch_models_batch_id FOREIGN KEY (batch_id) REFERENCES batches (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_batch_models_model ON batch_models (model, batch_id)",
    "CREATE INDEX ix_batch_models_failed ON batch_models (batch_id) WHERE failed > 0",
    "CREATE INDEX ix_batch_models_cancelled ON batch_models (batch_id) WHERE cancelled > 0",
    _tally("SELECT batch_id, model, state, deleted_at, 1 AS times FROM batch_requests"),
    f"""
    CREATE FUNCTION tally_batch_requests() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            {_tally(_AFTER)}
        ELSE
            {_tally(f"{_AFTER} UNION ALL {_BEFORE}")}
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER tally_inserted AFTER INSERT ON batch_requests REFERENCING NEW TABLE AS after_change
        FOR EACH STATEMENT EXECUTE FUNCTION tally_batch_requests()
    """,
    """
    CREATE TRIGGER tally_updated AFTER UPDATE ON batch_requests
        REFERENCING OLD TABLE AS before_change NEW TABLE AS after_change
        FOR EACH STATEMENT EXECUTE FUNCTION tally_batch_requests()
    """,
    # What a batch's request used, by the id that the worker sends with it.
    "CREATE INDEX ix_requests_client_request_id ON requests (client_request_id) WHERE batch_id IS NOT NULL",
)


def upgrade() -> None:
    """Only adds."""
    for statement in _STATEMENTS:
        op.execute(statement)
