"""The schema's history, and the one way to bring a database up to date.

`versions/` holds the steps. A release only adds what the release before it can live with (expand), and removes what
nobody reads any more one release later (contract): two hosts may run different releases for a while. A host that starts
on a schema ahead of its own works with it where `compatible_revisions` has its revision.
"""

from __future__ import annotations

from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from control_layer.store.engine import open_engine
from control_layer.store.tables import CompatibleRevision

__all__ = ["MigrationFailed", "alembic_config", "migrate"]

_log = structlog.get_logger(__name__)


class MigrationFailed(Exception):
    """The schema could not be brought up to date; the database is as it was before."""


async def migrate(database_url: str, revision: str = "head") -> None:
    """Applies what is missing, all in one transaction; hosts that do so at once wait for each other.

    Nothing happens where a later release has been here already and left the schema fit for this one.
    Once at a time in one process: Alembic keeps what it is doing in globals.
    Raises `MigrationFailed`; `DatabaseUnavailable` when the database cannot be reached.
    """
    engine = open_engine(database_url, pool_size=1, statement_seconds=None)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, revision)
    except CommandError as error:
        raise MigrationFailed(
            f"the database was written by a newer release, or is not Control Layer's ({error}); "
            "start that release, or name another database"
        ) from error
    except SQLAlchemyError as error:
        raise MigrationFailed(f"the database could not be migrated and is unchanged: {error}") from error
    finally:
        await engine.dispose()


def alembic_config() -> Config:
    """Alembic's view of this package."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection, revision: str) -> None:
    config = alembic_config()
    if (ahead := _ahead(connection, ScriptDirectory.from_config(config))) is not None:
        _log.warning("database_ahead", revision=ahead, consequence="upgrade this host soon")
        return
    connection.rollback()  # the steps have a transaction of their own
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _ahead(connection: Connection, ours: ScriptDirectory) -> str | None:
    """The schema's revision, where it is one that we do not know but can work with."""
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None or revision in {step.revision for step in ours.walk_revisions()}:
        return None
    if not inspect(connection).has_table(CompatibleRevision.__tablename__):
        return None
    known = select(CompatibleRevision).where(CompatibleRevision.revision == ours.get_current_head())
    return revision if connection.execute(known).first() is not None else None
