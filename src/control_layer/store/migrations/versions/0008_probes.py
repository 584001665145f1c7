"""Probes and their results."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE probes (
        id uuid NOT NULL,
        name text NOT NULL,
        model_id uuid NOT NULL,
        interval_seconds integer NOT NULL,
        active boolean DEFAULT true NOT NULL,
        http_method text DEFAULT 'POST' NOT NULL,
        request_path text,
        request_body json,
        created_at timestamptz DEFAULT now() NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_probes PRIMARY KEY (id),
        CONSTRAINT uq_probes_name UNIQUE (name),
        CONSTRAINT uq_probes_model_id UNIQUE (model_id),
        CONSTRAINT ck_probes_interval_seconds CHECK (interval_seconds > 0),
        CONSTRAINT fk_probes_model_id FOREIGN KEY (model_id) REFERENCES models (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_probes_created_at ON probes (created_at DESC, id)",
    """
    CREATE TABLE probe_results (
        id uuid NOT NULL,
        probe_id uuid NOT NULL,
        executed_at timestamptz NOT NULL,
        success boolean NOT NULL,
        response_time_ms integer,
        status_code integer,
        error_message text,
        response_data json,
        metadata json,
        CONSTRAINT pk_probe_results PRIMARY KEY (id),
        CONSTRAINT fk_probe_results_probe_id FOREIGN KEY (probe_id) REFERENCES probes (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE INDEX ix_probe_results_probe_id ON probe_results (probe_id, executed_at DESC)
        INCLUDE (success, response_time_ms)
    """,
    "CREATE INDEX ix_probe_results_executed_at ON probe_results (executed_at)",
)


def upgrade() -> None:
    """Makes both tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
