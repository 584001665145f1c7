"""People are found by any part of their names, without an extension: the pieces of a text, indexed."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STEPS = (
    # Every piece of three characters of a text; its end is padded, so that the last one and two begin a piece as well.
    """
    CREATE FUNCTION search_vector(value text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT array_to_tsvector(coalesce(array_agg(DISTINCT substr(value || chr(31) || chr(31), place, 3)), '{}'))
        FROM generate_series(1, length(value)) AS place
    $$
    """,
    # All pieces of a term, quoted for the parser; a term that is shorter than a piece is the beginning of one.
    r"""
    CREATE FUNCTION search_query(term text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT string_agg(
            '''' || replace(replace(substr(term, place, 3), '\', '\\'), '''', '''''') || ''''
                || CASE WHEN length(term) < 3 THEN ':*' ELSE '' END,
            ' & '
        )::tsquery
        FROM generate_series(1, greatest(length(term) - 2, 1)) AS place
    $$
    """,
    """
    ALTER TABLE users
        ADD COLUMN search_text text NOT NULL GENERATED ALWAYS AS
            (lower(username || chr(31) || email || chr(31) || coalesce(display_name, ''))) STORED,
        ADD COLUMN search_pieces tsvector NOT NULL GENERATED ALWAYS AS
            (search_vector(lower(username || chr(31) || email || chr(31) || coalesce(display_name, '')))) STORED
    """,
    "CREATE INDEX ix_users_search_pieces ON users USING gin (search_pieces)",
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
