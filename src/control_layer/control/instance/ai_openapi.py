"""The OpenAPI document of `/ai`: which paths there are and how to sign in; the bodies are the SDKs' own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from control_layer.control.instance.ai_calls import ANTHROPIC_PREFIX, CALLS, Call

__all__ = ["ai_document"]

_OPENAI = "https://platform.openai.com/docs/api-reference"
_ANTHROPIC = "https://docs.anthropic.com/en/api/messages"
_ABOUT = """OpenAI's and Anthropic's SDKs speak it.

Other paths below `/ai` are handed to the provider of the model that a JSON body, the header `x-model` or `?model=`
names.
"""
_JSON = "application/json"
_SWITCHED = "101"
_STRING = {"type": "string"}
_SCHEMAS: dict[str, Any] = {
    "Call": {
        "type": "object",
        "description": f"As in {_OPENAI}; for messages as in {_ANTHROPIC}.",
        "required": ["model"],
        "properties": {"model": {"type": "string", "description": "A model's alias, as `GET /ai/v1/models` lists it."}},
        "additionalProperties": True,
    },
    "Answer": {"type": "object", "description": "As the model's provider gives it.", "additionalProperties": True},
    "Error": {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["message", "type", "param", "code"],
                "properties": {
                    "message": _STRING,
                    "type": _STRING,
                    "param": {"type": ["string", "null"]},
                    "code": {"type": ["string", "null"], "description": "Stable; programs may key on it."},
                },
            }
        },
    },
    "AnthropicError": {
        "type": "object",
        "required": ["type", "error", "request_id"],
        "properties": {
            "type": {"const": "error"},
            "error": {
                "type": "object",
                "required": ["type", "message"],
                "properties": {"type": _STRING, "message": _STRING},
            },
            "request_id": _STRING,
        },
    },
}
_NO_CREDIT = {"402": "The model has a price, and the account's credit is spent, or a budget is."}
_NO_KEY = {"401": "No key that works."}
_REFUSALS = _NO_KEY | {
    "400": "The body is not valid, or names no model.",
    "403": "The key may not call this model.",
    "404": "There is no such model.",
    "429": "A limit is reached; `retry-after` says when to come again.",
}
_NO_MODEL = _NO_KEY | {"403": "The key may not call this model.", "404": "There is no such model."}


def ai_document(whole: Mapping[str, Any]) -> dict[str, Any]:
    """The document of an instance, of whose whole API `whole` is the one: what the control plane serves under `/ai`
    stands there.
    """
    ours = {path: operations for path, operations in whole["paths"].items() if path.startswith("/ai/")}
    schemas = _named_in(ours, whole["components"]["schemas"])
    return {
        "openapi": "3.1.0",
        "info": {**whole["info"], "title": f"{whole['info']['title']}: AI", "description": _ABOUT},
        "paths": {path: dict(operations) for path, operations in _gateways()} | ours,
        "components": {
            "schemas": _SCHEMAS | schemas,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key of purpose `realtime`."},
                "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "The same key."},
            },
        },
        "security": [{"key": []}, {"x-api-key": []}],
    }


def _gateways() -> Iterator[tuple[str, dict[str, Any]]]:
    """What gateways answer themselves, by path."""
    for call in CALLS:
        yield f"/ai{call.path}", {"post": _call(call)}
    yield "/ai/v1/realtime", {"get": _realtime()}
    listed = [_DETAIL, _EFFORTS, _FOR_REALTIME, _GROUP]
    yield "/ai/v1/models", {"get": _models("The models that the key may call.", listed)}
    one = [_MODEL, _DETAIL, _EFFORTS]
    yield "/ai/v1/models/{model}", {"get": _models("One of the models that the key may call.", one)}
    for call in CALLS:
        if call.anthropic:
            yield f"{ANTHROPIC_PREFIX}{call.path}", {"post": _call(call)}
    yield f"{ANTHROPIC_PREFIX}/v1/models", {"get": _models("The same models, as Anthropic lists them.", [])}
    yield f"{ANTHROPIC_PREFIX}/v1/models/{{model}}", {"get": _models("One of them, as Anthropic shows it.", [_MODEL])}


_MODEL: dict[str, Any] = {"name": "model", "in": "path", "required": True, "schema": _STRING}
_DETAIL: dict[str, Any] = {
    "name": "detail",
    "in": "query",
    "description": "Also what models can do: `context_window`, modalities, tools, reasoning, endpoints.",
    "schema": {"type": "boolean", "default": False},
}
_EFFORTS: dict[str, Any] = {
    "name": "include_reasoning_capabilities",
    "in": "query",
    "description": "Also `supported_reasoning_efforts`, where it is known what a model takes.",
    "schema": {"type": "boolean", "default": False},
}
_FOR_REALTIME: dict[str, Any] = {
    "name": "available_for_realtime",
    "in": "query",
    "description": "Only those that keys of purpose `realtime` may call, or only those that they may not.",
    "schema": {"type": "boolean"},
}
_GROUP: dict[str, Any] = {
    "name": "group",
    "in": "query",
    "description": "Only those that one of these groups of the key's owner may call: ids, separated by commas.",
    "schema": _STRING,
}


def _call(call: Call) -> dict[str, Any]:
    body = {"required": True, "content": {media: {"schema": _ref("Call")} for media in call.takes}}
    error = "AnthropicError" if call.anthropic else "Error"
    answer = {"description": "Done.", "content": {media: _shape(media) for media in call.gives}}
    return _operation(call.tag, call.text, {"200": answer}, _REFUSALS | _NO_CREDIT, error) | {"requestBody": body}


def _shape(media: str) -> dict[str, Any]:
    return {"schema": _ref("Answer")} if media == _JSON else {}


def _models(text: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    answer = {"description": "Done.", "content": {_JSON: _shape(_JSON)}}
    refusals = _NO_MODEL if _MODEL in parameters else _NO_KEY
    return _operation("models", text, {"200": answer}, refusals) | ({"parameters": parameters} if parameters else {})


def _realtime() -> dict[str, Any]:
    text = (
        f"A WebSocket session of the Realtime API ({_OPENAI}/realtime). Browsers send the key as the subprotocol "
        "`openai-insecure-api-key.<key>`."
    )
    switched = {"description": "The session has begun; events follow in both directions."}
    refusals = _REFUSALS | _NO_CREDIT | {"426": "It is no WebSocket handshake (RFC 6455)."}
    model = {**_MODEL, "in": "query", "description": "A model's alias."}
    return _operation("conversations", text, {_SWITCHED: switched}, refusals) | {"parameters": [model]}


def _operation(
    tag: str, text: str, answers: Mapping[str, Any], refusals: Mapping[str, str], error: str = "Error"
) -> dict[str, Any]:
    refused = {
        status: {"description": meaning, "content": {_JSON: {"schema": _ref(error)}}}
        for status, meaning in sorted(refusals.items())
    }
    return {"tags": [tag], "description": text, "responses": {**answers, **refused}}


def _ref(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}


def _named_in(value: Any, schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas that are referred to, directly or by way of others."""
    found: dict[str, Any] = {}
    waiting = [value]
    while waiting:
        match waiting.pop():
            case dict() as members:
                name = str(members.get("$ref", "")).rpartition("/")[2]
                if name in schemas and name not in found:
                    found[name] = schemas[name]
                    waiting.append(schemas[name])
                waiting.extend(members.values())
            case list() as items:
                waiting.extend(items)
    return found
