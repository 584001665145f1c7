"""Asks a model at Ollama, and looks at what it is sent; the simulator's strict API is the judge of it."""

from __future__ import annotations

from typing import Any

import pytest

from control_layer.gateway.dialects.conversation import Conversation, Message, Part, Role, Text
from control_layer.gateway.dialects.dialect import Outgoing, ProviderDialect, Unsupported
from control_layer.gateway.dialects.events import Event
from control_layer.gateway.dialects.ollama import OLLAMA
from control_layer.simulator.ollama.checks import check, parsed
from control_layer.simulator.ollama.schema import ChatRequest
from control_layer.simulator.strictness import parse_object

AS_PROVIDER: ProviderDialect = OLLAMA
HELLO = (Message("user", (Text("Hello"),)),)


def said(role: Role, *parts: Part | str) -> Message:
    return Message(role, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def judged(outgoing: Outgoing) -> dict[str, Any]:
    """The body, which the simulated API has to take."""
    body = parse_object(outgoing.body)
    check(parsed(body, ChatRequest))
    return body


def ask(*, lenient: bool = False, **fields: Any) -> Outgoing:
    return AS_PROVIDER.write_request(Conversation(**{"messages": HELLO} | fields), "llama4", lenient=lenient)


def sent(*, lenient: bool = False, **fields: Any) -> dict[str, Any]:
    return judged(ask(lenient=lenient, **fields))


def refused(**fields: Any) -> str:
    """The parameter that is refused; with leniency it is listed, and the rest is sent."""
    with pytest.raises(Unsupported) as refusal:
        ask(**fields)
    assert refusal.value.message.endswith((".", "only."))
    assert refusal.value.parameter in ask(lenient=True, **fields).dropped
    return refusal.value.parameter


def read(pieces: list[bytes]) -> list[Event]:
    reader = AS_PROVIDER.reader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    return [*events, *reader.end()]
