"""What a careful provider refuses: requests that could be read in two ways, that lack what they need, or that carry
what only their sender should know.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from control_layer.wire import Request

__all__ = ["Refusal", "check_body", "check_head", "parse_form", "parse_object"]

_ONCE = frozenset((b"host", b"content-type", b"content-length", b"authorization", b"x-api-key", b"accept-encoding"))
_LEAKS = (b"x-control-layer-", b"cookie", b"x-model", b"model-override", b"proxy-", b"connection", b"forwarded")
_NEEDED = {
    "/v1/chat/completions": "messages",
    "/v1/completions": "prompt",
    "/v1/embeddings": "input",
    "/v1/responses": "input",
    "/v1/messages": "messages",
}


@dataclass(slots=True)
class Refusal(Exception):
    """Why a request is not served."""

    status: int
    code: str
    message: str


def check_head(request: Request) -> None:
    """Raises Refusal."""
    seen: set[bytes] = set()
    for name, value in request.headers:
        if name in seen and name in _ONCE:
            raise Refusal(400, "duplicate_header", f"The header {name.decode('latin-1')} stands twice.")
        seen.add(name)
        if name.startswith(_LEAKS) and not request.upgrade and value.lower() not in (b"keep-alive", b"close"):
            raise Refusal(400, "leaked_header", f"The header {name.decode('latin-1')} has no business here.")
        if name == b"content-encoding" and value.lower() != b"identity":
            raise Refusal(415, "unsupported_encoding", "Bodies are read unencoded only.")


def parse_object(body: bytes) -> dict[str, Any]:
    """A JSON object without duplicate names and NaN. Raises Refusal."""
    try:
        fields = json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "invalid_json", f"The body is not JSON: {error}.") from error
    if not isinstance(fields, dict):
        raise Refusal(400, "invalid_json", "The body is not an object.")
    return fields


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name stands twice")
    return fields


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def check_body(path: str, fields: dict[str, Any]) -> None:
    """Raises Refusal."""
    needed = _NEEDED.get(path)
    if needed is None:
        return
    if not isinstance(fields.get("model"), str):
        raise Refusal(400, "missing_required_parameter", "Missing required parameter: 'model'.")
    if needed not in fields:
        raise Refusal(400, "missing_required_parameter", f"Missing required parameter: '{needed}'.")
    if fields.get("stream_options") is not None and fields.get("stream") is not True:
        raise Refusal(400, "invalid_value", "'stream_options' is only allowed when 'stream' is true.")


def parse_form(content_type: bytes, body: bytes) -> dict[str, bytes]:
    """The fields of a form; of a name that stands twice the last one. Raises Refusal."""
    _, found, boundary = content_type.partition(b"boundary=")
    delimiter = b"\r\n--" + boundary.partition(b";")[0].strip(b' "')
    parts = (b"\r\n" + body).split(delimiter)
    if not found or len(parts) < 2 or not parts[-1].startswith(b"--"):
        raise Refusal(400, "invalid_form", "The form does not end with its boundary.")
    fields: dict[str, bytes] = {}
    for part in parts[1:-1]:
        head, separator, value = part.partition(b"\r\n\r\n")
        _, named, name = head.partition(b'name="')
        if not separator or not named:
            raise Refusal(400, "invalid_form", "A part of the form has no name.")
        fields[name.partition(b'"')[0].decode("utf-8", "replace")] = value
    return fields
