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

__all__ = ["API"]

_RERANK = frozenset(("model", "query", "documents", "top_n", "max_tokens_per_doc", "priority"))
_COMPATIBLE = ("/v1/chat/completions", "/v1/embeddings")


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
            for name in fields:
                if name not in _RERANK:
                    raise Refusal(400, "bad_request", f"unknown field: parameter '{name}' is not a valid field")
            return Asked(str(fields.get("model", "")), lambda _, answer_id: _reranked(fields, answer_id))
        if path != api_path and api_path in _COMPATIBLE:
            fields = parse_object(body)
            check_body(api_path, fields)
            return Asked(
                str(fields.get("model", "")), lambda script, answer_id: _as_openai(api_path, fields, script, answer_id)
            )
        raise Refusal(404, "not_found", "404 page not found")

    def refused(self, refusal: Refusal, answer_id: str) -> dict[str, Any]:
        return {"id": answer_id, "message": refusal.message}

    def headers(self, answer_id: str, _refusal: Refusal | None = None) -> list[Header]:
        return [(b"x-debug-trace-id", answer_id.encode())]


API = _Api()


def _as_openai(api_path: str, fields: dict[str, Any], script: Script, answer_id: str) -> Answered:
    answer = compatible.answered(api_path, fields, 0, script, answer_id)
    assert answer is not None
    return answer


def _reranked(fields: dict[str, Any], answer_id: str) -> Answered:
    return Answered(body=endpoints.rerank(fields, answer_id), billed=False)
