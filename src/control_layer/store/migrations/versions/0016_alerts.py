"""Alerts, and what each key used in each hour."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "CREATE INDEX ix_users_low_balance ON users (id) WHERE low_balance_threshold IS NOT NULL",
    """
    CREATE TABLE alerts (
        id uuid NOT NULL,
        kind text NOT NULL,
        subject text NOT NULL,
        subject_name text NOT NULL,
        user_id uuid,
        summary text NOT NULL,
        measured jsonb NOT NULL,
        raised_at timestamptz NOT NULL,
        last_seen_at timestamptz NOT NULL,
        resolved_at timestamptz,
        raise_told_at timestamptz,
        resolution_told_at timestamptz,
        acknowledged_at timestamptz,
        acknowledged_by uuid,
        CONSTRAINT pk_alerts PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_alerts_raised_at ON alerts (raised_at DESC, id DESC)",
    "CREATE UNIQUE INDEX uq_alerts_open ON alerts (kind, subject) WHERE resolved_at IS NULL",
    """
    CREATE INDEX ix_alerts_untold ON alerts (id)
        WHERE raise_told_at IS NULL OR (resolved_at IS NOT NULL AND resolution_told_at IS NULL)
    """,
    """
    CREATE TABLE key_hours (
        hour timestamptz NOT NULL,
        key_id uuid NOT NULL,
        tokens bigint NOT NULL,
        requests bigint NOT NULL,
        CONSTRAINT pk_key_hours PRIMARY KEY (key_id, hour)
    )
    """,
    "CREATE INDEX ix_key_hours_hour ON key_hours (hour)",
    """
    CREATE TABLE key_hours_position (
        id integer NOT NULL,
        through timestamptz NOT NULL,
        CONSTRAINT pk_key_hours_position PRIMARY KEY (id),
        CONSTRAINT ck_key_hours_position_id CHECK (id = 1)
    )
    """,
)


def upgrade() -> None:
    """Makes the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
