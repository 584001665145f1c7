"""Header fields beside bodies."""

from __future__ import annotations

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns, which is done at once whatever has been recorded."""
    op.execute("ALTER TABLE request_bodies ADD COLUMN request_headers jsonb, ADD COLUMN response_headers jsonb")
