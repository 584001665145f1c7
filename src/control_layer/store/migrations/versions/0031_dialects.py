"""Which API an endpoint's provider speaks. Those at Anthropic's and Azure's own addresses are known to speak theirs."""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE endpoints ADD COLUMN dialect text NOT NULL DEFAULT 'openai', ADD COLUMN options jsonb",
    "UPDATE endpoints SET dialect = 'anthropic' WHERE url ~ '^https?://api[.]anthropic[.]com/'",
    "UPDATE endpoints SET dialect = 'azure' WHERE url ~ '^https?://[^/]+[.]openai[.]azure[.](com|us|cn)/'",
)


def upgrade() -> None:
    """Makes the columns and fills them."""
    for statement in _STATEMENTS:
        op.execute(statement)
