"""The references of both APIs, for machines and for people (§1.1); each can be switched off."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import HTMLResponse, JSONResponse, Response

from control_layer.control.access import INFERENCE_KEYS, PLATFORM_KEYS, identified, needs, public
from control_layer.control.errors import Bare
from control_layer.control.instance.ai_openapi import ai_document
from control_layer.control.instance.openapi import document
from control_layer.control.instance.reference_page import reference_page
from control_layer.control.permissions import Operation, Resource
from control_layer.control.route import ControlRoute
from control_layer.settings import OpenApi

__all__ = ["references"]

_admin = APIRouter(route_class=ControlRoute, include_in_schema=False)
_ai = APIRouter(route_class=ControlRoute, include_in_schema=False)
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"


def references(settings: OpenApi) -> tuple[APIRouter, ...]:
    """The routes, where one that is switched off is there for nobody: else its path would be the dashboard's."""
    return (
        _admin if settings.admin_enabled else _absent(_admin),
        _ai if settings.ai_enabled else _absent(_ai),
    )


@_admin.get("/admin/openapi.json")
@needs(Operation.READ, Resource.SYSTEM, keys=PLATFORM_KEYS | INFERENCE_KEYS)
async def openapi(request: Request) -> Response:
    """The OpenAPI document of the management API."""
    return JSONResponse(document(request.app))


@_admin.get("/admin/docs")
@needs(Operation.READ, Resource.SYSTEM, keys=PLATFORM_KEYS | INFERENCE_KEYS)
async def docs(request: Request) -> Response:
    """The same for human eyes."""
    return _page(document(request.app), "/admin/openapi.json")


@_ai.get("/ai/openapi.json")
@identified
async def ai_openapi(request: Request) -> Response:
    """The OpenAPI document of the AI API."""
    return JSONResponse(ai_document(document(request.app)))


@_ai.get("/ai/docs")
@identified
async def ai_docs(request: Request) -> Response:
    """The same for human eyes."""
    return _page(ai_document(document(request.app)), "/ai/openapi.json")


@public
async def _nothing() -> Response:
    raise Bare(404, "not_found", "This reference is switched off")


def _absent(router: APIRouter) -> APIRouter:
    absent = APIRouter(route_class=ControlRoute, include_in_schema=False)
    for route in router.routes:
        assert isinstance(route, APIRoute)
        absent.add_api_route(route.path, _nothing, methods=sorted(route.methods or ()))
    return absent


def _page(described: dict[str, Any], source: str) -> Response:
    return HTMLResponse(reference_page(described, source), headers={"content-security-policy": _PAGE_POLICY})
