"""Which requests were answered as before, and what that saved."""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_STATEMENT = """
    ALTER TABLE requests
        ADD COLUMN cache text, ADD COLUMN saved_input_tokens bigint, ADD COLUMN saved_output_tokens bigint
"""


def upgrade() -> None:
    """Makes the columns."""
    op.execute(_STATEMENT)
