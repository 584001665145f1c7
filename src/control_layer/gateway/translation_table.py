"""Which requests are translated: those whose API the provider of an endpoint does not speak itself.

Adding a provider's dialect is an entry in `_PROVIDERS`; adding a client's, one in `_CLIENTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from control_layer.contract.dialects import Api, DialectOptions, native_apis
from control_layer.contract.snapshot import Endpoint
from control_layer.gateway import vertex_translators
from control_layer.gateway.dialects import openai_images
from control_layer.gateway.dialects.anthropic import ANTHROPIC
from control_layer.gateway.dialects.bedrock import BEDROCK
from control_layer.gateway.dialects.cohere import COHERE
from control_layer.gateway.dialects.dialect import ClientDialect, ProviderDialect
from control_layer.gateway.dialects.gemini import GEMINI
from control_layer.gateway.dialects.ollama import OLLAMA
from control_layer.gateway.dialects.openai_chat import OPENAI_CHAT, OpenAiChat, Quirks
from control_layer.gateway.dialects.openai_responses import OPENAI_RESPONSES
from control_layer.gateway.media_translators import ImageProvider, ImagesTranslator, SpeechProvider, SpeechTranslator
from control_layer.gateway.quirk_translator import QuirkTranslator
from control_layer.gateway.translators import (
    COUNTED_HERE,
    NOTHING_OF_THE_KIND,
    ConversationTranslator,
    CountTranslator,
    EmbeddingProvider,
    EmbeddingsTranslator,
    Translator,
)

__all__ = ["COUNT_TOKENS", "EMBEDDINGS", "IMAGES", "IMAGE_EDITS", "MESSAGES", "RESPONSES", "SPEECH", "translators_of"]

MESSAGES = "/v1/messages"
COUNT_TOKENS = "/v1/messages/count_tokens"
EMBEDDINGS = "/v1/embeddings"
IMAGES = "/v1/images/generations"
IMAGE_EDITS = "/v1/images/edits"
SPEECH = "/v1/audio/speech"
RESPONSES = "/v1/responses"
_CLIENTS: Mapping[Api, tuple[str, ClientDialect]] = {
    "chat_completions": ("/v1/chat/completions", OPENAI_CHAT),
    "messages": (MESSAGES, ANTHROPIC),
    "responses": (RESPONSES, OPENAI_RESPONSES),
}
"""Where clients speak them."""
_OPENAIS_OWN = (
    "/v1/completions", EMBEDDINGS, "/v1/moderations", "/v1/rerank", "/v2/rerank", "/v1/score",
    IMAGES, SPEECH, "/v1/responses/compact", "/v1/responses/input_tokens",
)  # fmt: skip
"""What else clients ask of providers that speak OpenAI's dialect."""
_SEEN_TO = frozenset(("no_stream_options", "takes_top_k", "takes_thoughts"))
"""Quirks for which a client's own request need not be changed beyond its top level."""


def _openai(options: DialectOptions) -> ProviderDialect:
    return OpenAiChat(Quirks.named(options.quirks))


_PROVIDERS: Mapping[str, Callable[[DialectOptions], ProviderDialect]] = {
    "openai": _openai,
    "azure": _openai,
    "cohere": lambda _: COHERE,
    "anthropic": lambda _: ANTHROPIC,
    "bedrock": lambda _: BEDROCK,
    "gemini": lambda _: GEMINI,
    "ollama": lambda _: OLLAMA,
}
"""What is spoken to endpoints of a dialect, where their own APIs are not asked for."""
_EMBEDDINGS: Mapping[str, EmbeddingProvider] = {"bedrock": BEDROCK, "gemini": GEMINI, "ollama": OLLAMA}
_IMAGES: Mapping[str, ImageProvider] = {"gemini": GEMINI}
_SPEECH: Mapping[str, SpeechProvider] = {"gemini": GEMINI}
_COUNTERS = {"gemini": GEMINI}
"""Who counts tokens before they are used, other than Anthropic."""


def translators_of(endpoint: Endpoint) -> Mapping[str, Translator]:
    """What is translated for an endpoint, by API path. Everything else it is sent as it comes."""
    return _translators(endpoint.dialect, endpoint.options)


@lru_cache(maxsize=64)
def _translators(name: str, options: DialectOptions) -> Mapping[str, Translator]:
    native, lenient = native_apis(name, options), options.unsupported_parameters == "drop"
    if name == "vertex":
        return _vertex(lenient=lenient)
    make = _PROVIDERS.get(name)
    if make is None:
        return {}
    provider = make(options)
    foreign = (place for api, place in _CLIENTS.items() if api not in native)
    found: dict[str, Translator] = {
        path: ConversationTranslator(client, provider, lenient=lenient) for path, client in foreign
    }
    if "messages" not in native:
        counter = _COUNTERS.get(name)
        found[COUNT_TOKENS] = COUNTED_HERE if counter is None else CountTranslator(counter)
    if "chat_completions" not in native:
        found |= dict.fromkeys(_OPENAIS_OWN, NOTHING_OF_THE_KIND)
        if name in _EMBEDDINGS:
            found[EMBEDDINGS] = EmbeddingsTranslator(_EMBEDDINGS[name], lenient=lenient)
        if name in _IMAGES:
            found[IMAGES] = ImagesTranslator(_IMAGES[name], openai_images.read_request, lenient=lenient)
            found[IMAGE_EDITS] = ImagesTranslator(_IMAGES[name], openai_images.read_edit, lenient=lenient)
        if name in _SPEECH:
            found[SPEECH] = SpeechTranslator(_SPEECH[name], lenient=lenient)
    elif not _SEEN_TO.issuperset(options.quirks):
        path, _ = _CLIENTS["chat_completions"]
        found[path] = QuirkTranslator(Quirks.named(options.quirks), lenient=lenient)
    return found


def _vertex(*, lenient: bool) -> Mapping[str, Translator]:
    """There the model decides what is spoken."""
    found = {path: vertex_translators.conversations(client, lenient=lenient) for path, client in _CLIENTS.values()}
    return {
        **dict.fromkeys(_OPENAIS_OWN, NOTHING_OF_THE_KIND),
        **found,
        MESSAGES: vertex_translators.messages(lenient=lenient),
        COUNT_TOKENS: vertex_translators.counts(),
        EMBEDDINGS: vertex_translators.embeddings(lenient=lenient),
        IMAGES: vertex_translators.images(openai_images.read_request, lenient=lenient),
        IMAGE_EDITS: vertex_translators.images(openai_images.read_edit, lenient=lenient),
        SPEECH: vertex_translators.speech(lenient=lenient),
    }
