"""How much of a stream guardrails look at together."""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_STATEMENT = """
    ALTER TABLE guardrails
        ADD COLUMN window_characters integer,
        ADD CONSTRAINT ck_guardrails_window_characters CHECK (
            window_characters BETWEEN 16 AND 32768 AND (kind <> 'allow_pattern' OR window_characters IS NULL)
        )
"""


def upgrade() -> None:
    """Makes the column."""
    op.execute(_STATEMENT)
