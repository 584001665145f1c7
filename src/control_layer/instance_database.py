"""The database of the instance that the settings describe, for commands that look into it without its server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from control_layer.settings import Settings

__all__ = ["instance_database"]


@contextmanager
def instance_database(settings: Settings) -> Iterator[str]:
    """The database's URL. An embedded server that nobody runs is run meanwhile. Raises `CannotRunPostgres`."""
    from control_layer.data_directory import default_directory
    from control_layer.store.embedded import CannotRunPostgres, DirectoryInUse, EmbeddedPostgres

    if settings.database.type == "external":
        assert settings.database.url is not None, "checked with the settings"
        yield settings.database.url.get_secret_value()
        return
    directory = (settings.data_dir or default_directory()).expanduser().absolute() / "postgres"
    if not (directory / "cluster").exists():
        raise CannotRunPostgres(f"there is no database in {directory}; name the instance's directory with --data-dir")
    server = EmbeddedPostgres(directory)
    try:
        url = server.start()
    except DirectoryInUse:
        yield server.url
        return
    try:
        yield url
    finally:
        server.stop()
