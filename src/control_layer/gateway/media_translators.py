"""How a request for pictures or for speech is translated: OpenAI's API at a provider that has its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Protocol

from control_layer.gateway.dialects import openai_images, openai_speech
from control_layer.gateway.dialects.conversation import Identity
from control_layer.gateway.dialects.dialect import FilteredAnswer, Outgoing, ProviderError
from control_layer.gateway.dialects.images import ImageDialect, ImagesAsked
from control_layer.gateway.dialects.openai_chat import OPENAI_CHAT
from control_layer.gateway.dialects.speech import SpeechAsked, SpeechDialect
from control_layer.gateway.translation import AnswerIsError, Translation, WholeTranslation
from control_layer.gateway.translators import SaysErrors, Translator, error_writer, told_as_gateway_errors

__all__ = ["ImageProvider", "ImagesTranslator", "SpeechProvider", "SpeechTranslator"]


class ImageProvider(ImageDialect, SaysErrors, Protocol):
    """How a provider makes pictures, and says what went wrong."""


class SpeechProvider(SpeechDialect, SaysErrors, Protocol):
    """How a provider reads aloud, and says what went wrong."""


_FILTERED = "content_filter"


class ImagesTranslator(Translator):
    """`/v1/images/generations` and `/v1/images/edits`: `read` says which."""

    __slots__ = ("_lenient", "_provider", "_read")

    def __init__(
        self, provider: ImageProvider, read: Callable[[bytes | bytearray], ImagesAsked], *, lenient: bool
    ) -> None:
        self._provider = provider
        self._read = read
        self._lenient = lenient

    def translate(
        self, body: bytes | bytearray, alias: str, model: str, identity: Identity | None = None
    ) -> Translation:
        del alias, identity
        with told_as_gateway_errors():
            asked = self._read(body)
            outgoing = self._provider.write_images(asked, model, lenient=self._lenient)
        return _Images(self._provider, outgoing)


class _Images(WholeTranslation):
    __slots__ = ("_provider",)

    def __init__(self, provider: ImageProvider, outgoing: Outgoing) -> None:
        super().__init__(outgoing, error_writer(OPENAI_CHAT, provider))
        self._provider = provider

    def whole(self, body: bytes, answer_id: str, now: float) -> bytes:
        del answer_id
        with _told_where_filtered():
            given = self._provider.read_images(body)
        self.tokens = given.tokens
        return openai_images.write_answer(given, int(now))


class SpeechTranslator(Translator):
    """`/v1/audio/speech`."""

    __slots__ = ("_lenient", "_provider")

    def __init__(self, provider: SpeechProvider, *, lenient: bool) -> None:
        self._provider = provider
        self._lenient = lenient

    def translate(
        self, body: bytes | bytearray, alias: str, model: str, identity: Identity | None = None
    ) -> Translation:
        del alias, identity
        with told_as_gateway_errors():
            asked = openai_speech.read_request(body)
            outgoing = self._provider.write_speech(asked, model, lenient=self._lenient)
        return _Speech(self._provider, asked, outgoing)


class _Speech(WholeTranslation):
    __slots__ = ("_asked", "_provider")

    def __init__(self, provider: SpeechProvider, asked: SpeechAsked, outgoing: Outgoing) -> None:
        super().__init__(outgoing, error_writer(OPENAI_CHAT, provider))
        self._provider = provider
        self._asked = asked
        self.content_type = openai_speech.CONTENT_TYPES[asked.format]

    def whole(self, body: bytes, answer_id: str, now: float) -> bytes:
        del answer_id, now
        with _told_where_filtered():
            given = self._provider.read_speech(body)
        self.tokens = given.tokens
        return openai_speech.write_answer(given, self._asked)


@contextmanager
def _told_where_filtered() -> Iterator[None]:
    """OpenAI's API knows no answer without a picture or a sound: there it is an error."""
    try:
        yield
    except FilteredAnswer as filtered:
        status = HTTPStatus.BAD_REQUEST
        raise AnswerIsError(
            status, OPENAI_CHAT.write_error(status, ProviderError(str(filtered), _FILTERED))
        ) from filtered
