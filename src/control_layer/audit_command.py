"""`control-layer audit`: whether the audit log is what was written."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from control_layer.command_line import CANNOT_START, FAILED, WRONG_CONFIGURATION, ConfigFile, fail

if TYPE_CHECKING:
    from control_layer.settings import Settings
    from control_layer.store.audit_chain import Damaged, Verified

__all__ = ["app"]

app = typer.Typer(name="audit", help="The log of who changed what.", no_args_is_help=True)

_EPILOG = """\b
Exit status 1 where the log is damaged. The server may be running or not.
The head is the last entry's hash. Keep it where the database's administrators cannot
reach it, and give it next time: only so is it found out when the end of the log was cut
off, or all of it written anew.
"""


@app.callback()
def _audit() -> None:
    pass  # a single command would take the place of its group


@app.command(epilog=_EPILOG)
def verify(
    config: ConfigFile = None,
    data_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="Where state is kept.")] = None,
    expect_head: Annotated[
        str | None, typer.Option(metavar="HASH", help="A head of an earlier time, which must still be in the log.")
    ] = None,
) -> None:
    """Check every entry of the audit log against the chain of hashes."""
    from control_layer.settings_sources import SettingsError, Sources

    options: dict[tuple[str, ...], object] = {} if data_dir is None else {("data_dir",): data_dir}
    try:
        settings = Sources(file=config, environment=os.environ, options=options).load()
    except SettingsError as error:
        fail("the configuration is not valid:", *error.problems, status=WRONG_CONFIGURATION)
    verified = _verified(settings, None if expect_head is None else _hash(expect_head))
    if verified.damaged is not None:
        fail("the audit log is damaged:", _explained(verified.damaged), status=FAILED)
    typer.echo(f"entries {verified.rows}\nhead    {verified.head.hex()}")


def _verified(settings: Settings, expected_head: bytes | None) -> Verified:
    from asyncpg import PostgresError, UndefinedTableError

    from control_layer.instance_database import instance_database
    from control_layer.store.audit_chain import verify
    from control_layer.store.embedded import CannotRunPostgres
    from control_layer.store.engine import DatabaseUnavailable, connect

    async def walk(database_url: str) -> Verified:
        connection = await connect(database_url, statement_seconds=None)
        try:
            return await verify(connection, expected_head=expected_head)
        finally:
            await connection.close()

    try:
        with instance_database(settings) as url:
            return asyncio.run(walk(url))
    except (CannotRunPostgres, DatabaseUnavailable) as error:
        fail(str(error), status=CANNOT_START)
    except UndefinedTableError:
        fail("the database has no audit log yet; this release makes it at its first start", status=CANNOT_START)
    except (OSError, PostgresError) as error:
        fail(f"the audit log could not be read to its end: {error}", status=FAILED)


def _hash(text: str) -> bytes:
    try:
        hash_ = bytes.fromhex(text)
    except ValueError:
        hash_ = b""
    if len(hash_) != 32:
        raise typer.BadParameter("a head is 64 hexadecimal digits", param_hint="--expect-head")
    return hash_


def _explained(damaged: Damaged) -> str:
    what = {
        "edited": "is not what was written",
        "removed": "is missing",
        "inserted": "was put in past the server",
        "reordered": "is not in its place",
        "truncated": "and what followed is gone: the expected head is not in the log",
    }
    return f"{damaged.damage}: entry {damaged.sequence} {what[damaged.damage]}"
