"""Everybody's keys in one list, by the hundred thousand: what its pages, orders and searches need."""

from __future__ import annotations

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE FUNCTION key_text(name text, description text, secret_prefix text)
    RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT lower(name || chr(31) || coalesce(description, '') || chr(31) || secret_prefix)
    $$
    """,
    """
    CREATE INDEX ix_api_keys_newest ON api_keys (created_at DESC, id DESC)
        WHERE deleted_at IS NULL AND NOT hidden
    """,
    """
    CREATE INDEX ix_api_keys_by_name ON api_keys (lower(name), created_at DESC, id DESC)
        WHERE deleted_at IS NULL AND NOT hidden
    """,
    """
    CREATE INDEX ix_api_keys_expires_at ON api_keys (expires_at, created_at DESC, id DESC)
        WHERE deleted_at IS NULL AND NOT hidden
    """,
    """
    CREATE INDEX ix_api_keys_searched ON api_keys USING gin (search_vector(key_text(name, description, secret_prefix)))
        WHERE deleted_at IS NULL AND NOT hidden
    """,
    # Whether nearly all keys or nearly none have a term in them decides where to look first.
    "CREATE STATISTICS api_keys_searched ON (key_text(name, description, secret_prefix)) FROM api_keys",
)


def upgrade() -> None:
    """Makes them. None is on `last_used`, which changes with every use: each change would be written to all of them."""
    for statement in _STATEMENTS:
        op.execute(statement)
