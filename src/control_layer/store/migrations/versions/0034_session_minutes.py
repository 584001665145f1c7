"""Limits of the minutes of realtime sessions."""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE rate_limits DROP CONSTRAINT ck_rate_limits_kind",
    """
    ALTER TABLE rate_limits ADD CONSTRAINT ck_rate_limits_kind
        CHECK (kind IN ('requests', 'tokens', 'concurrency', 'session_minutes'))
    """,
)


def upgrade() -> None:
    """Lets limits have another kind."""
    for statement in _STATEMENTS:
        op.execute(statement)
