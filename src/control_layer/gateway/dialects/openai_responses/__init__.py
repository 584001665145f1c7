"""OpenAI's Responses API, as a client's dialect."""

from __future__ import annotations

from collections.abc import Sequence

from control_layer.gateway.dialects.conversation import Answer, Conversation
from control_layer.gateway.dialects.dialect import ProviderError
from control_layer.gateway.dialects.openai_chat.errors import write_error
from control_layer.gateway.dialects.openai_responses.answers import write_answer
from control_layer.gateway.dialects.openai_responses.client_names import names_of
from control_layer.gateway.dialects.openai_responses.client_requests import read_request
from control_layer.gateway.dialects.openai_responses.streams import Writer

__all__ = ["OPENAI_RESPONSES", "OpenAiResponses"]


class OpenAiResponses:
    """A `ClientDialect`."""

    __slots__ = ()

    def read_request(self, body: bytes | bytearray) -> Conversation:
        return read_request(body)

    def names_of(self, parameters: Sequence[str], body: bytes | bytearray) -> tuple[str, ...]:
        return names_of(parameters, body)

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


OPENAI_RESPONSES = OpenAiResponses()
