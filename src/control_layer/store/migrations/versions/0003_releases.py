"""Which releases can work with this schema, for hosts that are behind while others are already upgraded."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the step."""
    op.execute(
        """
        CREATE TABLE compatible_revisions (
            revision text NOT NULL,
            since timestamptz DEFAULT now() NOT NULL,
            CONSTRAINT pk_compatible_revisions PRIMARY KEY (revision)
        )
        """
    )
