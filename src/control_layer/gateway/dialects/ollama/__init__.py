"""Ollama's own API (https://docs.ollama.com/api), as a provider's dialect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from control_layer.gateway.dialects.conversation import Answer, Conversation
from control_layer.gateway.dialects.dialect import Outgoing, ProviderError
from control_layer.gateway.dialects.embeddings import EmbeddingsAsked, EmbeddingsGiven
from control_layer.gateway.dialects.ollama.answers import read_answer
from control_layer.gateway.dialects.ollama.embeddings import read_embeddings, write_embeddings
from control_layer.gateway.dialects.ollama.errors import read_error
from control_layer.gateway.dialects.ollama.provider_requests import write_request
from control_layer.gateway.dialects.ollama.provider_streams import Reader
from control_layer.wire import Header

__all__ = ["OLLAMA", "Ollama"]


class Ollama:
    """A `ProviderDialect` and an `EmbeddingDialect`."""

    __slots__ = ()

    stream_type: ClassVar[bytes] = b"application/x-ndjson"

    def write_request(self, conversation: Conversation, model: str, *, lenient: bool) -> Outgoing:
        return write_request(conversation, model, lenient=lenient)

    def read_answer(self, body: bytes) -> Answer:
        return read_answer(body)

    def reader(self) -> Reader:
        return Reader()

    def read_error(self, status: int, body: bytes, _headers: Sequence[Header] = ()) -> ProviderError:
        return read_error(status, body)

    def write_embeddings(self, asked: EmbeddingsAsked, model: str, *, lenient: bool) -> Outgoing:
        return write_embeddings(asked, model, lenient=lenient)

    def read_embeddings(self, body: bytes, _headers: Sequence[Header] = ()) -> EmbeddingsGiven:
        return read_embeddings(body)


OLLAMA = Ollama()
