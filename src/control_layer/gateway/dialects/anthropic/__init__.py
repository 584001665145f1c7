"""Anthropic's Messages API, as a client's dialect and as a provider's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from control_layer.gateway.dialects.anthropic.answers import read_answer, write_answer
from control_layer.gateway.dialects.anthropic.client_names import names_of
from control_layer.gateway.dialects.anthropic.client_requests import read_request
from control_layer.gateway.dialects.anthropic.client_streams import Writer
from control_layer.gateway.dialects.anthropic.errors import read_error, write_error
from control_layer.gateway.dialects.anthropic.provider_requests import write_request
from control_layer.gateway.dialects.anthropic.provider_streams import Reader
from control_layer.gateway.dialects.conversation import Answer, Conversation
from control_layer.gateway.dialects.dialect import Outgoing, ProviderError
from control_layer.wire import Header

__all__ = ["ANTHROPIC", "Anthropic"]


class Anthropic:
    """A `ClientDialect` and a `ProviderDialect`."""

    __slots__ = ()

    stream_type: ClassVar[bytes] = b"text/event-stream"

    def read_request(self, body: bytes | bytearray) -> Conversation:
        return read_request(body)

    def names_of(self, parameters: Sequence[str], body: bytes | bytearray) -> tuple[str, ...]:
        return names_of(parameters, body)

    def write_answer(self, answer: Answer, conversation: Conversation, model: str) -> bytes:
        return write_answer(answer, conversation, model)

    def writer(self, conversation: Conversation, model: str, request_id: str | None = None) -> Writer:
        return Writer(conversation, model, request_id)

    def write_error(self, status: int, error: ProviderError) -> bytes:
        return write_error(status, error)

    def write_request(self, conversation: Conversation, model: str, *, lenient: bool) -> Outgoing:
        return write_request(conversation, model, lenient=lenient)

    def read_answer(self, body: bytes) -> Answer:
        return read_answer(body)

    def reader(self) -> Reader:
        return Reader()

    def read_error(self, status: int, body: bytes, _headers: Sequence[Header] = ()) -> ProviderError:
        return read_error(status, body)


ANTHROPIC = Anthropic()
