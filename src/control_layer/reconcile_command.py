"""`control-layer reconcile`: whether everything that counts what was used has counted the same."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from control_layer.command_line import CANNOT_START, FAILED, WRONG_CONFIGURATION, ConfigFile, fail

if TYPE_CHECKING:
    from control_layer.control.reconciliation import Report
    from control_layer.settings import Settings

__all__ = ["EPILOG", "reconcile"]

EPILOG = """\b
Exit status 1 where something does not agree: what, where and by how much is on standard error.
The server may be running or not. Journals are those of this machine; what they have that is not
recorded yet is no disagreement.
"""


def reconcile(
    config: ConfigFile = None,
    data_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="Where state is kept.")] = None,
) -> None:
    """Compare journals, requests, the sums of analytics, charges, balances and budgets."""
    from control_layer.settings_sources import SettingsError, Sources

    options: dict[tuple[str, ...], object] = {} if data_dir is None else {("data_dir",): data_dir}
    try:
        settings = Sources(file=config, environment=os.environ, options=options).load()
    except SettingsError as error:
        fail("the configuration is not valid:", *error.problems, status=WRONG_CONFIGURATION)
    report = _report(settings)
    for what, number in report.looked_at.items():
        typer.echo(f"{what} {number}")
    if report.findings:
        fail("these do not agree:", *map(str, report.findings), status=FAILED)
    typer.echo("everything agrees")


def _report(settings: Settings) -> Report:
    from sqlalchemy.exc import SQLAlchemyError

    from control_layer.control.reconciliation import reconcile
    from control_layer.data_directory import default_directory
    from control_layer.instance_database import instance_database
    from control_layer.store.embedded import CannotRunPostgres
    from control_layer.store.engine import DatabaseUnavailable, open_engine

    async def compare(database_url: str) -> Report:
        engine = open_engine(database_url, pool_size=1, statement_seconds=None)
        try:
            return await reconcile(engine, directory / "journal")
        finally:
            await engine.dispose()

    directory = (settings.data_dir or default_directory()).expanduser().absolute()
    try:
        with instance_database(settings) as url:
            return asyncio.run(compare(url))
    except (CannotRunPostgres, DatabaseUnavailable) as error:
        fail(str(error), status=CANNOT_START)
    except (OSError, SQLAlchemyError) as error:
        fail(f"not everything could be read: {error}", status=FAILED)
