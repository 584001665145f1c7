"""Automatic top-ups."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "CREATE INDEX ix_users_auto_topup ON users (id) WHERE auto_topup_threshold IS NOT NULL",
    """
    CREATE TABLE auto_topups (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        amount numeric NOT NULL,
        state text DEFAULT 'pending' NOT NULL,
        attempts integer DEFAULT 0 NOT NULL,
        charge_id text,
        error text,
        created_at timestamptz DEFAULT now() NOT NULL,
        ended_at timestamptz,
        CONSTRAINT pk_auto_topups PRIMARY KEY (id),
        CONSTRAINT ck_auto_topups_state CHECK (state IN ('pending', 'succeeded', 'failed')),
        CONSTRAINT ck_auto_topups_amount CHECK (amount > 0),
        CONSTRAINT fk_auto_topups_user_id FOREIGN KEY (user_id) REFERENCES users (id)
    )
    """,
    "CREATE INDEX ix_auto_topups_user_id ON auto_topups (user_id, created_at DESC)",
    "CREATE UNIQUE INDEX uq_auto_topups_pending ON auto_topups (user_id) WHERE state = 'pending'",
    "SELECT audit_table('auto_topups', ignored => '{attempts}')",
)


def upgrade() -> None:
    """Makes the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
