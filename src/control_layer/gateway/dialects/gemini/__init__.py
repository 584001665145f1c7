"""Google's Gemini API (https://ai.google.dev/api/generate-content), as a provider's dialect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from control_layer.gateway.dialects.conversation import Answer, Conversation
from control_layer.gateway.dialects.dialect import Outgoing, ProviderError
from control_layer.gateway.dialects.embeddings import EmbeddingsAsked, EmbeddingsGiven
from control_layer.gateway.dialects.gemini.answers import read_answer
from control_layer.gateway.dialects.gemini.counting import read_count, write_count
from control_layer.gateway.dialects.gemini.embeddings import read_embeddings, write_embeddings
from control_layer.gateway.dialects.gemini.errors import read_error
from control_layer.gateway.dialects.gemini.images import read_images, written_images
from control_layer.gateway.dialects.gemini.provider_requests import write_request
from control_layer.gateway.dialects.gemini.provider_streams import Reader
from control_layer.gateway.dialects.gemini.requests import RequestBody, method_path
from control_layer.gateway.dialects.gemini.speech import read_speech, written_speech
from control_layer.gateway.dialects.images import ImagesAsked, ImagesGiven
from control_layer.gateway.dialects.omissions import Omissions
from control_layer.gateway.dialects.speech import SpeechAsked, SpeechGiven
from control_layer.wire import Header

__all__ = ["GEMINI", "Gemini"]

_encode = msgspec.json.Encoder().encode


class Gemini:
    """A `ProviderDialect`, an `EmbeddingDialect`, an `ImageDialect` and a `SpeechDialect`, which also counts the tokens
    of a request.
    """

    __slots__ = ()

    stream_type: ClassVar[bytes] = b"text/event-stream"

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

    def write_images(self, asked: ImagesAsked, model: str, *, lenient: bool) -> Outgoing:
        omissions = Omissions(lenient=lenient)
        return self.asked(written_images(asked, model, omissions), model, omissions)

    def read_images(self, body: bytes) -> ImagesGiven:
        return read_images(body)

    def write_speech(self, asked: SpeechAsked, model: str, *, lenient: bool) -> Outgoing:
        omissions = Omissions(lenient=lenient)
        return self.asked(written_speech(asked, model, omissions), model, omissions)

    def read_speech(self, body: bytes) -> SpeechGiven:
        return read_speech(body)

    def write_count(self, conversation: Conversation, model: str, *, lenient: bool) -> Outgoing:
        return write_count(conversation, model, lenient=lenient)

    def read_count(self, body: bytes) -> int:
        return read_count(body)

    def asked(self, body: RequestBody, model: str, omissions: Omissions) -> Outgoing:
        """What is asked for in one piece."""
        return Outgoing(method_path(model, "generateContent"), _encode(body), dropped=omissions.dropped)


GEMINI = Gemini()
