"""Asks a Claude model, and looks at what it is sent."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from control_layer.gateway.dialects.anthropic import ANTHROPIC
from control_layer.gateway.dialects.conversation import Conversation, Message, Part, Role, Text
from control_layer.gateway.dialects.dialect import Outgoing, Unsupported

HELLO = (Message("user", (Text("Hello"),)),)
OLD, EARLIER, NEWER, NEWEST = "claude-opus-4-1", "claude-sonnet-4-6", "claude-sonnet-5", "claude-opus-5-5"


def said(role: Role, *parts: Part | str) -> Message:
    return Message(role, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def ask(model: str = NEWER, *, lenient: bool = False, **fields: Any) -> Outgoing:
    return ANTHROPIC.write_request(Conversation(**{"messages": HELLO} | fields), model, lenient=lenient)


def sent(model: str = NEWER, *, lenient: bool = False, **fields: Any) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(ask(model, lenient=lenient, **fields).body)
    return body


def texts(message: dict[str, Any]) -> list[str]:
    return [block.get("text", block["type"]) for block in message["content"]]


def refused(model: str = NEWER, **fields: Any) -> str:
    """The parameter that is refused; with leniency it is listed, and the rest is sent."""
    with pytest.raises(Unsupported) as refusal:
        ask(model, **fields)
    assert refusal.value.message.endswith((".", "only."))
    assert refusal.value.parameter in ask(model, lenient=True, **fields).dropped
    return refusal.value.parameter
