"""The paths of Anthropic's API: messages, their tokens counted, models in pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from control_layer.simulator.anthropic.answers import answered, counted
from control_layer.simulator.anthropic.checks import check, checked_version, parsed, refusal
from control_layer.simulator.anthropic.schema import CountRequest, MessagesRequest
from control_layer.simulator.native import Answered, Asked
from control_layer.simulator.script import MODELS, Script
from control_layer.simulator.strictness import Refusal, parse_object
from control_layer.wire import Header, Request

__all__ = ["API", "answer"]

_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 504: "timeout_error",
    529: "overloaded_error",
}  # fmt: skip
_MAX_PAGE = 1000
_PAGE = 20


class _Api:
    def authorise(self, request: Request, api_key: str | None) -> None:
        """The key in `x-api-key`, or else as a bearer token."""
        token = request.header(b"authorization") or b""
        sent = request.header(b"x-api-key") or (token[7:] if token[:7].lower() == b"bearer " else None)
        if sent is None:
            raise Refusal(401, "authentication_error", "x-api-key header is required")
        if api_key is not None and sent != api_key.encode():
            raise Refusal(401, "authentication_error", "invalid x-api-key")

    def read(self, request: Request, path: str, body: bytes) -> Asked | Answered:
        version = checked_version(request.header(b"anthropic-version"))
        betas = request.header(b"anthropic-beta") or b""
        match request.method, path:
            case b"POST", "/v1/messages":
                message = parsed(_object(body), MessagesRequest, version, betas)
                check(message, version)
                assert isinstance(message, MessagesRequest)
                return Asked(message.model, lambda script, answer_id: answer(message, script, answer_id))
            case b"POST", "/v1/messages/count_tokens":
                count = parsed(_object(body), CountRequest, version, betas)
                check(count, version)
                return Answered(body={"input_tokens": counted(count)})
            case b"GET", "/v1/models":
                return Answered(body=_models(request.query.decode("latin-1")))
            case b"GET", _ if path.startswith("/v1/models/"):
                return Answered(body=_model(path.removeprefix("/v1/models/")))
        raise Refusal(404, "not_found_error", "Not Found")

    def refused(self, refusal: Refusal, answer_id: str) -> dict[str, Any]:
        known = refusal.code in _TYPES.values()
        kind = refusal.code if known else _TYPES.get(refusal.status, "api_error")
        if refusal.status in (400, 422) and not known:
            kind = "invalid_request_error"
        return {
            "type": "error",
            "error": {"type": kind, "message": refusal.message},
            "request_id": f"req_{answer_id}",
        }

    def headers(self, answer_id: str, _refusal: Refusal | None = None) -> list[Header]:
        return [(b"request-id", f"req_{answer_id}".encode())]


API = _Api()


def _object(body: bytes) -> dict[str, Any]:
    try:
        return parse_object(body)
    except Refusal as refused:
        raise refusal(f"The request body is not valid JSON: {refused.message}") from None


def answer(message: MessagesRequest, script: Script, answer_id: str) -> Answered:
    """The answer to a message that was checked. Raises Refusal."""
    if script.context_length:
        raise refusal("prompt is too long: 210000 tokens > 200000 maximum")
    return answered(message, script, answer_id)


def _model(name: str) -> dict[str, Any]:
    return {
        "type": "model", "id": name, "display_name": f"Simulated {name}", "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active", "max_input_tokens": 200_000, "max_tokens": 64_000,
    }  # fmt: skip


def _models(query: str) -> dict[str, Any]:
    """A page: behind `after_id`, before `before_id`, or from the beginning."""
    asked = {name: values[-1] for name, values in parse_qs(query).items()}
    limit = asked.get("limit", str(_PAGE))
    if not limit.isdigit() or not 1 <= int(limit) <= _MAX_PAGE:
        raise refusal(f"limit: Input should be between 1 and {_MAX_PAGE}")
    names = list(MODELS)
    for parameter in ("after_id", "before_id"):
        if parameter in asked and asked[parameter] not in names:
            raise refusal(f"{parameter}: there is no such model")
    if "before_id" in asked:
        rest = names[: names.index(asked["before_id"])]
        page, more = rest[-int(limit) :], len(rest) > int(limit)
    else:
        rest = names[names.index(asked["after_id"]) + 1 :] if "after_id" in asked else names
        page, more = rest[: int(limit)], len(rest) > int(limit)
    return {
        "data": [_model(name) for name in page],
        "has_more": more,
        "first_id": page[0] if page else None,
        "last_id": page[-1] if page else None,
    }
