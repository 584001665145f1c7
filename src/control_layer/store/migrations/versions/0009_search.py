"""People are found by any part of their names, without an extension: the grams of a text, indexed."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0001"
branch_labels = None
depends_on = None

_STEPS = (
    # What `control.search` makes of a term, made of a whole text: every piece of one, two and three characters.
    """
    CREATE FUNCTION search_grams(value text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT coalesce(array_agg(DISTINCT substr(value, place, size)), '{}')
        FROM generate_series(1, 3) AS size, generate_series(1, length(value) - size + 1) AS place
    $$
    """,
    """
    ALTER TABLE users ADD COLUMN search_text text GENERATED ALWAYS AS
        (lower(username || chr(31) || email || chr(31) || coalesce(display_name, ''))) STORED NOT NULL
    """,
    "CREATE INDEX ix_users_search_text ON users USING gin (search_grams(search_text))",
    """
    CREATE INDEX ix_users_visible ON users (created_at DESC, id DESC)
        WHERE deleted_at IS NULL AND user_type = 'individual'
    """,
    "DROP INDEX ix_users_created_at",
)


def upgrade() -> None:
    """Applies the step."""
    for step in _STEPS:
        op.execute(step)
