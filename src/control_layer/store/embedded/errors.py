"""Why the embedded Postgres cannot run, in words for the person who started us."""

from __future__ import annotations

__all__ = ["CannotRunPostgres", "DirectoryInUse", "OtherMajorVersion"]


class CannotRunPostgres(Exception):
    """The embedded Postgres does not start; the message says why and what to do."""


class DirectoryInUse(CannotRunPostgres):
    """Another living process runs its Postgres in this directory."""


class OtherMajorVersion(CannotRunPostgres):
    """The data on disk were written by another major version of Postgres."""
