"""Cohere: its own API for rerank and models; OpenAI's, under `/compatibility`, for chat and embeddings; at `/cohere/…`.

https://docs.cohere.com/reference/rerank, https://docs.cohere.com/docs/compatibility-api.
"""

from __future__ import annotations

from typing import Any

from control_layer.simulator import compatible, endpoints
from control_layer.simulator.native import Answered, Asked
from control_layer.simulator.script import MODELS, Script
from control_layer.simulator.strictness import Refusal, check_body, parse_object
from control_layer.wire import Header, Request

__all__ = ["API", "check_compatible"]

_FUNCTION = frozenset(("name", "description", "parameters"))
_RERANK = frozenset(("model", "query", "documents", "top_n", "max_tokens_per_doc", "priority"))
_COMPATIBLE = {
    "/v1/chat/completions": frozenset((
        "model", "messages", "stream", "stream_options", "reasoning_effort", "response_format", "tools", "tool_choice",
        "temperature", "max_tokens", "stop", "seed", "top_p", "frequency_penalty", "presence_penalty", "logprobs",
        "user",
    )),
    "/v1/embeddings": frozenset(("model", "input", "encoding_format")),
}  # fmt: skip
"""What they know of OpenAI's."""
_EFFORTS = (None, "none", "high")


class _Api:
    def authorise(self, request: Request, api_key: str | None) -> None:
        token = request.header(b"authorization") or b""
        if token[:7].lower() != b"bearer " or (api_key is not None and token[7:] != api_key.encode()):
            raise Refusal(401, "unauthorized", "invalid api token")

    def read(self, request: Request, path: str, body: bytes) -> Asked | Answered:
        if request.method == b"GET" and path == "/v1/models":
            return Answered(body={"models": [{"name": name, "endpoints": ["chat"]} for name in MODELS]})
        if request.method != b"POST":
            raise Refusal(404, "not_found", "404 page not found")
        api_path = path.removeprefix("/compatibility")
        if path in ("/v1/rerank", "/v2/rerank"):
            fields = parse_object(body)
            _check_names(fields, _RERANK)
            return Asked(str(fields.get("model", "")), lambda _, answer_id: _reranked(fields, answer_id))
        if path != api_path and api_path in _COMPATIBLE:
            fields = parse_object(body)
            check_compatible(api_path, fields)
            return Asked(
                str(fields.get("model", "")), lambda script, answer_id: _as_openai(api_path, fields, script, answer_id)
            )
        raise Refusal(404, "not_found", "404 page not found")

    def refused(self, refusal: Refusal, answer_id: str) -> dict[str, Any]:
        return {"id": answer_id, "message": refusal.message}

    def headers(self, answer_id: str, _refusal: Refusal | None = None) -> list[Header]:
        return [(b"x-debug-trace-id", answer_id.encode())]


API = _Api()


def check_compatible(api_path: str, fields: dict[str, Any]) -> None:
    """What the compatible API takes of OpenAI's. Raises Refusal."""
    check_body(api_path, fields)
    _check_names(fields, _COMPATIBLE[api_path])
    if fields.get("reasoning_effort") not in _EFFORTS:
        raise Refusal(400, "bad_request", "reasoning_effort must be one of none, high")
    for tool in fields.get("tools") or ():
        _check_names(tool.get("function", {}), _FUNCTION)


def _check_names(fields: dict[str, Any], known: frozenset[str]) -> None:
    for name in fields:
        if name not in known:
            raise Refusal(400, "bad_request", f"unknown field: parameter '{name}' is not a valid field")


def _as_openai(api_path: str, fields: dict[str, Any], script: Script, answer_id: str) -> Answered:
    answer = compatible.answered(api_path, fields, 0, script, answer_id)
    assert answer is not None
    return answer


def _reranked(fields: dict[str, Any], answer_id: str) -> Answered:
    return Answered(body=endpoints.rerank(fields, answer_id), billed=False)
