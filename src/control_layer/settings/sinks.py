"""`sinks`: where completed requests are sent besides the database."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field, SecretStr

from control_layer.settings.section import Duration, Section

__all__ = ["Sink"]


class Sink(Section):
    """A place for files of completed requests."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")
    """What metrics and logs call it. How far it is filled is known by this name."""
    url: str = Field(pattern=r"^(file:///|s3://|gs://|az://)")
    """A directory (`file:///…`), or a bucket and a prefix (`s3://`, `gs://`, `az://`)."""
    format: Literal["jsonl", "parquet"] = "jsonl"
    """A JSON object a line, compressed with gzip; or Parquet."""
    options: dict[str, SecretStr] = Field(default_factory=dict)
    """The store's own: credentials, region, endpoint, by obstore's names."""
    flush_interval: Duration = Field(timedelta(minutes=1), ge=timedelta(seconds=1), le=timedelta(days=1))
    """How long requests wait for others before a file is written."""
    flush_requests: int = Field(10_000, ge=1, le=100_000)
    """So many do not wait. A file may have a few thousand more."""
