"""Whether an answer means that the model works (§4.6). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

__all__ = ["Verdict", "is_unknown_model", "judged"]

_MAX_TEXT = 500
_FIRST_BAD_CODE = 400


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer says."""

    success: bool
    error: str | None
    """`HTTP 404 - …`, for a person."""
    data: Any
    """The answer, where it is JSON."""


def judged(status: int, body: bytes) -> Verdict:
    """A success is 2xx with JSON that does not report an error in spite of its status, as some providers do."""
    try:
        data: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        text = body.decode("utf-8", "replace")
        return Verdict(False, _failure(status, text if not 200 <= status < 300 else "The answer is not JSON"), None)
    if 200 <= status < 300 and not _reports_error(data):
        return Verdict(True, None, data)
    return Verdict(False, _failure(status, _message(data) or "The answer reports an error"), data)


def is_unknown_model(status: int, body: bytes) -> bool:
    """Whether the answer is that there is no such model, as gateways and providers say it."""
    if status != 404:
        return False
    try:
        data: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return False
    error = data.get("error") if isinstance(data, dict) else None
    return isinstance(error, dict) and error.get("code") == "model_not_found"


def _reports_error(data: Any) -> bool:
    if not isinstance(data, dict):
        return False
    error = data.get("error")
    inner = error.get("code") if isinstance(error, dict) else None
    return data.get("object") == "error" or _is_bad(data.get("code")) or _is_bad(inner)


def _is_bad(code: object) -> bool:
    if isinstance(code, str) and code.isascii() and code.isdigit():
        code = int(code[:9])
    return isinstance(code, int | float) and not isinstance(code, bool) and code >= _FIRST_BAD_CODE


def _message(data: Any) -> str | None:
    """The text that providers put into an error, wherever they put it."""
    if not isinstance(data, dict):
        return None
    for key in ("error", "message", "detail"):
        match data.get(key):
            case str(text) if text.strip():
                return text
            case {"message": str(text)} if text.strip():
                return text
    return None


def _failure(status: int, text: str) -> str:
    line = " ".join(text.replace("\0", " ").split())
    if len(line) > _MAX_TEXT:
        line = line[: _MAX_TEXT - 1] + "…"
    return f"HTTP {status} - {line}" if line else f"HTTP {status}"
