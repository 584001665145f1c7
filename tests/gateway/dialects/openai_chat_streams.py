"""Reads and writes streams of chat completions, with this dialect and with OpenAI's own SDK."""

from __future__ import annotations

from typing import Any

import msgspec
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk

from control_layer.gateway.dialects.conversation import Conversation
from control_layer.gateway.dialects.dialect import ClientDialect, ProviderDialect
from control_layer.gateway.dialects.events import Event
from control_layer.gateway.dialects.openai_chat import OPENAI_CHAT, OpenAiChat, Quirks
from control_layer.wire import EventStream

AS_CLIENT: ClientDialect = OPENAI_CHAT
AS_PROVIDER: ProviderDialect = OPENAI_CHAT
FAITHFUL: ProviderDialect = OpenAiChat(Quirks(takes_thoughts=True, takes_top_k=True))
"""A server that takes everything that the dialect can say."""
ASKED = Conversation(messages=())


def read(pieces: list[bytes]) -> list[Event]:
    reader = AS_PROVIDER.reader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    return [*events, *reader.end()]


def written(events: list[Event], conversation: Conversation = ASKED) -> bytes:
    """By one event at a time."""
    writer = AS_CLIENT.writer(conversation, "alias")
    return b"".join(writer.write([event]) for event in events)


def chunks(stream: bytes) -> list[dict[str, Any]]:
    """The chunks of a stream that ends as it has to; comments are none."""
    datas = [event.data for event in EventStream().feed(stream) if event.data]
    assert datas.pop() == b"[DONE]"
    return [msgspec.json.decode(data) for data in datas]


def sdk_completion(stream: bytes) -> Any:
    """What the SDK's own accumulator makes of a stream, whose chunks it must know."""
    state = ChatCompletionStreamState()
    for chunk in chunks(stream):
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk))
    return state.current_completion_snapshot
