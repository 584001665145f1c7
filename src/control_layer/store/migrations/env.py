"""Alembic's entry: one transaction for all steps, one host at a time."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, text

from control_layer.store.tables import Base

_LOCK = 0x636F6E74726F6C  # "control", the key of the advisory lock


def run(connection: Connection) -> None:
    """Runs the steps that are missing."""
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
    with context.begin_transaction():
        # Whoever comes second waits here, then finds nothing left to do.
        connection.execute(text("SET LOCAL lock_timeout = '5min'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        # A step that waits for a table's lock makes everybody behind it wait as well: rather fail, and try again.
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        context.run_migrations()


run(context.config.attributes["connection"])
