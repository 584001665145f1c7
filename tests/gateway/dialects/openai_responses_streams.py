"""Writes streams of the Responses API, and reads them with OpenAI's own SDK."""

from __future__ import annotations

from typing import Any

import msgspec
from openai import omit
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from control_layer.gateway.dialects.conversation import Conversation
from control_layer.gateway.dialects.dialect import ClientDialect
from control_layer.gateway.dialects.events import Event
from control_layer.gateway.dialects.openai_responses import OPENAI_RESPONSES
from control_layer.wire import EventStream

AS_CLIENT: ClientDialect = OPENAI_RESPONSES
ASKED = Conversation(messages=())

sdk_event: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def written(events: list[Event], conversation: Conversation = ASKED) -> bytes:
    """By one event at a time."""
    writer = AS_CLIENT.writer(conversation, "alias")
    return b"".join(writer.write([event]) for event in events)


def told(stream: bytes) -> list[dict[str, Any]]:
    """The events of a stream, numbered without a gap."""
    events: list[dict[str, Any]] = []
    for event in EventStream().feed(stream):
        if not event.data:
            continue
        events.append(msgspec.json.decode(event.data))
        assert event.event == events[-1]["type"].encode()
        assert events[-1]["sequence_number"] == len(events) - 1
    return events


def kinds(stream: bytes) -> list[str]:
    return [event["type"].removeprefix("response.") for event in told(stream)]


def sdk_response(stream: bytes) -> Any:
    """What the SDK's own accumulator makes of a stream, whose events it must know; `None` where it is not completed."""
    state: ResponseStreamState[Any] = ResponseStreamState(input_tools=omit, text_format=omit)
    for event in told(stream):
        state.handle_event(sdk_event.validate_python(event))
    return state._completed_response
