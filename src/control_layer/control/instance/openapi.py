"""The OpenAPI document: FastAPI's, with our ways in and our error answers."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

__all__ = ["document"]

_ERRORS = {
    "400": "A parameter or value is not valid.",
    "401": "No credential that works.",
    "403": "The credential lacks the permission.",
    "404": "There is no such object, or none that the caller may see.",
    "409": "Somebody has it already.",
    "415": "The body is not JSON.",
    "422": "The body is JSON of the wrong shape.",
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable; programs may key on it."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
_BODY = {
    "text/plain": {"schema": {"type": "string"}},
    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
}


def document(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        described = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        components = described.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own shape, which we never send
            schemas.pop(name, None)
        schemas["Problem"] = _PROBLEM
        components["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "An API key of purpose `platform`."},
            "session": {"type": "apiKey", "in": "cookie", "name": app.state.services.sessions.cookie_name},
        }
        described["security"] = [{"key": []}, {"session": []}]
        for operations in described["paths"].values():
            for operation in operations.values():
                for status, meaning in _ERRORS.items():
                    if status != "422" or "requestBody" in operation:
                        operation["responses"][status] = {"description": meaning, "content": _BODY}
                    else:
                        operation["responses"].pop(status, None)
        app.openapi_schema = described
    return app.openapi_schema
