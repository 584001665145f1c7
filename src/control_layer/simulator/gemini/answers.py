"""What the Gemini API answers, whole and as a stream."""

from __future__ import annotations

import json
from typing import Any

from control_layer.simulator.gemini.checks import declarations, signature
from control_layer.simulator.gemini.media import Made, made, seen_tokens
from control_layer.simulator.gemini.schema import Content, EmbedRequest, GenerateRequest
from control_layer.simulator.native import Answered
from control_layer.simulator.script import Script
from control_layer.simulator.text import count_tokens, vector
from control_layer.simulator.turn import Ask, Tool, Turn, take_turn

__all__ = ["counted", "embedded", "generated"]

_FINISHES = {
    "stop": "STOP", "stop_sequence": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY",
    "malformed": "MALFORMED_FUNCTION_CALL",
}  # fmt: skip
_FAILURE = {
    "error": {"code": 503, "message": "The model is overloaded, says sim-host.internal", "status": "UNAVAILABLE"}
}
_DIMENSIONS = 768
_PER_CHUNK = 3


def counted(contents: list[Content], instruction: Content | None = None) -> dict[str, Any]:
    """The answer of `:countTokens`."""
    total = count_tokens(_said(contents, instruction), len(contents))
    return {"totalTokens": total, "promptTokensDetails": _details(total)}


def embedded(request: EmbedRequest) -> dict[str, Any]:
    """A vector."""
    return {"values": vector(_text(request.content), request.output_dimensionality or _DIMENSIONS)}


def generated(request: GenerateRequest, model: str, script: Script, answer_id: str, how: str) -> Answered:
    """The answer to a request that was checked. `how` is `whole`, `sse`, or `list` for a stream in a JSON array."""
    turn = take_turn(_ask(request), script)
    more = _made(request, turn, model, streamed=how != "whole")
    tail = {"modelVersion": model, "responseId": answer_id}
    usage = _usage(request, turn, more)
    told = {} if script.usage == "none" else {"usageMetadata": usage}
    if script.refuses:
        blocked = {"promptTokenCount": turn.prompt_tokens, "totalTokenCount": turn.prompt_tokens}
        told = {} if script.usage == "none" else {"usageMetadata": blocked}
        parts: list[dict[str, Any]] = [{"promptFeedback": {"blockReason": "SAFETY"}, **told, **tail}]
        usage = blocked
    elif how == "whole":
        parts = [{"candidates": _candidates(request, turn, more), **told, **tail}]
    else:
        parts = _chunks(request, turn, more, told, tail)
    if how == "sse":
        return Answered(events=[_event(part) for part in parts], usage=usage, failure=_event(_FAILURE))
    return Answered(body=parts[0] if how == "whole" else parts, usage=usage)


def _made(request: GenerateRequest, turn: Turn, model: str, *, streamed: bool) -> Made:
    if turn.finish in ("content_filter", "malformed"):
        return Made()
    more = made(request, model, _text(request.contents[-1]), signature("picture", model), streamed=streamed)
    if more.alone:
        turn.pieces, turn.output_tokens = [], 0
    return more


def _ask(request: GenerateRequest) -> Ask:
    config, last = request.generation_config, request.contents[-1]
    calling = request.tool_config.function_calling_config
    allowed = calling.allowed_function_names
    tools = [each for each in declarations(request) if not allowed or each.name in allowed]
    schema = config.response_json_schema or config.response_schema
    if schema is None and config.response_mime_type == "application/json":
        schema = {"type": "object", "properties": {"simulated": {"type": "boolean"}}}
    return Ask(
        prompt=_said(request.contents, request.system_instruction),
        messages=len(request.contents),
        last="" if last.role == "model" else _own_words(last),
        tools=[Tool(each.name, _lower(each.parameters or each.parameters_json_schema)) for each in tools],
        choice={"ANY": "required", "NONE": "none"}.get(calling.mode, "auto"),
        schema=_lower(schema),
        limit=config.max_output_tokens,
        stops=config.stop_sequences,
        think=_thinks(request),
    )


def _thinks(request: GenerateRequest) -> bool:
    thinking = request.generation_config.thinking_config
    return bool(thinking.include_thoughts or thinking.thinking_budget or thinking.thinking_level)


