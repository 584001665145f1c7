"""Asks a Gemini model, and looks at what it is sent; the simulator's strict API is the judge of it."""

from __future__ import annotations

from typing import Any

import pytest

from control_layer.gateway.dialects.conversation import (
    Conversation,
    Message,
    Part,
    Role,
    Text,
)
from control_layer.gateway.dialects.dialect import Outgoing, ProviderDialect, Unsupported
from control_layer.gateway.dialects.gemini import GEMINI
from control_layer.simulator.gemini.checks import check, parsed
from control_layer.simulator.gemini.schema import GenerateRequest
from control_layer.simulator.strictness import parse_object

AS_PROVIDER: ProviderDialect = GEMINI
HELLO = (Message("user", (Text("Hello"),)),)
SPEAKER = "gemini-3.8-flash-tts"
OLD, EARLIER, NEWER, NEWEST = "gemini-2.0-flash", "gemini-2.5-flash", "gemini-3.1-pro-preview", "gemini-4-neon"


def said(role: Role, *parts: Part | str) -> Message:
    return Message(role, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def judged(outgoing: Outgoing) -> dict[str, Any]:
    """The body, which the simulated API has to take."""
    body = parse_object(outgoing.body)
    model = outgoing.path.rpartition("/")[2].partition(":")[0]
    check(parsed(body, GenerateRequest), model)
    return body


def ask(model: str = NEWER, *, lenient: bool = False, **fields: Any) -> Outgoing:
    return AS_PROVIDER.write_request(Conversation(**{"messages": HELLO} | fields), model, lenient=lenient)


def sent(model: str = NEWER, *, lenient: bool = False, **fields: Any) -> dict[str, Any]:
    return judged(ask(model, lenient=lenient, **fields))


def config(model: str = NEWER, **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = sent(model, **fields).get("generationConfig", {})
    return found


def refused(model: str = NEWER, **fields: Any) -> str:
    """The parameter that is refused; with leniency it is listed, and the rest is sent."""
    with pytest.raises(Unsupported) as refusal:
        ask(model, **fields)
    assert refusal.value.message.endswith((".", ".)"))
    assert refusal.value.parameter in ask(model, lenient=True, **fields).dropped
    return refusal.value.parameter
