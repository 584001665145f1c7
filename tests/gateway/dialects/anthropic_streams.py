"""Reads and writes streams of the Messages API, with this dialect and with Anthropic's own SDK."""

from __future__ import annotations

from typing import Any

import msgspec
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import RawMessageStreamEvent
from pydantic import TypeAdapter

from control_layer.gateway.dialects.anthropic import ANTHROPIC
from control_layer.gateway.dialects.conversation import Conversation
from control_layer.gateway.dialects.dialect import ClientDialect, ProviderDialect
from control_layer.gateway.dialects.events import Event
from control_layer.wire import EventStream

AS_CLIENT: ClientDialect = ANTHROPIC
AS_PROVIDER: ProviderDialect = ANTHROPIC
ASKED = Conversation(messages=())

sdk_event: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def read(pieces: list[bytes]) -> list[Event]:
    reader = AS_PROVIDER.reader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    return [*events, *reader.end()]


def written(events: list[Event], model: str) -> bytes:
    writer = AS_CLIENT.writer(ASKED, model)
    return b"".join(writer.write([event]) for event in events)


def sdk_message(stream: bytes) -> Any:
    """What the SDK's own accumulator makes of a stream, whose events it must know."""
    message: Any = None
    buffers: dict[int, bytes] = {}
    for event in EventStream().feed(stream):
        data = msgspec.json.decode(event.data)
        assert event.event == data["type"].encode()
        if data["type"] != "ping":
            message = accumulate_event(
                event=sdk_event.validate_python(data), current_snapshot=message, json_bufs=buffers
            )
    assert message is not None
    return message
