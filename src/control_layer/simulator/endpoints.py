"""Answers of every other path: embeddings, responses, messages, moderations, rerank, images, audio, uploads."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

from control_layer.simulator.completions import Completion, complete
from control_layer.simulator.script import MODELS, Script
from control_layer.simulator.text import count_tokens, vector

__all__ = [
    "PIXEL", "embeddings", "message", "message_events", "model_list", "moderations", "rerank", "response",
    "response_events", "score", "speech", "transcript_events",
]  # fmt: skip

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""A PNG of one pixel."""
_CREATED = 1_700_000_000
_DIMENSIONS = 256


def model_list() -> dict[str, Any]:
    return {"object": "list", "data": [model_item(name) for name in MODELS]}


def model_item(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "simulated"}


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    given = body.get("input", "")
    texts = [given] if isinstance(given, str) or (given and isinstance(given[0], int)) else list(given)
    dimensions = body.get("dimensions") or _DIMENSIONS
    data = []
    for index, text in enumerate(texts):
        values: Any = vector(str(text), dimensions)
        if body.get("encoding_format") == "base64":
            values = base64.b64encode(struct.pack(f"<{dimensions}f", *values)).decode()
        data.append({"object": "embedding", "index": index, "embedding": values})
    used = sum(count_tokens(str(text)) for text in texts)
    return {
        "object": "list", "data": data, "model": body.get("model"),
        "usage": {"prompt_tokens": used, "total_tokens": used},
    }  # fmt: skip


def moderations(body: dict[str, Any], answer_id: str) -> dict[str, Any]:
    result = {"flagged": False, "categories": {"violence": False}, "category_scores": {"violence": 0.0}}
    return {"id": answer_id, "model": body.get("model"), "results": [result]}


def rerank(body: dict[str, Any], answer_id: str) -> dict[str, Any]:
    query, most = str(body.get("query", "")), body.get("top_n")
    scored = []
    for index, document in enumerate(body.get("documents") or []):
        text = document if isinstance(document, str) else str(document.get("text", ""))
        scored.append({"index": index, "relevance_score": _likeness(query, text)})
    scored.sort(key=lambda item: -item["relevance_score"])
    scored = scored[:most] if isinstance(most, int) else scored
    return {"id": answer_id, "results": scored, "meta": {"billed_units": {"search_units": 1}}}


def score(body: dict[str, Any], answer_id: str) -> dict[str, Any]:
    """As vLLM's servers answer: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#score-api."""
    first, others = str(body.get("text_1", "")), body.get("text_2") or []
    texts = others if isinstance(others, list) else [others]
    data = [
        {"index": index, "object": "score", "score": _likeness(first, str(text))} for index, text in enumerate(texts)
    ]
    return {"id": answer_id, "object": "list", "created": _CREATED, "model": body.get("model"), "data": data}


def _likeness(one: str, other: str) -> float:
    """The part of their words that they share."""
    ours, theirs = set(one.lower().split()), set(other.lower().split())
    return len(ours & theirs) / (len(ours | theirs) or 1)


def speech(body: dict[str, Any]) -> bytes:
    """A WAV of silence, longer for longer input (RIFF WAVE, PCM 8 kHz, 8 bit)."""
    samples = bytes([128]) * (200 * max(1, len(str(body.get("input", "")))))
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8, b"data", len(samples))  # fmt: skip  # noqa: E501
    return head + samples


def transcript_events(text: str, usage: dict[str, Any]) -> list[bytes]:
    """A transcription, streamed."""
    events: list[dict[str, Any]] = [{"type": "transcript.text.delta", "delta": word + " "} for word in text.split()]
    events.append({"type": "transcript.text.done", "text": text, "usage": usage})
    return [_typed(event) for event in events]


# -- Responses -----------------------------------------------------------------------------------------------------


