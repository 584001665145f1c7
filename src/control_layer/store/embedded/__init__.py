"""A Postgres of our own, from the binaries that come as a Python package: one engine from laptop to cluster."""

from control_layer.store.embedded.errors import CannotRunPostgres, DirectoryInUse, OtherMajorVersion
from control_layer.store.embedded.server import EmbeddedPostgres

__all__ = ["CannotRunPostgres", "DirectoryInUse", "EmbeddedPostgres", "OtherMajorVersion"]
