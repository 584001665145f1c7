"""What sinks have yet to be sent, and how far each of them is."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE recorded_batches (
        sequence bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_recorded_batches PRIMARY KEY,
        recorded_at timestamptz DEFAULT now() NOT NULL,
        requests integer NOT NULL,
        times timestamptz[] NOT NULL,
        ids uuid[] NOT NULL
    )
    """,
    """
    CREATE TABLE sink_positions (
        name text CONSTRAINT pk_sink_positions PRIMARY KEY,
        position bigint NOT NULL,
        planned bigint,
        updated_at timestamptz DEFAULT now() NOT NULL
    )
    """,
)


def upgrade() -> None:
    """Makes the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
