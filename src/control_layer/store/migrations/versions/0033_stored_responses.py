"""Responses that are stored where their provider does not keep them."""

from __future__ import annotations

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE stored_responses (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        key_id uuid NOT NULL,
        model text NOT NULL,
        created_at timestamp with time zone NOT NULL,
        deleted_at timestamp with time zone,
        items bytea,
        response bytea,
        CONSTRAINT pk_stored_responses PRIMARY KEY (id),
        CONSTRAINT fk_stored_responses_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_stored_responses_created_at ON stored_responses (created_at)",
    "CREATE INDEX ix_stored_responses_user_id ON stored_responses (user_id)",
    "CREATE INDEX ix_stored_responses_key_id ON stored_responses (key_id)",
)


def upgrade() -> None:
    """Makes the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
