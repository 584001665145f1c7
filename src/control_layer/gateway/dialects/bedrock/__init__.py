"""Amazon Bedrock's Converse API, and its models for embeddings, as a provider's dialect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from control_layer.gateway.dialects.bedrock.answers import read_answer
from control_layer.gateway.dialects.bedrock.embeddings import read_embeddings, write_embeddings
from control_layer.gateway.dialects.bedrock.errors import read_error
from control_layer.gateway.dialects.bedrock.provider_requests import write_request
from control_layer.gateway.dialects.bedrock.streams import Reader
from control_layer.gateway.dialects.conversation import Answer, Conversation
from control_layer.gateway.dialects.dialect import Outgoing, ProviderError
from control_layer.gateway.dialects.embeddings import EmbeddingsAsked, EmbeddingsGiven
from control_layer.wire import Header

__all__ = ["BEDROCK", "Bedrock"]


class Bedrock:
    """A `ProviderDialect` and an `EmbeddingDialect`."""

    __slots__ = ()

    stream_type: ClassVar[bytes] = b"application/vnd.amazon.eventstream"

    def write_request(self, conversation: Conversation, model: str, *, lenient: bool) -> Outgoing:
        return write_request(conversation, model, lenient=lenient)

    def read_answer(self, body: bytes) -> Answer:
        return read_answer(body)

    def reader(self) -> Reader:
        return Reader()

    def read_error(self, status: int, body: bytes, headers: Sequence[Header] = ()) -> ProviderError:
        return read_error(status, body, headers)

    def write_embeddings(self, asked: EmbeddingsAsked, model: str, *, lenient: bool) -> Outgoing:
        return write_embeddings(asked, model, lenient=lenient)

    def read_embeddings(self, body: bytes, headers: Sequence[Header] = ()) -> EmbeddingsGiven:
        return read_embeddings(body, headers)


BEDROCK = Bedrock()
