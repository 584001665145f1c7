"""What the OpenAI-compatible API answers: completions and everything else that is simulated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from control_layer.simulator import endpoints
from control_layer.simulator.completions import complete
from control_layer.simulator.native import Answered
from control_layer.simulator.script import Script
from control_layer.simulator.strictness import Refusal

__all__ = ["answered", "uploaded"]

_DONE = b"data: [DONE]\n\n"
_FAILURE = b'data: {"error":{"message":"Simulated failure at sim-host.internal","type":"server_error","code":null}}\n\n'
_PIECE = 16 * 1024


def answered(path: str, fields: dict[str, Any], size: int, script: Script, answer_id: str) -> Answered | None:
    """The answer to a JSON body of `size` bytes; `None` for a path that nothing is known of. Raises Refusal."""
    _refuse(script)
    streaming = fields.get("stream") is True and not script.unstreamed
    match path:
        case "/v1/chat/completions" | "/v1/completions":
            return _completion(fields, script, answer_id, chat=path.startswith("/v1/chat"), streaming=streaming)
        case "/v1/embeddings":
            return _whole(endpoints.embeddings(fields), script)
        case "/v1/responses" if streaming:
            return _told(*endpoints.response_events(fields, script, answer_id))
        case "/v1/responses":
            return _whole(endpoints.response(fields, script, answer_id), script)
        case "/v1/messages" if streaming:
            return _told(*endpoints.message_events(fields, script, answer_id))
        case "/v1/messages":
            return _whole(endpoints.message(fields, script, answer_id), script)
        case "/v1/messages/count_tokens":
            return Answered(body={"input_tokens": max(1, size // 4)}, billed=False)
        case "/v1/moderations":
            return Answered(body=endpoints.moderations(fields, answer_id), billed=False)
        case "/v1/score":
            return Answered(body=endpoints.score(fields, answer_id), billed=False)
        case "/v1/rerank" | "/v2/rerank":
            return Answered(body=endpoints.rerank(fields, answer_id), billed=False)
        case "/v1/images/generations":
            usage = {"input_tokens": 10, "output_tokens": 20, "total_tokens": 30}
            return Answered(body={**_picture(), "usage": usage}, billed=False)
        case "/v1/audio/speech":
            return Answered(sound=endpoints.speech(fields), billed=False)
    return None


def uploaded(path: str, model: str, form: dict[str, bytes], size: int, script: Script) -> Answered:
    """The answer to a form of `size` bytes. Raises Refusal."""
    _refuse(script)
    if not path.startswith("/v1/audio/"):
        return Answered(body={**_picture(), "received_bytes": size, "model": model}, billed=False)
    text = f"Simulated transcript of {size} bytes for {model}."
    usage = {"type": "tokens", "input_tokens": size // 100, "output_tokens": 9, "total_tokens": size // 100 + 9}
    if form.get("stream") == b"true":
        return Answered(unbroken=endpoints.transcript_events(text, usage), usage=usage)
    return Answered(body={"text": text, "usage": usage}, usage=usage)


def _refuse(script: Script) -> None:
    if script.context_length:
        text = "This model's maximum context length is 10 tokens, says sim-host.internal."
        raise Refusal(400, "context_length_exceeded", text)
    if script.refuses:
        text = "The prompt is against the content policy, says sim-host.internal."
        raise Refusal(400, "content_filter", text)


def _picture() -> dict[str, Any]:
    return {"created": 1, "data": [{"b64_json": endpoints.PIXEL}]}


def _whole(answer: dict[str, Any], script: Script) -> Answered:
    if script.usage == "none":
        del answer["usage"]
    return Answered(body=answer, usage=answer.get("usage"))


def _told(whole: dict[str, Any], events: list[bytes]) -> Answered:
    return Answered(unbroken=events, usage=whole["usage"])


def _completion(fields: dict[str, Any], script: Script, answer_id: str, *, chat: bool, streaming: bool) -> Answered:
    done = complete(fields, script, answer_id, chat=chat)
    if not streaming:
        whole = done.whole()
        if script.big:
            whole["choices"][0]["message"]["content"] = "x" * (script.big * 1024 * 1024)
        return _whole(whole, script)
    options = fields.get("stream_options") or {}
    chunks = done.chunks(script, bool(options.get("include_usage")))
    events = [b"data: %b\n\n" % json.dumps(chunk, separators=(",", ":")).encode() for chunk in chunks]
    if script.big and script.error_after is None and not script.cut:
        long = _repeated(events[:2], events[2], script.big * 1024 * 1024, [*events[3:], _DONE])
        return Answered(unbroken=long, usage=done.usage)
    return Answered(events=[*events, _DONE], usage=done.usage, failure=_FAILURE)


def _repeated(before: list[bytes], event: bytes, total: int, after: list[bytes]) -> Iterator[bytes]:
    """`event` padded to 16 KB, as often as it takes to send `total` bytes."""
    padded = event.replace(b'"content":"', b'"content":"' + b"x" * _PIECE, 1)
    yield from before
    for _ in range(-(-total // len(padded))):
        yield padded
    yield from after
