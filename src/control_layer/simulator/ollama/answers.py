"""What Ollama's API answers, whole and as lines."""

from __future__ import annotations

import json
from typing import Any

from control_layer.simulator.native import Answered
from control_layer.simulator.ollama.schema import ChatRequest, EmbedRequest, Message
from control_layer.simulator.script import Script
from control_layer.simulator.text import count_tokens, vector
from control_layer.simulator.turn import Ask, Tool, Turn, take_turn

__all__ = ["LINES", "answered", "embedded"]

LINES = b"application/x-ndjson"
_CREATED = "2026-11-27T12:00:00.123456789Z"
_FINISHES = {
    "stop": "stop", "stop_sequence": "stop", "tool_calls": "stop", "length": "length", "content_filter": "stop",
    "malformed": "stop",
}  # fmt: skip
_ANY_JSON = {"type": "object", "properties": {"simulated": {"type": "boolean"}}}
_DIMENSIONS = 768
_DURATIONS = {"total_duration": 5_000_000, "load_duration": 1_000_000}
"""Nanoseconds."""


def embedded(request: EmbedRequest) -> Answered:
    """Vectors."""
    texts = [request.input] if isinstance(request.input, str) else request.input
    vectors = [vector(text, request.dimensions or _DIMENSIONS) for text in texts]
    used = sum(count_tokens(text) for text in texts)
    body = {"model": request.model, "embeddings": vectors, **_DURATIONS, "prompt_eval_count": used}
    return Answered(body=body, usage={"prompt_eval_count": used})


def answered(request: ChatRequest, script: Script, answer_id: str) -> Answered:
    """The answer to a request that was checked."""
    turn = take_turn(_ask(request), script)
    usage = {
        "prompt_eval_count": turn.prompt_tokens,
        "eval_count": turn.output_tokens + (turn.reasoning_tokens if turn.reasoning else 0),
    }
    told = {} if script.usage == "none" else {**_DURATIONS, **usage}
    head = {"model": request.model, "created_at": _CREATED}
    last = {"done": True, "done_reason": _FINISHES[turn.finish], **told}
    if not request.stream or script.unstreamed:
        said = {
            "message": _message(turn.text, turn.reasoning, _calls(turn, answer_id)),
            **_logprobs(request, turn.pieces),
        }
        return Answered(body={**head, **said, **last}, usage=usage)
    lines = [{**head, **said, "done": False} for said in _pieces(request, turn, answer_id)]
    lines.append({**head, "message": _message(""), **last})
    events = [json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines]
    failure = b'{"error":"an error was encountered while running the model: sim-host.internal"}\n'
    return Answered(events=events, usage=usage, failure=failure, media_type=LINES)


def _ask(request: ChatRequest) -> Ask:
    last = request.messages[-1] if request.messages else Message(role="user")
    schema = _ANY_JSON if request.format == "json" else request.format
    return Ask(
        prompt="\n".join(message.content for message in request.messages),
        messages=len(request.messages),
        last=last.content if last.role == "user" else "",
        tools=[Tool(tool.function.name, tool.function.parameters) for tool in request.tools],
        schema=schema if isinstance(schema, dict) else None,
        limit=request.options.num_predict,
        stops=request.options.stop,
        think=bool(request.think),
    )


def _message(content: str, thinking: str | None = None, calls: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if thinking:
        message["thinking"] = thinking
    if calls:
        message["tool_calls"] = calls
    return message


def _calls(turn: Turn, answer_id: str) -> list[dict[str, Any]]:
    return [
        {"id": f"call_{answer_id}_{index}", "function": {"index": index, "name": name, "arguments": json.loads(text)}}
        for index, (name, text) in enumerate(turn.calls)
    ]


def _pieces(request: ChatRequest, turn: Turn, answer_id: str) -> list[dict[str, Any]]:
    """A call comes whole, all calls in one line."""
    said: list[dict[str, Any]] = []
    if turn.reasoning:
        middle = len(turn.reasoning) // 2
        said += [{"message": _message("", part)} for part in (turn.reasoning[:middle], turn.reasoning[middle:])]
    if turn.calls:
        said.append({"message": _message("", None, _calls(turn, answer_id))})
    said += [{"message": _message(piece), **_logprobs(request, [piece])} for piece in turn.pieces]
    return said


def _logprobs(request: ChatRequest, pieces: list[str]) -> dict[str, Any]:
    if not request.logprobs or not pieces:
        return {}
    return {
        "logprobs": [
            {**_likely(piece, 0), "top_logprobs": [_likely(piece, place) for place in range(request.top_logprobs)]}
            for piece in pieces
        ]
    }


def _likely(token: str, place: int) -> dict[str, Any]:
    return {"token": token, "logprob": -0.25 - place, "bytes": list(token.encode())}
