"""OpenAI's chat completions, as a client's dialect and as a provider's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from control_layer.gateway.dialects.conversation import Answer, Conversation
from control_layer.gateway.dialects.dialect import Outgoing, ProviderError
from control_layer.gateway.dialects.openai_chat.answers import read_answer
from control_layer.gateway.dialects.openai_chat.client_answers import write_answer
from control_layer.gateway.dialects.openai_chat.client_requests import read_request
from control_layer.gateway.dialects.openai_chat.client_streams import Writer
from control_layer.gateway.dialects.openai_chat.errors import read_error, write_error
from control_layer.gateway.dialects.openai_chat.provider_requests import write_request
from control_layer.gateway.dialects.openai_chat.provider_streams import Reader
from control_layer.gateway.dialects.openai_chat.quirks import Quirks
from control_layer.wire import Header

__all__ = ["OPENAI_CHAT", "OpenAiChat", "Quirks"]


class OpenAiChat:
    """A `ClientDialect` and a `ProviderDialect`. As a provider's, it is the dialect of a server with these quirks."""

    __slots__ = ("_quirks",)

    stream_type: ClassVar[bytes] = b"text/event-stream"

    def __init__(self, quirks: Quirks | None = None) -> None:
        self._quirks = quirks or Quirks()

    def read_request(self, body: bytes | bytearray) -> Conversation:
        return read_request(body)

    def names_of(self, parameters: Sequence[str], body: bytes | bytearray) -> tuple[str, ...]:  # noqa: ARG002
        return tuple(parameters)  # they are the client's own

    def write_answer(self, answer: Answer, conversation: Conversation, model: str) -> bytes:
        return write_answer(answer, conversation, model)

    def writer(
        self,
        conversation: Conversation,
        model: str,
        request_id: str | None = None,  # noqa: ARG002  (the API has no place for it)
    ) -> Writer:
        return Writer(conversation, model)

    def write_error(self, status: int, error: ProviderError) -> bytes:
        return write_error(status, error)

    def write_request(self, conversation: Conversation, model: str, *, lenient: bool) -> Outgoing:
        return write_request(conversation, model, self._quirks, lenient=lenient)

    def read_answer(self, body: bytes) -> Answer:
        return read_answer(body)

    def reader(self) -> Reader:
        return Reader()

    def read_error(self, status: int, body: bytes, _headers: Sequence[Header] = ()) -> ProviderError:
        return read_error(status, body)


OPENAI_CHAT = OpenAiChat()
