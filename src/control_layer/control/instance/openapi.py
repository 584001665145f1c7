"""The OpenAPI document: FastAPI's, with our ways in and our error answers."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

__all__ = ["document"]

_TEXT = {
    "400": "A parameter or value is not valid.",
    "401": "No credential that works.",
    "403": "The credential lacks the permission.",
    "404": "There is no such object, or none that the caller may see.",
}
_TEXT_ABOUT_BODIES = {
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "The body is JSON of the wrong shape.",
    "501": "The body asks for something that this release does not do yet.",
}
_JSON = {
    "409": ("Somebody has it already.", "Conflict"),
    "429": ("Too much at this moment.", "TryLater"),
    "503": ("The database cannot be reached.", "TryLater"),
}
_STRING = {"type": "string"}
_SCHEMAS: dict[str, Any] = {
    "Problem": {
        "type": "object",
        "description": "RFC 9457, for clients that accept JSON rather than text.",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": _STRING,
            "title": _STRING,
            "status": {"type": "integer"},
            "detail": _STRING,
            "code": {"type": "string", "description": "Stable; programs may key on it."},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": {"field": _STRING, "message": _STRING},
                },
            },
        },
    },
    "Conflict": {
        "type": "object",
        "required": ["message"],
        "properties": {
            "message": _STRING,
            "resource": {"type": "string", "enum": ["user", "deployment", "endpoint", "unknown"]},
            "conflicts": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["model_name", "attempted_alias"],
                    "properties": {"model_name": _STRING, "attempted_alias": _STRING},
                },
            },
        },
    },
    "TryLater": {
        "type": "object",
        "required": ["error", "message", "retry_after_seconds"],
        "properties": {"error": _STRING, "message": _STRING, "retry_after_seconds": {"type": "integer"}},
    },
}


def _answer(meaning: str, schema: str | None = None) -> dict[str, Any]:
    plain = {"text/plain": {"schema": _STRING}} if schema is None else {"application/json": {"schema": _ref(schema)}}
    return {"description": meaning, "content": plain | {"application/problem+json": {"schema": _ref("Problem")}}}


def _ref(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}


def document(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        described = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        components = described.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own shape, which we never send
            schemas.pop(name, None)
        schemas.update(_SCHEMAS)
        components["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "An API key of purpose `platform`."},
            "session": {"type": "apiKey", "in": "cookie", "name": app.state.services.sessions.cookie_name},
        }
        described["security"] = [{"key": []}, {"session": []}]
        for operations in described["paths"].values():
            for operation in operations.values():
                _describe_refusals(operation)
        app.openapi_schema = described
    return app.openapi_schema


def _describe_refusals(operation: dict[str, Any]) -> None:
    """Adds those that a route does not describe itself."""
    answers = operation["responses"]
    answers.pop("422", None)
    texts = _TEXT | _TEXT_ABOUT_BODIES if "requestBody" in operation else _TEXT
    for status, meaning in texts.items():
        answers.setdefault(status, _answer(meaning))
    for status, (meaning, schema) in _JSON.items():
        answers.setdefault(status, _answer(meaning, schema))
