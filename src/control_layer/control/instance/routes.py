"""Health and configuration."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from control_layer.control.access import public, signed_in
from control_layer.control.instance.schemas import AsyncRequests, BatchConfig, InstanceConfig, Onwards
from control_layer.control.request_context import Served
from control_layer.control.route import ControlRoute
from control_layer.settings import Batches

__all__ = ["router"]

router = APIRouter(route_class=ControlRoute)


@router.api_route("/healthz", methods=["GET", "HEAD"], include_in_schema=False)
@public
async def health() -> Response:
    """The control plane serves."""
    return PlainTextResponse("OK", headers={"cache-control": "no-store"})


@router.get("/admin/api/v1/config", tags=["instance"])
@signed_in
async def config(services: Served) -> InstanceConfig:
    """What a client needs to know of the instance's configuration."""
    metadata = services.settings.metadata
    return InstanceConfig(
        region=metadata.region,
        organization=metadata.organization,
        payment_enabled=services.settings.payment.enabled,
        docs_jsonl_url=metadata.docs_jsonl_url,
        docs_url=metadata.docs_url,
        batches=_batches(services.settings.batches),
        ai_api_base_url=metadata.ai_api_base_url,
        onwards=Onwards(strict_mode=False),
    )


def _batches(settings: Batches) -> BatchConfig | None:
    if not settings.enabled:
        return None
    return BatchConfig(
        enabled=True,
        allowed_completion_windows=[*settings.allowed_completion_windows],
        allowed_url_paths=[*settings.allowed_url_paths],
        # Not taken yet, whatever the settings say.
        async_requests=AsyncRequests(enabled=False, completion_window=settings.async_requests.completion_window),
    )
