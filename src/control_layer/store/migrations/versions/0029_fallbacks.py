"""Which model a request asked for where another one answered, and what its failed attempts are likely to have cost."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_STATEMENT = "ALTER TABLE requests ADD COLUMN asked_model text, ADD COLUMN wasted_cost numeric"


def upgrade() -> None:
    """Makes the columns."""
    op.execute(_STATEMENT)
