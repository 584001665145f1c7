"""Which translator a model of Vertex AI needs: Gemini models and Claude speak different dialects at one address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from control_layer.gateway.dialects.anthropic import ANTHROPIC
from control_layer.gateway.dialects.conversation import Identity
from control_layer.gateway.dialects.dialect import ClientDialect, Outgoing
from control_layer.gateway.dialects.images import ImagesAsked
from control_layer.gateway.dialects.vertex import (
    VERTEX_CLAUDE,
    VERTEX_GEMINI,
    Publisher,
    handed_count,
    handed_messages,
    publisher_of,
)
from control_layer.gateway.media_translators import ImagesTranslator, SpeechTranslator
from control_layer.gateway.translation import CARRIED, Translation
from control_layer.gateway.translators import (
    NOTHING_OF_THE_KIND,
    ConversationTranslator,
    CountTranslator,
    EmbeddingsTranslator,
    Translator,
    error_writer,
    told_as_gateway_errors,
)

__all__ = ["conversations", "counts", "embeddings", "images", "messages", "speech"]


class _ByPublisher(Translator):
    __slots__ = ("_translators",)

    def __init__(self, translators: Mapping[Publisher, Translator]) -> None:
        self._translators = translators

    def translate(
        self, body: bytes | bytearray, alias: str, model: str, identity: Identity | None = None
    ) -> Translation:
        with told_as_gateway_errors():
            publisher = publisher_of(model)
        return self._translators[publisher].translate(body, alias, model, identity)


class _Handing(Translator):
    """Claude speaks what the client does: its request is only put where Vertex AI wants it."""

    __slots__ = ("_hand",)

    def __init__(self, hand: Callable[[bytes | bytearray, str], Outgoing]) -> None:
        self._hand = hand

    def translate(
        self, body: bytes | bytearray, alias: str, model: str, identity: Identity | None = None
    ) -> Translation:
        del alias, identity
        with told_as_gateway_errors():
            return _HandedOn(self._hand(body, model))


class _HandedOn(Translation):
    __slots__ = ()

    carried: ClassVar[frozenset[bytes]] = CARRIED | {b"anthropic-beta"}

    def __init__(self, outgoing: Outgoing) -> None:
        super().__init__(outgoing, error_writer(ANTHROPIC, VERTEX_CLAUDE))


def conversations(client: ClientDialect, *, lenient: bool) -> Translator:
    """For clients of a dialect that neither speaks."""
    return _ByPublisher(
        {
            "google": ConversationTranslator(client, VERTEX_GEMINI, lenient=lenient),
            "anthropic": ConversationTranslator(client, VERTEX_CLAUDE, lenient=lenient),
        }
    )


def messages(*, lenient: bool) -> Translator:
    """For clients of the Messages API."""
    return _ByPublisher(
        {
            "google": ConversationTranslator(ANTHROPIC, VERTEX_GEMINI, lenient=lenient),
            "anthropic": _Handing(handed_messages),
        }
    )


def counts() -> Translator:
    """For Anthropic's `count_tokens`."""
    return _ByPublisher({"google": CountTranslator(VERTEX_GEMINI), "anthropic": _Handing(handed_count)})


def embeddings(*, lenient: bool) -> Translator:
    """Claude has none."""
    return _ByPublisher(
        {"google": EmbeddingsTranslator(VERTEX_GEMINI, lenient=lenient), "anthropic": NOTHING_OF_THE_KIND}
    )


def images(read: Callable[[bytes | bytearray], ImagesAsked], *, lenient: bool) -> Translator:
    """Claude makes none."""
    return _ByPublisher(
        {"google": ImagesTranslator(VERTEX_GEMINI, read, lenient=lenient), "anthropic": NOTHING_OF_THE_KIND}
    )


def speech(*, lenient: bool) -> Translator:
    """Claude does not speak."""
    return _ByPublisher({"google": SpeechTranslator(VERTEX_GEMINI, lenient=lenient), "anthropic": NOTHING_OF_THE_KIND})
