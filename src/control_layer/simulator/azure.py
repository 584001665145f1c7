"""Azure OpenAI, strict: the older paths of deployments with an `api-version`, and `/openai/v1/…`; at `/azure/openai/…`.

https://learn.microsoft.com/azure/ai-foundry/openai/reference. A deployment's name is the name of its script; answers
name the model behind it, as the real service does.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote

from control_layer.simulator import endpoints
from control_layer.simulator.completions import complete
from control_layer.simulator.native import Answered, Asked
from control_layer.simulator.script import MODELS, Script
from control_layer.simulator.strictness import Refusal, check_body, parse_object
from control_layer.simulator.tokens import is_good
from control_layer.wire import Header, Request

__all__ = ["API"]

_MODEL = "gpt-simulated-2026-01-01"
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")
_LISTS_DEPLOYMENTS = ("2022-12-01", "2023-03-15-preview")
"""Later versions leave that to Azure's management API."""
_SAFE = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")}
_CHAT = frozenset((
    "model", "messages", "max_tokens", "max_completion_tokens", "temperature", "top_p", "n", "stream", "stream_options",
    "stop", "presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs", "user", "seed", "tools",
    "tool_choice", "parallel_tool_calls", "functions", "function_call", "response_format", "reasoning_effort",
    "data_sources", "metadata", "store", "modalities", "audio", "prediction", "verbosity", "prompt_cache_key",
    "safety_identifier", "service_tier", "user_security_context",
))  # fmt: skip
_EMBEDDINGS = frozenset(("model", "input", "dimensions", "encoding_format", "user", "input_type"))
_KNOWN = {"/chat/completions": _CHAT, "/embeddings": _EMBEDDINGS}
_DONE = b"data: [DONE]\n\n"
_FAILURE = b'data: {"error":{"message":"Simulated failure at sim-host.internal","type":"server_error","code":null}}\n\n'


class _Api:
    def authorise(self, request: Request, api_key: str | None) -> None:
        """The key in `api-key`, or an Entra token."""
        token = request.header(b"authorization") or b""
        sent = request.header(b"api-key") or (token[7:] if token[:7].lower() == b"bearer " else None)
        entra = sent is not None and is_good(sent.decode("latin-1"), "azure")
        if sent is None or (api_key is not None and sent != api_key.encode() and not entra):
            raise Refusal(
                401,
                "401",
                "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key "
                "for an active subscription and use a correct regional API endpoint for your resource.",
            )

    def read(self, request: Request, path: str, body: bytes) -> Asked | Answered:
        version = parse_qs(request.query.decode("latin-1")).get("api-version", [None])[-1]
        if path.startswith("/openai/v1/"):
            if version not in (None, "v1", "preview"):
                raise Refusal(400, "BadRequest", "API version not supported")
            return _read(request, path.removeprefix("/openai/v1"), body, None)
        if not path.startswith("/openai/") or version is None or not _VERSION.fullmatch(version):
            raise Refusal(404, "404", "Resource not found")
        rest = path.removeprefix("/openai")
        if rest == "/deployments" and version in _LISTS_DEPLOYMENTS and request.method == b"GET":
            return Answered(body={"object": "list", "data": [_deployment(name) for name in MODELS]})
        if rest.startswith("/deployments/"):
            name, _, operation = rest.removeprefix("/deployments/").partition("/")
            return _read(request, "/" + operation, body, unquote(name))
        return _read(request, rest, body, None)

    def refused(self, refusal: Refusal, answer_id: str) -> dict[str, Any]:
        del answer_id
        error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
        if refusal.code == "content_filter":
            jailbreak = {"jailbreak": {"filtered": True, "detected": True}}
            inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {**_SAFE, **jailbreak}}
            error |= {"type": None, "param": "prompt", "status": 400, "innererror": inner}
        elif not refusal.code[:1].isdigit() and not refusal.code[:1].isupper():
            error |= {"type": "invalid_request_error" if refusal.status < 500 else "server_error", "param": None}
        return {"error": error}

    def headers(self, answer_id: str, _refusal: Refusal | None = None) -> list[Header]:
        return [(b"apim-request-id", answer_id.encode()), (b"x-ms-region", b"Simulated")]


API = _Api()


def _deployment(name: str) -> dict[str, Any]:
    return {"object": "deployment", "id": name, "model": _MODEL, "owner": "organization-owner", "status": "succeeded"}


def _read(request: Request, operation: str, body: bytes, deployment: str | None) -> Asked | Answered:
    """An operation, at a deployment or with the deployment as its model."""
    if request.method == b"GET" and operation == "/models" and deployment is None:
        return Answered(body=endpoints.model_list())
    if request.method != b"POST" or (operation == "/responses" and deployment is not None):
        raise Refusal(404, "404", "Resource not found")
    fields = parse_object(body)
    for name in fields:
        if name not in _KNOWN.get(operation, fields):
            raise Refusal(400, "unknown_parameter", f"Unrecognized request argument supplied: {name}")
    if deployment is not None:
        fields["model"] = deployment
    check_body("/v1" + operation, fields)
    name = str(fields.get("model", ""))
    match operation:
        case "/chat/completions":
            return Asked(name, lambda script, answer_id: _chat(fields, script, answer_id))
        case "/embeddings":
            return Asked(name, lambda script, _: _embeddings(fields, script))
        case "/responses":
            return Asked(name, lambda script, answer_id: _response(fields, script, answer_id))
    raise Refusal(404, "404", "Resource not found")


def _refuse(script: Script) -> None:
    if script.context_length:
        raise Refusal(400, "context_length_exceeded", "This model's maximum context length is 10 tokens.")
    if script.refuses:
        raise Refusal(
            400,
            "content_filter",
            "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please "
            "modify your prompt and retry.",
        )


def _chat(fields: dict[str, Any], script: Script, answer_id: str) -> Answered:
    _refuse(script)
    done = complete({**fields, "model": _MODEL}, script, answer_id, chat=True)
    looked_at = [{"prompt_index": 0, "content_filter_results": _SAFE}]
    if fields.get("stream") is True and not script.unstreamed:
        options = fields.get("stream_options") or {}
        first = {"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": looked_at}
        chunks = [first, *done.chunks(script, bool(options.get("include_usage")))]
        for chunk in chunks:
            for choice in chunk["choices"]:
                choice["content_filter_results"] = _SAFE if choice["delta"].get("content") else {}
        events = [_event(chunk) for chunk in chunks]
        return Answered(events=[*events, _DONE], usage=done.usage, failure=_FAILURE)
    whole = {**done.whole(), "prompt_filter_results": looked_at}
    for choice in whole["choices"]:
        choice["content_filter_results"] = _SAFE
    if script.usage == "none":
        del whole["usage"]
    return Answered(body=whole, usage=done.usage)


def _embeddings(fields: dict[str, Any], script: Script) -> Answered:
    _refuse(script)
    answer = {**endpoints.embeddings(fields), "model": _MODEL}
    return Answered(body=answer, usage=answer["usage"])


def _response(fields: dict[str, Any], script: Script, answer_id: str) -> Answered:
    _refuse(script)
    if fields.get("stream") is True:
        whole, events = endpoints.response_events({**fields, "model": _MODEL}, script, answer_id)
        return Answered(events=events, usage=whole["usage"], failure=_FAILURE)
    whole = endpoints.response({**fields, "model": _MODEL}, script, answer_id)
    return Answered(body=whole, usage=whole["usage"])


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % json.dumps(chunk, separators=(",", ":")).encode()
