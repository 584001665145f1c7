"""Indexes of the request log: by number, by the caller's id, of what went wrong, and of what was said."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_STATEMENTS = (
    # Numbers grow with the rows' places: an index of ranges costs next to nothing to keep.
    """
    CREATE INDEX ix_requests_sequence ON requests USING brin (sequence)
    WITH (pages_per_range = 32, autosummarize = on)
    """,
    "CREATE INDEX ix_requests_outcome ON requests (outcome, at DESC) WHERE outcome <> 'completed'",
    "CREATE INDEX ix_requests_error ON requests (error, at DESC) WHERE error IS NOT NULL",
    "DROP INDEX ix_requests_client_request_id",
    "ALTER TABLE request_bodies ADD COLUMN words tsvector",
    "CREATE INDEX ix_request_bodies_words ON request_bodies USING gin (words) WHERE words IS NOT NULL",
    """
    CREATE INDEX ix_requests_client_request_id ON requests (client_request_id, at DESC)
    WHERE client_request_id IS NOT NULL
    """,
)


def upgrade() -> None:
    """Makes them, which takes some seconds for a million requests."""
    for statement in _STATEMENTS:
        op.execute(statement)
