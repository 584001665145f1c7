"""Health, configuration and the references of both APIs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from control_layer.control.access import INFERENCE_KEYS, PLATFORM_KEYS, identified, needs, public, signed_in
from control_layer.control.instance.ai_openapi import ai_document
from control_layer.control.instance.openapi import document
from control_layer.control.instance.reference_page import reference_page
from control_layer.control.instance.schemas import AsyncRequests, BatchConfig, InstanceConfig, Onwards
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Served
from control_layer.control.route import ControlRoute
from control_layer.settings import Batches

__all__ = ["router"]

router = APIRouter(route_class=ControlRoute)
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"


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


@router.get("/admin/openapi.json", include_in_schema=False)
@needs(Operation.READ, Resource.SYSTEM, keys=PLATFORM_KEYS | INFERENCE_KEYS)
async def openapi(request: Request) -> Response:
    """The OpenAPI document of the management API."""
    return JSONResponse(document(request.app))


@router.get("/admin/docs", include_in_schema=False)
@needs(Operation.READ, Resource.SYSTEM, keys=PLATFORM_KEYS | INFERENCE_KEYS)
async def docs(request: Request) -> Response:
    """The same for human eyes."""
    return _page(document(request.app), "/admin/openapi.json")


@router.get("/ai/openapi.json", include_in_schema=False)
@identified
async def ai_openapi(request: Request) -> Response:
    """The OpenAPI document of the AI API."""
    return JSONResponse(ai_document(request.app.title, request.app.version))


@router.get("/ai/docs", include_in_schema=False)
@identified
async def ai_docs(request: Request) -> Response:
    """The same for human eyes."""
    return _page(ai_document(request.app.title, request.app.version), "/ai/openapi.json")


def _page(described: dict[str, Any], source: str) -> Response:
    return HTMLResponse(reference_page(described, source), headers={"content-security-policy": _PAGE_POLICY})


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
