"""The paths of Ollama's API: chats, embeddings, models."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from control_layer.simulator.native import Answered, Asked
from control_layer.simulator.ollama.answers import answered, embedded
from control_layer.simulator.ollama.checks import check, parsed, refusal
from control_layer.simulator.ollama.schema import ChatRequest, EmbedRequest
from control_layer.simulator.script import MODELS, Script
from control_layer.simulator.strictness import Refusal, parse_object
from control_layer.wire import Header, Request

__all__ = ["API"]

_MODIFIED = "2026-01-01T00:00:00Z"


class _Api:
    def authorise(self, request: Request, api_key: str | None) -> None:
        """A token, as Ollama's cloud asks for one; a server on one's own machine asks for none."""
        if api_key is not None and request.header(b"authorization") != b"Bearer " + api_key.encode():
            raise Refusal(401, "", "unauthorized")

    def read(self, request: Request, path: str, body: bytes) -> Asked | Answered:
        if request.method == b"GET" and path == "/api/tags":
            return Answered(body={"models": [_model(name) for name in MODELS]})
        if request.method == b"GET" and path == "/api/version":
            return Answered(body={"version": "0.99.0"})
        if request.method != b"POST" or path not in ("/api/chat", "/api/embed"):
            raise refusal("404 page not found", 404)
        fields = parse_object(body)
        if path == "/api/embed":
            embed = parsed(fields, EmbedRequest)
            return Asked(embed.model, lambda script, _: _embed(embed, script))
        chat = parsed(fields, ChatRequest)
        check(chat)
        return Asked(chat.model, lambda script, answer_id: _chat(chat, script, answer_id))

    def refused(self, refusal: Refusal, answer_id: str) -> dict[str, Any]:
        del answer_id
        return {"error": refusal.message}

    def headers(self, answer_id: str, _refusal: Refusal | None = None) -> list[Header]:
        del answer_id
        return []


API = _Api()


def _chat(request: ChatRequest, script: Script, answer_id: str) -> Answered:
    if script.context_length:
        raise refusal("the input length exceeds the context length")
    return answered(request, script, answer_id)


def _embed(request: EmbedRequest, script: Script) -> Answered:
    if script.context_length:
        raise refusal("the input length exceeds the context length")
    return embedded(request)


def _model(name: str) -> dict[str, Any]:
    digest = sha256(name.encode()).hexdigest()
    details = {"format": "gguf", "family": "simulated", "parameter_size": "1B", "quantization_level": "Q4_K_M"}
    return {"name": name, "model": name, "modified_at": _MODIFIED, "size": 1, "digest": digest, "details": details}
