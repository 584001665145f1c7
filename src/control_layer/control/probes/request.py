"""The request that a probe makes: what its definition says, and the smallest thing a model can be asked otherwise."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from control_layer.control.endpoints.model_type import ModelType
from control_layer.control.errors import invalid

__all__ = ["DEFAULT_METHOD", "ProbeRequest", "checked_method", "checked_path", "request_for"]

DEFAULT_METHOD = "POST"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_BODILESS = "GET"
_MAX_PATH = 2048
_PATH = re.compile(r"/[!\"$-\[\]^_a-z|~]*")  # printable ASCII that means the same to everybody (RFC 3986)
_ENCODED_SEPARATOR = re.compile(r"%(?:2f|5c|25)", re.IGNORECASE)
_QUESTION = "Reply with the word OK."


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRequest:
    """One request to our own `/ai`."""

    method: str
    target: str
    """Path and query, from `/ai` on."""
    body: bytes | None
    """JSON."""


def checked_method(method: str) -> str:
    """A method in capitals. Raises 400."""
    method = method.strip().upper()
    if method not in _METHODS:
        raise invalid(f"http_method must be one of {', '.join(_METHODS)}", code="invalid_http_method")
    return method


def checked_path(path: str) -> str:
    """A path that stays beneath `/ai`. Raises 400."""
    path = path.strip()
    segments = unquote(path.partition("?")[0]).split("/")
    climbs = any(segment in (".", "..") for segment in segments) or _ENCODED_SEPARATOR.search(path.partition("?")[0])
    if not _PATH.fullmatch(path) or len(path) > _MAX_PATH or climbs:
        raise invalid(
            "request_path must be a path of the AI API without /ai, such as /v1/chat/completions",
            code="invalid_request_path",
        )
    return path


def request_for(alias: str, model_type: str | None, *, method: str, path: str | None, body: Any | None) -> ProbeRequest:
    """What to send. A body that is given goes out as it is; none goes out with `GET`."""
    default_path, default_body = _smallest(alias, model_type)
    if body is None and method != _BODILESS:
        body = default_body
    content = None if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return ProbeRequest(method=method, target="/ai" + (path or default_path), body=content)


def _smallest(alias: str, model_type: str | None) -> tuple[str, dict[str, Any]]:
    """A path, and a body that every provider takes: no limit of tokens has one name that all models know."""
    match model_type:
        case ModelType.EMBEDDINGS:
            return "/v1/embeddings", {"model": alias, "input": _QUESTION}
        case ModelType.RERANKER:
            return "/v1/rerank", {"model": alias, "query": _QUESTION, "documents": ["OK"]}
        case _:
            return "/v1/chat/completions", {"model": alias, "messages": [{"role": "user", "content": _QUESTION}]}
