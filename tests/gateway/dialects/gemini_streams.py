"""Reads streams of the Gemini API, and says events as the API would, so that what is read can be compared with them."""

from __future__ import annotations

from typing import Any

import msgspec
from tests.gateway.dialects.gemini_requests import AS_PROVIDER

from control_layer.gateway.dialects.events import (
    CallDelta,
    CallStarted,
    Counted,
    Event,
    Finished,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
)

_REASONS = {"stop": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}


def read(pieces: list[bytes]) -> list[Event]:
    reader = AS_PROVIDER.reader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    return [*events, *reader.end()]


def sse(*chunks: dict[str, Any]) -> bytes:
    return b"".join(b"data: %b\r\n\r\n" % msgspec.json.encode(chunk) for chunk in chunks)


def part(*parts: dict[str, Any], choice: int = 0, **more: Any) -> dict[str, Any]:
    """A chunk of one candidate."""
    candidate = {"content": {"parts": list(parts), "role": "model"}, "index": choice, **more}
    return {"candidates": [candidate], "responseId": "msg_1"}


def written(events: list[Event]) -> list[dict[str, Any]]:
    """A chunk an event. The arguments of a call come whole, so their fragments are put together."""
    arguments: dict[tuple[int, int], str] = {}
    for event in events:
        if isinstance(event, CallDelta):
            at = (event.choice, event.index)
            arguments[at] = arguments.get(at, "") + event.arguments
    chunks: list[dict[str, Any]] = []
    for event in events:
        match event:
            case Started():
                chunks.append({"responseId": event.id})
            case TextDelta():
                chunks.append(part({"text": event.text}, choice=event.choice))
            case ThinkingDelta():
                chunks.append(part({"text": event.text, "thought": True}, choice=event.choice))
            case ThinkingSigned():
                signature = event.signature.removeprefix("gemini.")
                chunks.append(part({"text": "", "thoughtSignature": signature}, choice=event.choice))
            case CallStarted():
                given = arguments.get((event.choice, event.index), "{}")
                call = {"id": event.id, "name": event.name, "args": msgspec.json.decode(given)}
                chunks.append(part({"functionCall": call}, choice=event.choice))
            case Finished():
                chunks.append(part(choice=event.choice, finishReason=_REASONS[event.finish]))
            case Counted():
                counts = event.tokens
                usage = {"promptTokenCount": counts.input, "candidatesTokenCount": counts.output}
                chunks.append({"usageMetadata": usage})
            case _:
                pass
    return chunks


def whole(chunks: list[dict[str, Any]]) -> bytes:
    """The chunks as one answer."""
    candidates: dict[int, dict[str, Any]] = {}
    rest: dict[str, Any] = {}
    for chunk in chunks:
        rest |= {name: value for name, value in chunk.items() if name != "candidates"}
        for more in chunk.get("candidates", ()):
            so_far = candidates.setdefault(more["index"], {**more, "content": {"parts": []}})
            so_far["content"]["parts"] += more["content"]["parts"]
            so_far |= {name: value for name, value in more.items() if name != "content"}
    return msgspec.json.encode({"candidates": list(candidates.values()), **rest})
