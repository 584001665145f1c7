"""Files, batches, their requests, and the daemons that carry them out."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE files (
        id uuid NOT NULL,
        filename text NOT NULL,
        purpose text NOT NULL,
        bytes bigint DEFAULT 0 NOT NULL,
        lines bigint DEFAULT 0 NOT NULL,
        uploaded_by uuid NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        expires_at timestamptz,
        deleted_at timestamptz,
        CONSTRAINT pk_files PRIMARY KEY (id),
        CONSTRAINT ck_files_purpose CHECK (purpose IN ('batch', 'batch_output', 'batch_error'))
    )
    """,
    "CREATE INDEX ix_files_uploaded_by ON files (uploaded_by, created_at DESC, id DESC) WHERE deleted_at IS NULL",
    "CREATE INDEX ix_files_created_at ON files (created_at DESC, id DESC) WHERE deleted_at IS NULL",
    """
    CREATE TABLE file_requests (
        file_id uuid NOT NULL,
        line bigint NOT NULL,
        custom_id text NOT NULL,
        url text NOT NULL,
        model text NOT NULL,
        body bytea NOT NULL,
        CONSTRAINT pk_file_requests PRIMARY KEY (file_id, line),
        CONSTRAINT fk_file_requests_file_id FOREIGN KEY (file_id) REFERENCES files (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE batches (
        id uuid NOT NULL,
        endpoint text NOT NULL,
        completion_window text NOT NULL,
        source_file_id uuid NOT NULL,
        input_file_id uuid,
        output_file_id uuid,
        error_file_id uuid,
        metadata jsonb DEFAULT '{}' NOT NULL,
        source text NOT NULL,
        created_by uuid NOT NULL,
        total bigint NOT NULL,
        completed bigint DEFAULT 0 NOT NULL,
        failed bigint DEFAULT 0 NOT NULL,
        cancelled bigint DEFAULT 0 NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        expires_at timestamptz NOT NULL,
        in_progress_at timestamptz,
        finalizing_at timestamptz,
        completed_at timestamptz,
        failed_at timestamptz,
        cancelling_at timestamptz,
        cancelled_at timestamptz,
        deleted_at timestamptz,
        CONSTRAINT pk_batches PRIMARY KEY (id),
        CONSTRAINT fk_batches_source_file_id FOREIGN KEY (source_file_id) REFERENCES files (id)
    )
    """,
    "CREATE INDEX ix_batches_created_by ON batches (created_by, created_at DESC, id DESC) WHERE deleted_at IS NULL",
    "CREATE INDEX ix_batches_created_at ON batches (created_at DESC, id DESC) WHERE deleted_at IS NULL",
    "CREATE INDEX ix_batches_source_file_id ON batches (source_file_id)",
    "CREATE INDEX ix_batches_output_file_id ON batches (output_file_id)",
    "CREATE INDEX ix_batches_error_file_id ON batches (error_file_id)",
    """
    CREATE INDEX ix_batches_unfinished ON batches (created_at)
        WHERE completed_at IS NULL AND failed_at IS NULL AND cancelled_at IS NULL
    """,
    """
    CREATE TABLE batch_requests (
        id uuid NOT NULL,
        batch_id uuid NOT NULL,
        line bigint NOT NULL,
        model text NOT NULL,
        state text DEFAULT 'pending' NOT NULL,
        deadline timestamptz NOT NULL,
        not_before timestamptz NOT NULL,
        attempts integer DEFAULT 0 NOT NULL,
        daemon_id uuid,
        started_at timestamptz,
        ended_at timestamptz,
        status_code integer,
        response bytea,
        error text,
        position bigint,
        CONSTRAINT pk_batch_requests PRIMARY KEY (id),
        CONSTRAINT ck_batch_requests_state
            CHECK (state IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
        CONSTRAINT fk_batch_requests_batch_id FOREIGN KEY (batch_id) REFERENCES batches (id) ON DELETE CASCADE
    )
    """,
    "CREATE UNIQUE INDEX uq_batch_requests_line ON batch_requests (batch_id, line)",
    "CREATE INDEX ix_batch_requests_position ON batch_requests (batch_id, state, position, line)",
    """
    CREATE INDEX ix_batch_requests_pending ON batch_requests (model, deadline, not_before, line)
        WHERE state = 'pending'
    """,
    "CREATE INDEX ix_batch_requests_running ON batch_requests (daemon_id) WHERE state = 'running'",
    """
    CREATE TABLE batch_daemons (
        id uuid NOT NULL,
        hostname text NOT NULL,
        pid integer NOT NULL,
        version text NOT NULL,
        started_at timestamptz DEFAULT now() NOT NULL,
        last_heartbeat timestamptz DEFAULT now() NOT NULL,
        stopped_at timestamptz,
        processed bigint DEFAULT 0 NOT NULL,
        failed bigint DEFAULT 0 NOT NULL,
        in_flight integer DEFAULT 0 NOT NULL,
        config jsonb NOT NULL,
        CONSTRAINT pk_batch_daemons PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_batch_daemons_started_at ON batch_daemons (started_at DESC)",
)


def upgrade() -> None:
    """Makes the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
