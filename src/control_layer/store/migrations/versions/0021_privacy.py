"""Keys whose requests leave no bodies."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the column."""
    op.execute("ALTER TABLE api_keys ADD COLUMN zero_data_retention boolean DEFAULT false NOT NULL")
