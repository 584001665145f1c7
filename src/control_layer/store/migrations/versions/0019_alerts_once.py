"""Alerts that begin once only."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE alerts ADD COLUMN once boolean DEFAULT false NOT NULL",
    "CREATE UNIQUE INDEX uq_alerts_once ON alerts (kind, subject) WHERE once",
)


def upgrade() -> None:
    """Makes the column."""
    for statement in _STATEMENTS:
        op.execute(statement)