def _as_chat(body: dict[str, Any]) -> dict[str, Any]:
    given = body.get("input", "")
    messages = [{"role": "user", "content": given}] if isinstance(given, str) else given
    return {"model": body.get("model"), "messages": messages, "max_tokens": body.get("max_output_tokens")}


def response(body: dict[str, Any], script: Script, answer_id: str) -> dict[str, Any]:
    """The Responses API, blocking."""
    done = complete(_as_chat(body), script, answer_id, chat=True)
    text = {"type": "output_text", "text": done.turn.text, "annotations": []}
    item = {"type": "message", "id": f"msg_{answer_id}", "status": "completed", "role": "assistant", "content": [text]}
    filtered = done.finish_reason == "content_filter"
    return {
        "id": f"resp_{answer_id}", "object": "response", "created_at": _CREATED,
        "status": "incomplete" if filtered else "completed",
        "incomplete_details": {"reason": "content_filter"} if filtered else None,
        "model": body.get("model"), "output": [item], "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
        "usage": {
            "input_tokens": done.usage["prompt_tokens"], "output_tokens": done.usage["completion_tokens"],
            "total_tokens": done.usage["total_tokens"], "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
    }  # fmt: skip


def response_events(body: dict[str, Any], script: Script, answer_id: str) -> tuple[dict[str, Any], list[bytes]]:
    """The Responses API, streamed: the whole answer, and the events that tell it."""
    whole = response(body, script, answer_id)
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    item = whole["output"][0]
    part = item["content"][0]
    text = part["text"]
    at = {"output_index": 0}
    where = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.added", **at, "item": {**item, "status": "in_progress", "content": []}},
        {"type": "response.content_part.added", **where, "part": {**part, "text": ""}},
    ]
    events += [
        {"type": "response.output_text.delta", **where, "delta": text[i : i + 12], "logprobs": []}
        for i in range(0, len(text), 12)
    ]
    events += [
        {"type": "response.output_text.done", **where, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **where, "part": part},
        {"type": "response.output_item.done", **at, "item": item},
    ]
    if whole["status"] == "incomplete":
        del events[1 if not text else -3 :]
    events.append({"type": f"response.{whole['status']}", "response": whole})
    return whole, [_typed({**event, "sequence_number": number}) for number, event in enumerate(events)]


# -- Messages ------------------------------------------------------------------------------------------------------


def message(body: dict[str, Any], script: Script, answer_id: str) -> dict[str, Any]:
    """The Anthropic Messages API, blocking."""
    done = complete(body, script, answer_id, chat=True)
    return {
        "id": f"msg_{answer_id}", "type": "message", "role": "assistant", "model": body.get("model"),
        "content": [{"type": "text", "text": done.turn.text}], "stop_sequence": None,
        "stop_reason": _STOP_REASONS.get(done.finish_reason, "end_turn"), "usage": _message_usage(done),
    }  # fmt: skip


_STOP_REASONS = {"length": "max_tokens", "content_filter": "refusal"}


def _message_usage(done: Completion) -> dict[str, Any]:
    return {
        "input_tokens": done.usage["prompt_tokens"], "output_tokens": done.usage["completion_tokens"],
        "cache_read_input_tokens": 7, "cache_creation_input_tokens": 3,
    }  # fmt: skip


def message_events(body: dict[str, Any], script: Script, answer_id: str) -> tuple[dict[str, Any], list[bytes]]:
    """The Anthropic Messages API, streamed: the whole answer, and the events that tell it."""
    whole = message(body, script, answer_id)
    usage = whole["usage"]
    text = whole["content"][0]["text"]
    start = {**whole, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
    ]
    events += [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text[i : i + 12]}}
        for i in range(0, len(text), 12)
    ]
    delta = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    events += [
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": delta, "usage": {"output_tokens": usage["output_tokens"]}},
        {"type": "message_stop"},
    ]
    return whole, [_typed(event) for event in events]


def _typed(event: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (event["type"].encode(), json.dumps(event).encode())
