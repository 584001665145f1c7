"""Looks at what models of Vertex AI are sent; the simulator's strict API is the judge of it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from control_layer.gateway.dialects.dialect import Outgoing, ProviderDialect
from control_layer.gateway.dialects.events import Event
from control_layer.gateway.dialects.vertex import VERTEX_CLAUDE, VERTEX_GEMINI
from control_layer.simulator.anthropic.checks import signature
from control_layer.simulator.strictness import parse_object
from control_layer.simulator.vertex.claude import claude
from control_layer.simulator.vertex.google import google

GEMINI: ProviderDialect = VERTEX_GEMINI
CLAUDE: ProviderDialect = VERTEX_CLAUDE
CLAUDES = ("claude-sonnet-4-5@20250929", "claude-3-5-haiku@20241022", "claude-opus-4-8")

_PATH = re.compile(r"/v1/publishers/(google|anthropic)/models/([^/:]+):(\w+)")


def judged(outgoing: Outgoing) -> dict[str, Any]:
    """The body, which the simulated API has to take."""
    body = parse_object(outgoing.body)
    found = _PATH.fullmatch(outgoing.path)
    assert found is not None
    publisher, model, method = found.groups()
    if publisher == "google":
        query = {"alt": "sse"} if outgoing.query == b"alt=sse" else {}
        google(unquote(model), method, query, body, outgoing.path)
    else:
        claude(unquote(model), method, _thought_there(body), outgoing.path)
    return body


def _thought_there(value: Any) -> Any:
    """With thoughts that the simulation has thought."""
    if isinstance(value, dict):
        if value.get("type") == "thinking" and "signature" in value:
            return value | {"signature": signature(value["thinking"])}
        return {name: _thought_there(inner) for name, inner in value.items()}
    return [_thought_there(each) for each in value] if isinstance(value, list) else value


def read_gemini(pieces: list[bytes]) -> list[Event]:
    return _read(GEMINI, pieces)


def read_claude(pieces: list[bytes]) -> list[Event]:
    return _read(CLAUDE, pieces)


def _read(provider: ProviderDialect, pieces: list[bytes]) -> list[Event]:
    reader = provider.reader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    return [*events, *reader.end()]
