"""`database.*`: where state is kept."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from control_layer.settings.section import Section

__all__ = ["Database"]


class DatabasePool(Section):
    """Connections of the control plane to Postgres."""

    max_connections: int = Field(10, ge=2)
    """Upper bound of connections of a host, next to four that record usage, up to two for kept answers that hosts
    share, and up to four that listen or lead."""


class Database(Section):
    """Where state is kept. `embedded` runs a Postgres of its own in the data directory."""

    type: Literal["embedded", "external"] = "embedded"
    """`embedded` or `external`."""
    url: SecretStr | None = None
    """`postgresql://user:password@host/name` of an external database; also `DATABASE_URL`."""
    replica_url: SecretStr | None = None
    """Accepted for compatibility; everything is read from `url`."""
    pool: DatabasePool = DatabasePool()
    """Connections of the control plane."""
