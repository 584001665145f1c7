"""Alembic's entry: one transaction for all steps, one host at a time."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, inspect, text
from sqlalchemy.dialects.postgresql import insert

from control_layer.store.tables import Base, CompatibleRevision

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
        # What a step does to rows is in the audit log at once: a table that waits for it could not be altered.
        connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        connection.execute(text("SELECT set_config('control_layer.author', '{\"actor\": \"system:migration\"}', true)"))
        context.run_migrations()
        _enter(connection)


def _enter(connection: Connection) -> None:
    """Says that code of the revision that is reached can work with the schema."""
    reached = context.get_context().get_current_revision()
    if reached is not None and inspect(connection).has_table(CompatibleRevision.__tablename__):
        connection.execute(insert(CompatibleRevision).values(revision=reached).on_conflict_do_nothing())


run(context.config.attributes["connection"])
