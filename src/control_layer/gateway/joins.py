"""Which requests are translated: those whose API the provider of an endpoint does not speak itself.

Adding a provider's dialect is an entry in `_PROVIDERS`; adding a client's, one in `_CLIENTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from control_layer.contract.dialects import Api, DialectOptions, native_apis
from control_layer.contract.snapshot import Endpoint
from control_layer.gateway.dialects.anthropic import ANTHROPIC
from control_layer.gateway.dialects.bedrock import BEDROCK
from control_layer.gateway.dialects.dialect import ClientDialect, ProviderDialect
from control_layer.gateway.dialects.openai_chat import OPENAI_CHAT, OpenAiChat, Quirks
from control_layer.gateway.dialects.openai_responses import OPENAI_RESPONSES

__all__ = ["COUNT_TOKENS", "Join", "joins_of"]

COUNT_TOKENS = "/v1/messages/count_tokens"
"""Joined or not: where a provider does not speak the Messages API, the gateway counts."""
_CLIENTS: Mapping[Api, tuple[str, ClientDialect]] = {
    "chat_completions": ("/v1/chat/completions", OPENAI_CHAT),
    "messages": ("/v1/messages", ANTHROPIC),
    "responses": ("/v1/responses", OPENAI_RESPONSES),
}
"""Where clients speak them."""
_OPENAIS_OWN = (
    "/v1/completions", "/v1/embeddings", "/v1/moderations", "/v1/rerank", "/v2/rerank", "/v1/score",
    "/v1/images/generations", "/v1/audio/speech", "/v1/responses/compact", "/v1/responses/input_tokens",
)  # fmt: skip
"""What else clients ask of providers that speak OpenAI's dialect."""
_ONLY_STREAMS = frozenset(("no_stream_options",))
"""What is seen to without reading the request."""


def _openai(options: DialectOptions) -> ProviderDialect:
    return OpenAiChat(Quirks.named(options.quirks))


_PROVIDERS: Mapping[str, Callable[[DialectOptions], ProviderDialect]] = {
    "openai": _openai,
    "azure": _openai,
    "anthropic": lambda _: ANTHROPIC,
    "bedrock": lambda _: BEDROCK,
}
"""What is spoken to endpoints of a dialect, where their own APIs are not asked for."""


class Join:
    """A client's dialect and the provider's."""

    __slots__ = ("client", "lenient", "provider")

    def __init__(self, client: ClientDialect, provider: ProviderDialect | None, *, lenient: bool) -> None:
        self.client = client
        self.provider = provider
        """`None`: the provider has nothing of the kind."""
        self.lenient = lenient
        """What the provider cannot be told is left out and listed, rather than refused."""


def joins_of(endpoint: Endpoint) -> Mapping[str, Join]:
    """What is translated for an endpoint, by API path. Everything else it is sent as it comes."""
    options = endpoint.options
    native, lenient = native_apis(endpoint.dialect, options), options.unsupported_parameters == "drop"
    make = _PROVIDERS.get(endpoint.dialect)
    if make is None:
        return {}
    provider = make(options)
    foreign = (place for api, place in _CLIENTS.items() if api not in native)
    joins = {path: Join(client, provider, lenient=lenient) for path, client in foreign}
    if "messages" not in native:
        joins[COUNT_TOKENS] = Join(ANTHROPIC, provider, lenient=True)
    if not _ONLY_STREAMS.issuperset(options.quirks) and "chat_completions" in native:
        path, client = _CLIENTS["chat_completions"]
        joins[path] = Join(client, provider, lenient=lenient)  # it speaks the dialect, but not all of it
    if "chat_completions" not in native:
        joins |= {path: Join(OPENAI_CHAT, None, lenient=False) for path in _OPENAIS_OWN}
    return joins
