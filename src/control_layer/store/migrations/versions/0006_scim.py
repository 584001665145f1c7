"""Provisioning: people can be disabled and have a name in parts, groups what their provider calls them."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE users ADD COLUMN email_primary boolean DEFAULT true NOT NULL",
    "ALTER TABLE users ADD COLUMN given_name text",
    "ALTER TABLE users ADD COLUMN family_name text",
    "ALTER TABLE users ADD COLUMN disabled_at timestamptz",
    "ALTER TABLE groups ADD COLUMN external_id text",
    "CREATE INDEX ix_users_username ON users (lower(username))",
    "CREATE INDEX ix_users_email ON users (lower(email))",
    "CREATE INDEX ix_groups_name ON groups (lower(name))",
    "CREATE INDEX ix_groups_external_id ON groups (external_id)",
)


def upgrade() -> None:
    """Adds the columns, and what identity providers look for."""
    for statement in _STATEMENTS:
        op.execute(statement)