def _lower(schema: Any) -> Any:
    """Types in small letters, as JSON Schema has them."""
    if isinstance(schema, list):
        return [_lower(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: inner.lower() if name == "type" and isinstance(inner, str) else _lower(inner)
        for name, inner in schema.items()
    }


def _said(contents: list[Content], instruction: Content | None) -> str:
    return "\n".join(map(_text, contents if instruction is None else [instruction, *contents]))


def _own_words(content: Content) -> str:
    """Without what functions said."""
    return "".join(part.text or "" for part in content.parts)


def _text(content: Content) -> str:
    texts = []
    for part in content.parts:
        if part.function_response is not None:
            texts.append(json.dumps(part.function_response.response))
        elif part.text is not None and not part.thought:
            texts.append(part.text)
    return "".join(texts)


def _usage(request: GenerateRequest, turn: Turn, more: Made) -> dict[str, Any]:
    count = request.generation_config.candidate_count
    candidates = (turn.output_tokens + more.tokens) * count
    seen = seen_tokens(request)
    usage: dict[str, Any] = {
        "promptTokenCount": turn.prompt_tokens + seen,
        "candidatesTokenCount": candidates,
        "totalTokenCount": turn.prompt_tokens + seen + candidates + turn.reasoning_tokens,
        "promptTokensDetails": _details(turn.prompt_tokens),
    }
    if seen:
        usage["promptTokensDetails"].append({"modality": "IMAGE", "tokenCount": seen})
    if more.tokens:
        usage["candidatesTokensDetails"] = [{"modality": more.modality, "tokenCount": more.tokens * count}]
    if turn.reasoning_tokens:
        usage["thoughtsTokenCount"] = turn.reasoning_tokens
    if turn.prompt_tokens >= 1024 or request.cached_content is not None:
        usage["cachedContentTokenCount"] = turn.prompt_tokens // 2
        usage["cacheTokensDetails"] = _details(turn.prompt_tokens // 2)
    return usage


def _details(count: int) -> list[dict[str, Any]]:
    return [{"modality": "TEXT", "tokenCount": count}]


def _thoughts(request: GenerateRequest, turn: Turn) -> list[dict[str, Any]]:
    shown = turn.reasoning and request.generation_config.thinking_config.include_thoughts
    return [{"text": turn.reasoning, "thought": True}] if shown else []


def _calls(turn: Turn) -> list[dict[str, Any]]:
    """Where the model thinks, the first of them carries the signature."""
    parts: list[dict[str, Any]] = []
    for index, (name, text) in enumerate(turn.calls):
        arguments = json.loads(text)
        part: dict[str, Any] = {"functionCall": {"name": name, "args": arguments}}
        if turn.reasoning and index == 0:
            part["thoughtSignature"] = signature(name, arguments)
        parts.append(part)
    return parts


def _candidates(request: GenerateRequest, turn: Turn, more: Made) -> list[dict[str, Any]]:
    parts = [*_thoughts(request, turn), *_calls(turn)]
    if turn.text:
        parts.append({"text": turn.text})
        if turn.reasoning:
            parts[-1]["thoughtSignature"] = signature("text", turn.text)
    parts += more.parts
    told = _logprobs(request, turn.pieces)
    count = request.generation_config.candidate_count
    return [{**_candidate(index, parts, _FINISHES[turn.finish]), **told} for index in range(count)]


def _logprobs(request: GenerateRequest, pieces: list[str]) -> dict[str, Any]:
    """How likely each piece was; the alternatives to it are always the same."""
    config = request.generation_config
    if not config.response_logprobs or not pieces:
        return {}
    told: dict[str, Any] = {"chosenCandidates": [_likely(piece, 0) for piece in pieces]}
    if config.logprobs:
        top = [
            [_likely(piece if place == 0 else f"~{place}", place) for place in range(config.logprobs)]
            for piece in pieces
        ]
        told["topCandidates"] = [{"candidates": each} for each in top]
    return {"logprobsResult": told}


def _likely(token: str, place: int) -> dict[str, Any]:
    return {"token": token, "tokenId": place, "logProbability": -0.25 - place}


def _candidate(index: int, parts: list[dict[str, Any]], finish: str | None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": index}
    if not parts:
        candidate["content"] = {"role": "model"}
    return candidate if finish is None else {**candidate, "finishReason": finish}


def _chunks(
    request: GenerateRequest, turn: Turn, more: Made, told: dict[str, Any], tail: dict[str, Any]
) -> list[dict[str, Any]]:
    """A call comes whole; the last piece has the finish reason and all that was used."""
    pieces: list[list[dict[str, Any]]] = [[part] for part in (*_thoughts(request, turn), *_calls(turn))]
    before = len(pieces)
    starts = range(0, len(turn.pieces), _PER_CHUNK)
    pieces += [[{"text": "".join(turn.pieces[at : at + _PER_CHUNK])}] for at in starts]
    if turn.text and turn.reasoning:
        pieces.append([{"text": "", "thoughtSignature": signature("text", turn.text)}])
    pieces += [[part] for part in more.parts]
    if not pieces:
        pieces.append([])
    begun = {"usageMetadata": {"promptTokenCount": turn.prompt_tokens, "totalTokenCount": turn.prompt_tokens}}
    chunks = []
    count = request.generation_config.candidate_count
    for number, parts in enumerate(pieces):
        for index in range(count):
            last = number == len(pieces) - 1
            candidate = _candidate(index, parts, _FINISHES[turn.finish] if last else None)
            at = (number - before) * _PER_CHUNK
            candidate |= _logprobs(request, turn.pieces[at : at + _PER_CHUNK] if at >= 0 else [])
            usage = (told if last and index == count - 1 else begun) if told else {}
            chunks.append({"candidates": [candidate], **usage, **tail})
    return chunks


def _event(part: dict[str, Any]) -> bytes:
    return b"data: %b\r\n\r\n" % json.dumps(part, separators=(",", ":")).encode()
