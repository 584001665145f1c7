"""What the Messages API answers, whole and as its events."""

from __future__ import annotations

import json
from typing import Any

from control_layer.simulator.anthropic.checks import signature, thinks, tools_of
from control_layer.simulator.anthropic.schema import (
    CountRequest,
    Message,
    MessagesRequest,
    NamedTool,
    ThinkingAdaptive,
    ThinkingEnabled,
    ToolResult,
)
from control_layer.simulator.native import Answered
from control_layer.simulator.script import Script
from control_layer.simulator.text import count_tokens
from control_layer.simulator.turn import Ask, Tool, Turn, take_turn

__all__ = ["answered", "counted"]

_STOPS = {
    "stop": "end_turn", "stop_sequence": "stop_sequence", "length": "max_tokens", "tool_calls": "tool_use",
    "content_filter": "refusal", "malformed": "end_turn",
}  # fmt: skip
_CHOICES = {"AutoTool": "auto", "AnyTool": "required", "NoTool": "none"}
_FAILURE = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded, says sim-host.internal"}}
_PING = {"type": "ping"}
_PER_DELTA = 3


def counted(request: CountRequest) -> int:
    """The tokens of a prompt."""
    return count_tokens(_prompt(request), len(request.messages))


def answered(request: MessagesRequest, script: Script, answer_id: str) -> Answered:
    """The answer to a request that was checked."""
    turn = take_turn(_ask(request), script)
    if script.refuses:
        turn.pieces, turn.calls, turn.finish = [], [], "content_filter"
    usage = _usage(request, turn, script)
    message = {
        "id": f"msg_{answer_id}",
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": _content(request, turn, answer_id),
        "stop_reason": _STOPS[turn.finish],
        "stop_sequence": turn.stop,
        "stop_details": {"type": "refusal", "category": None} if turn.finish == "content_filter" else None,
        "usage": usage,
    }
    if script.usage == "none":
        del message["usage"]
    if not request.stream or script.unstreamed:
        return Answered(body=message, usage=usage)
    events = [_event(each) for each in _events(message, turn)]
    return Answered(events=events, usage=usage, failure=_event(_FAILURE))


def _ask(request: MessagesRequest) -> Ask:
    choice = request.tool_choice
    output_format = request.output_config.format
    last = request.messages[-1]
    return Ask(
        prompt=_prompt(request),
        messages=len(request.messages),
        last=_own_words(last) if last.role == "user" else "",
        tools=[Tool(tool.name, tool.input_schema) for tool in tools_of(request)],
        choice=choice.name if isinstance(choice, NamedTool) else _CHOICES.get(type(choice).__name__, "auto"),
        schema=None if output_format is None else output_format.schema,
        limit=request.max_tokens,
        stops=request.stop_sequences,
        think=thinks(request),
    )


def _prompt(request: CountRequest) -> str:
    system = request.system if isinstance(request.system, str) else "".join(block.text for block in request.system)
    said = [_text(message) for message in request.messages]
    return "\n".join([system, *said] if system else said)


def _text(message: Message) -> str:
    if isinstance(message.content, str):
        return message.content
    texts = []
    for block in message.content:
        content = getattr(block, "content", "") if isinstance(block, ToolResult) else getattr(block, "text", "")
        if isinstance(content, list):
            content = "".join(getattr(part, "text", "") for part in content)
        texts.append(content)
    return "".join(texts)


def _own_words(message: Message) -> str:
    """Without what tools said."""
    if isinstance(message.content, str):
        return message.content
    return "".join(getattr(block, "text", "") for block in message.content)


def _content(request: MessagesRequest, turn: Turn, answer_id: str) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    if turn.reasoning:
        thinking = request.thinking
        omitted = isinstance(thinking, ThinkingEnabled | ThinkingAdaptive) and thinking.display == "omitted"
        shown = "" if omitted else turn.reasoning
        content.append({"type": "thinking", "thinking": shown, "signature": signature(shown)})
    if turn.text:
        content.append({"type": "text", "text": turn.text})
    for index, (name, arguments) in enumerate(turn.calls):
        call_id = f"toolu_{answer_id[-8:]}{index}"
        content.append({"type": "tool_use", "id": call_id, "name": name, "input": json.loads(arguments)})
    return content


def _usage(request: MessagesRequest, turn: Turn, script: Script) -> dict[str, Any]:
    prompt = turn.prompt_tokens
    marks = json.dumps(_marks(request))
    read = prompt // 2 if "ephemeral" in marks else 0
    written = prompt // 4 if "ephemeral" in marks else 0
    long = written if '"1h"' in marks else 0
    output = turn.output_tokens + turn.reasoning_tokens
    usage: dict[str, Any] = {
        "input_tokens": prompt - read - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": written - long, "ephemeral_1h_input_tokens": long},
        "output_tokens": output,
        "output_tokens_details": {"thinking_tokens": turn.reasoning_tokens},
        "service_tier": "standard",
    }
    if script.usage == "odd":
        usage |= {"input_tokens": float(usage["input_tokens"]), "output_tokens": str(output)}
    return usage


def _marks(request: MessagesRequest) -> list[dict[str, str]]:
    blocks: list[object] = [request, *tools_of(request)]
    blocks += request.system if isinstance(request.system, list) else ()
    for message in request.messages:
        blocks += message.content if isinstance(message.content, list) else ()
    marks = [getattr(block, "cache_control", None) for block in blocks]
    return [{"type": "ephemeral", "ttl": mark.ttl} for mark in marks if mark is not None]


def _events(message: dict[str, Any], turn: Turn) -> list[dict[str, Any]]:
    usage = message.get("usage")
    begun = {**message, "content": [], "stop_reason": None, "stop_sequence": None, "stop_details": None}
    if usage is not None:
        begun["usage"] = {**usage, "output_tokens": 1}
        del begun["usage"]["output_tokens_details"]
    events: list[dict[str, Any]] = [{"type": "message_start", "message": begun}]
    for index, block in enumerate(message["content"]):
        empty, deltas = _pieces(block, turn)
        events.append({"type": "content_block_start", "index": index, "content_block": empty})
        if index == 0:
            events.append(_PING)
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    delta = {name: message[name] for name in ("stop_reason", "stop_sequence", "stop_details")}
    last: dict[str, Any] = {"type": "message_delta", "delta": delta}
    if usage is not None:
        told = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
        last["usage"] = {name: usage[name] for name in (*told, "output_tokens_details")}
    return [*events, last, {"type": "message_stop"}]


def _pieces(block: dict[str, Any], turn: Turn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """How a block begins, and what is added to it."""
    match block["type"]:
        case "thinking":
            words = block["thinking"].split(" ") if block["thinking"] else []
            said = [word if index == 0 else f" {word}" for index, word in enumerate(words)]
            deltas = [{"type": "thinking_delta", "thinking": word} for word in said]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
            return {"type": "thinking", "thinking": "", "signature": ""}, deltas
        case "tool_use":
            text = json.dumps(block["input"])
            parts = ["", *(text[at : at + 7] for at in range(0, len(text), 7))]
            return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": part} for part in parts]
        case _:
            pieces = turn.pieces
            texts = ["".join(pieces[at : at + _PER_DELTA]) for at in range(0, len(pieces), _PER_DELTA)]
            return {**block, "text": ""}, [{"type": "text_delta", "text": text} for text in texts if text]


def _event(event: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (event["type"].encode(), json.dumps(event, separators=(",", ":")).encode())
