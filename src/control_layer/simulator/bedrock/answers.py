"""What Converse answers, whole and as its events."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

from control_layer.simulator.bedrock.checks import cache_points, signature, thinks, tools_of
from control_layer.simulator.bedrock.frames import event, exception
from control_layer.simulator.bedrock.schema import Block, ConverseRequest, Document, SearchResult
from control_layer.simulator.native import Answered
from control_layer.simulator.script import Script
from control_layer.simulator.turn import Ask, Tool, Turn, take_turn

__all__ = ["EVENT_STREAM", "answered"]

EVENT_STREAM = b"application/vnd.amazon.eventstream"
_STOPS = {
    "stop": "end_turn", "stop_sequence": "stop_sequence", "length": "max_tokens", "tool_calls": "tool_use",
    "content_filter": "content_filtered", "malformed": "malformed_model_output",
}  # fmt: skip
_PER_DELTA = 3
_CITED = 30
_PADDING = "abcdefghijklmnopqrstuvwxyz"
_FAILURE = exception("modelStreamErrorException", {"message": "The model failed, says sim-host.internal"})


def answered(request: ConverseRequest, script: Script, answer_id: str, *, stream: bool) -> Answered:
    """The answer to a request that was checked."""
    turn = take_turn(_ask(request), script)
    usage = _usage(request, turn, script)
    streams = stream and not script.unstreamed
    asked = "/delta/stop_sequence" if streams else "/stop_sequence"
    content = _content(turn, answer_id, _citations(request))
    stop: dict[str, Any] = {"stopReason": _STOPS[turn.finish]}
    if turn.stop is not None and asked in request.additional_model_response_field_paths:
        found = {"stop_sequence": turn.stop}
        stop["additionalModelResponseFields"] = {"delta": found} if streams else found
    end: dict[str, Any] = {"usage": usage, "metrics": {"latencyMs": 7}}
    if script.usage == "none":
        del end["usage"]
    if not streams:
        message = {"role": "assistant", "content": content}
        return Answered(body={"output": {"message": message}, **stop, **end}, usage=usage)
    events = [event("messageStart", {"role": "assistant", "p": _PADDING[:9]})]
    for index, block in enumerate(content):
        events += _events(block, index, turn)
    events += [event("messageStop", {**stop, "p": _PADDING[:3]}), event("metadata", {**end, "p": _PADDING})]
    return Answered(events=events, usage=usage, failure=_FAILURE, media_type=EVENT_STREAM)


def _ask(request: ConverseRequest) -> Ask:
    choice = None if request.tool_config is None else request.tool_config.tool_choice
    beside = request.additional_model_request_fields.get("tool_choice", {})
    wanted = {"any": "required", "tool": beside.get("name", ""), "none": "none"}.get(beside.get("type", ""), "auto")
    if choice is not None:
        wanted = choice.tool.name if choice.tool is not None else "auto" if choice.any is None else "required"
    output, last = request.output_config.text_format, request.messages[-1]
    said = [*(block.text or "" for block in request.system), *map(_words, request.messages[0].content)]
    said += [_words(block) for message in request.messages[1:] for block in message.content]
    return Ask(
        prompt="\n".join(said),
        messages=len(request.messages),
        last="".join(block.text or "" for block in last.content) if last.role == "user" else "",
        tools=[Tool(spec.name, spec.input_schema.json) for spec in tools_of(request)],
        choice=wanted,
        schema=None if output is None else json.loads(output.structure.json_schema.schema),
        limit=request.inference_config.max_tokens,
        stops=request.inference_config.stop_sequences,
        think=thinks(request),
    )


def _words(block: Block) -> str:
    if block.tool_result is not None:
        return "".join(part.text or "" for part in block.tool_result.content)
    if block.citations_content is not None:
        return "".join(part.text for part in block.citations_content.content)
    return block.text or ""


def _citations(request: ConverseRequest) -> list[dict[str, Any]]:
    """The beginnings of the documents and search results that are to be cited."""
    blocks = [block for message in request.messages for block in message.content]
    return _of_documents([block.document for block in blocks if block.document]) + _of_search_results(
        [block.search_result for block in blocks if block.search_result]
    )


def _of_documents(documents: list[Document]) -> list[dict[str, Any]]:
    citations = []
    for index, document in enumerate(documents):
        if document.citations is None or not document.citations.enabled:
            continue
        text, kind, end = "Simulated page.", "documentPage", 2
        if document.format == "txt" and document.source.bytes is not None:
            text, kind = b64decode(document.source.bytes).decode()[:_CITED], "documentChar"
            end = len(text)
        location = {kind: {"documentIndex": index, "start": int(kind == "documentPage"), "end": end}}
        citations.append({"title": document.name, "sourceContent": [{"text": text}], "location": location})
    return citations


def _of_search_results(results: list[SearchResult]) -> list[dict[str, Any]]:
    return [
        {
            "title": result.title,
            "source": result.source,
            "sourceContent": [{"text": result.content[0].text}],
            "location": {"searchResultLocation": {"searchResultIndex": index, "start": 0, "end": 1}},
        }
        for index, result in enumerate(results)
        if result.citations is not None and result.citations.enabled
    ]


def _content(turn: Turn, answer_id: str, citations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    if turn.reasoning:
        thought = {"text": turn.reasoning, "signature": signature(turn.reasoning)}
        content.append({"reasoningContent": {"reasoningText": thought}})
    if turn.text and citations:
        content.append({"citationsContent": {"content": [{"text": turn.text}], "citations": citations}})
    elif turn.text:
        content.append({"text": turn.text})
    for index, (name, arguments) in enumerate(turn.calls):
        call_id = f"tooluse_{answer_id[-8:]}{index}"
        content.append({"toolUse": {"toolUseId": call_id, "name": name, "input": json.loads(arguments)}})
    return content


def _usage(request: ConverseRequest, turn: Turn, script: Script) -> dict[str, Any]:
    prompt, output = turn.prompt_tokens, turn.output_tokens + turn.reasoning_tokens
    marks = _marks(request)
    read, written = (prompt // 2, prompt // 4) if marks else (0, 0)
    usage: dict[str, Any] = {
        "inputTokens": prompt - read - written,
        "outputTokens": output,
        "totalTokens": prompt + output,
        "cacheReadInputTokens": read,
        "cacheWriteInputTokens": written,
    }
    if marks:
        usage["cacheDetails"] = [{"ttl": max(marks, key=lambda ttl: ttl == "1h"), "inputTokens": written}]
    if script.usage == "odd":
        usage |= {"inputTokens": float(usage["inputTokens"]), "outputTokens": str(output)}
    return usage


def _marks(request: ConverseRequest) -> list[str]:
    return [point.ttl for point in cache_points(request)]


def _events(block: dict[str, Any], index: int, turn: Turn) -> list[bytes]:
    """Only tool uses are begun."""
    at = {"contentBlockIndex": index}
    events: list[bytes] = []
    deltas: list[dict[str, Any]]
    if "toolUse" in block:
        called = dict(block["toolUse"])
        text = json.dumps(called.pop("input"))
        events.append(event("contentBlockStart", {"start": {"toolUse": called}, **at, "p": _PADDING[:5]}))
        deltas = [{"toolUse": {"input": text[start : start + 7]}} for start in range(0, len(text), 7)]
    elif "reasoningContent" in block:
        thought = block["reasoningContent"]["reasoningText"]
        words = thought["text"].split(" ")
        said = [word if number == 0 else f" {word}" for number, word in enumerate(words)]
        deltas = [{"reasoningContent": {"text": word}} for word in said]
        deltas.append({"reasoningContent": {"signature": thought["signature"]}})
    else:
        pieces = turn.pieces
        deltas = [{"text": "".join(pieces[start : start + _PER_DELTA])} for start in range(0, len(pieces), _PER_DELTA)]
        deltas += [{"citation": citation} for citation in block.get("citationsContent", {}).get("citations", ())]
    padded = enumerate(deltas)
    events += [event("contentBlockDelta", {**at, "delta": delta, "p": _PADDING[: n % 26]}) for n, delta in padded]
    return [*events, event("contentBlockStop", {**at, "p": _PADDING[:7]})]
