"""The OpenAPI document of `/ai`: which paths there are and how to sign in; the bodies are the SDKs' own."""

from __future__ import annotations

from typing import Any

__all__ = ["ai_document"]

_OPENAI = "https://platform.openai.com/docs/api-reference"
_ANTHROPIC = "https://docs.anthropic.com/en/api/messages"
_JSON = "application/json"
_FORM = "multipart/form-data"
_CALLS = (
    ("/ai/v1/chat/completions", "chat", "A chat completion, whole or as Server-Sent Events.", _JSON),
    ("/ai/v1/completions", "chat", "A text completion.", _JSON),
    ("/ai/v1/responses", "chat", "A response in OpenAI's Responses format.", _JSON),
    ("/ai/v1/messages", "chat", "A message in Anthropic's format.", _JSON),
    ("/ai/v1/messages/count_tokens", "chat", "How many tokens a message would have.", _JSON),
    ("/ai/v1/embeddings", "other models", "Embeddings of texts.", _JSON),
    ("/ai/v1/rerank", "other models", "Documents by relevance.", _JSON),
    ("/ai/v1/moderations", "other models", "Whether a text is harmful.", _JSON),
    ("/ai/v1/images/generations", "other models", "Images of a description.", _JSON),
    ("/ai/v1/images/edits", "other models", "Images changed as described.", _FORM),
    ("/ai/v1/audio/speech", "other models", "A text, spoken.", _JSON),
    ("/ai/v1/audio/transcriptions", "other models", "Speech as text.", _FORM),
    ("/ai/v1/audio/translations", "other models", "Speech as English text.", _FORM),
)
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
}
_NO_CREDIT = {"402": "The model has a price, and the account's credit is spent."}
_REFUSALS = {
    "400": "The body is not valid, or names no model.",
    "401": "No key that works.",
    "403": "The key may not call this model.",
    "404": "There is no such model.",
    "429": "A limit is reached; `retry-after` says when to come again.",
}


def ai_document(title: str, version: str) -> dict[str, Any]:
    """The document of an instance of this title."""
    paths = {path: {"post": _call(tag, text, media)} for path, tag, text, media in _CALLS}
    paths["/ai/v1/models"] = {"get": _operation("models", "The models that the key may call.")}
    name = {"name": "model", "in": "path", "required": True, "schema": _STRING}
    one = _operation("models", "One of the models that the key may call.")
    paths["/ai/v1/models/{model}"] = {"get": one | {"parameters": [name]}}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{title}: AI", "version": version, "description": "OpenAI's and Anthropic's SDKs speak it."},
        "paths": paths,
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key of purpose `realtime`."},
                "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "The same key."},
            },
        },
        "security": [{"key": []}, {"x-api-key": []}],
    }


def _call(tag: str, text: str, media: str) -> dict[str, Any]:
    body = {"required": True, "content": {media: {"schema": _ref("Call")}}}
    return _operation(tag, text, _REFUSALS | _NO_CREDIT) | {"requestBody": body}


def _operation(tag: str, text: str, refusals: dict[str, str] = _REFUSALS) -> dict[str, Any]:
    responses = {status: _content(meaning, "Error") for status, meaning in sorted(refusals.items())}
    return {"tags": [tag], "description": text, "responses": {"200": _content("Done.", "Answer")} | responses}


def _content(meaning: str, schema: str) -> dict[str, Any]:
    return {"description": meaning, "content": {_JSON: {"schema": _ref(schema)}}}


def _ref(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}
