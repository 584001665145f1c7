"""`GET /config` (§4.12)."""

from __future__ import annotations

from control_layer.control.schema import OmitNull, Output

__all__ = ["AsyncRequests", "BatchConfig", "InstanceConfig", "Onwards"]


class Onwards(Output):
    """How unknown paths under `/ai` are treated: they are forwarded, so never strictly."""

    strict_mode: bool


class AsyncRequests(Output):
    """Single requests that wait their turn."""

    enabled: bool
    completion_window: str


class BatchConfig(Output):
    """What batches may be."""

    enabled: bool
    allowed_completion_windows: list[str]
    allowed_url_paths: list[str]
    async_requests: AsyncRequests


class InstanceConfig(Output):
    """What a client needs to know of the configuration."""

    region: str | None
    organization: str | None
    payment_enabled: bool
    docs_jsonl_url: str | None
    docs_url: str
    batches: OmitNull[BatchConfig]
    ai_api_base_url: OmitNull[str]
    onwards: Onwards
