"""Who people are at identity providers."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE identities (
        issuer text NOT NULL,
        subject text NOT NULL,
        user_id uuid NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_identities PRIMARY KEY (issuer, subject),
        CONSTRAINT fk_identities_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    )
    """,
    "CREATE UNIQUE INDEX uq_identities_user_id ON identities (user_id, issuer)",
    """
    CREATE INDEX ix_users_external_user_id ON users (external_user_id)
        WHERE external_user_id IS NOT NULL AND deleted_at IS NULL
    """,
)


def upgrade() -> None:
    """Adds the table, and the index that finds people by the id a proxy gives them."""
    for statement in _STATEMENTS:
        op.execute(statement)
