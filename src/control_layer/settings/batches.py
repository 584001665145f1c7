"""`batches.*`, `limits.*` and `sample_files.*`: files of requests and what is made of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from control_layer.settings.section import Duration, Section

__all__ = ["Batches", "Limits", "SampleFiles", "window_of"]

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_MEBIBYTE = 1024 * 1024


def window_of(text: str) -> timedelta:
    """How long a completion window such as `24h` is. Raises `ValueError`."""
    number, unit = text[:-1], _UNITS.get(text[-1:])
    if unit is None or not (number.isascii() and number.isdigit() and len(number) < 6 and int(number)):
        raise ValueError("write a completion window such as 24h, 30m or 7d")
    return int(number) * unit


def _window(text: str) -> str:
    window_of(text)
    return text


_Window = Annotated[str, AfterValidator(_window)]


class AsyncRequests(Section):
    """Single requests that wait their turn; this release does not take them yet."""

    enabled: bool = True
    """Accepted for compatibility."""
    completion_window: _Window = "1h"
    """Accepted for compatibility."""


class Batches(Section):
    """Files of requests that are carried out in the background."""

    enabled: bool = True
    """Serve `/ai/v1/files` and `/ai/v1/batches`."""
    allowed_completion_windows: tuple[_Window, ...] = ("24h",)
    """What people may choose from; those who may make batches for everybody are not bound to it."""
    allowed_url_paths: tuple[str, ...] = (
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/responses",
        "/v1/messages",
    )
    """Where requests of a file may go."""
    async_requests: AsyncRequests = AsyncRequests()
    """Single requests."""
    default_throughput: float = Field(100.0, gt=0)
    """Requests a second that a model is thought to take where its `throughput` says nothing."""
    window_relaxation_factors: dict[str, float] = Field(default_factory=dict)
    """How many times its capacity a window takes in, such as `{"24h": 1.5}`; 1 where nothing is said."""
    reservation_ttl_secs: int = Field(600, ge=1)
    """Accepted for compatibility: capacity is counted in the database, where nothing needs to be reserved."""
    pending_capacity_counts_enabled: bool = False
    """Count what waits already when a batch is checked against a model's capacity."""
    unverified_requests_per_completion_hour: int = Field(1000, ge=0)
    """Requests that an unverified account may make for each hour of a window; 0: no bound."""
    purge_after: Annotated[Duration, Field(ge=timedelta(hours=1))] = timedelta(days=7)
    """How long deleted and expired files, and deleted batches, are kept before they are erased; an hour at least."""


class FileLimits(Section):
    """What one upload may be."""

    max_file_size: int = Field(100 * _MEBIBYTE, ge=0)
    """Bytes; 0: no bound."""
    max_requests_per_file: int = Field(0, ge=0)
    """Lines; 0: no bound."""
    max_concurrent_uploads: int = Field(0, ge=0)
    """Uploads at a time on one host; 0: no bound."""
    max_waiting_uploads: int = Field(20, ge=0)
    """Uploads that may wait for their turn; more are told to come again."""
    max_upload_wait_secs: Annotated[int, Field(ge=1, le=600)] = 60
    """How long they wait."""


class RequestLimits(Section):
    """What one line of a file may be."""

    max_body_size: int = Field(10 * _MEBIBYTE, ge=1024, le=100 * _MEBIBYTE)
    """Bytes of a line's body. `gateway.limits.max_body_bytes` bounds requests of clients."""


class Limits(Section):
    """Sizes of files."""

    files: FileLimits = FileLimits()
    """What one upload may be."""
    requests: RequestLimits = RequestLimits()
    """What one line of a file may be."""


class SampleFiles(Section):
    """Files for people who register, or whom single sign-on lets in for the first time: for a first batch."""

    enabled: bool = True
    """Give those who may use files one for chat and one for embeddings, as far as they reach such a model."""
    requests_per_file: int = Field(100, ge=1, le=1000)
    """How many requests each has."""
