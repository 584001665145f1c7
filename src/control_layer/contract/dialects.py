"""Providers' dialects: which there are, which of them the gateway serves, how an endpoint of each is recognised.

The one table that both planes ask. A dialect that the gateway has learnt is served from `served=True` on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import msgspec

__all__ = [
    "DIALECTS",
    "Api",
    "Dialect",
    "DialectName",
    "DialectOptions",
    "Leniency",
    "Quirk",
    "is_served",
    "native_apis",
    "recognised",
    "served_names",
]

DialectName = Literal["openai", "anthropic", "gemini", "azure", "bedrock", "vertex", "ollama", "cohere"]
Api = Literal["chat_completions", "responses", "messages"]
"""What clients speak: OpenAI's two APIs, and Anthropic's."""
Leniency = Literal["refuse", "drop"]
"""What becomes of parameters that a provider cannot be told, where that changes what a request means."""
Quirk = Literal[
    "no_stream_options",
    "max_tokens_only",
    "no_developer_role",
    "no_parallel_tool_calls",
    "text_as_string",
    "known_fields_only",
    "takes_top_k",
    "takes_thoughts",
]
"""How an OpenAI-compatible server differs from OpenAI's own (`gateway.dialects.openai_chat.quirks` explains each)."""


class DialectOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an endpoint needs said beyond its dialect. Plain texts, so that a newer release's words break nothing."""

    api_version: str | None = None
    """Azure's `api-version`."""
    deployment_paths: bool = False
    """Azure's older paths, `/openai/deployments/{model}/…`; they need `api_version`."""
    quirks: tuple[str, ...] = ()
    """Of `Quirk`."""
    native_apis: tuple[str, ...] | None = None
    """Of `Api`: those that the provider itself speaks, where that differs from its dialect's usual ones. Requests to
    the others are translated.
    """
    unsupported_parameters: str = "refuse"
    """`Leniency`."""
    project: str | None = None
    """Vertex AI's: the project of Google Cloud, where it is not the service account's own."""
    location: str | None = None
    """Vertex AI's, where the address does not say it."""
    region: str | None = None
    """Amazon's, where the address does not name it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A provider's API."""

    name: DialectName
    title: str
    """As people call it."""
    served: bool = False
    """The gateway can send requests to it."""
    auth_header_name: str = "Authorization"
    auth_header_prefix: str = "Bearer "
    address: re.Pattern[str] | None = None
    """Host, port and path of the providers that are known to speak it."""
    bilingual: bool = False
    """What answers there speaks OpenAI's dialect too, under `/v1`."""
    instead: str = ""
    """What to do while it is not served."""
    apis: frozenset[Api] = frozenset()
    """What it speaks as clients do; the rest is translated."""
    options: frozenset[str] = frozenset()
    """Those of `DialectOptions` that mean something to it."""

    @property
    def header(self) -> tuple[str, str]:
        """The header that takes a credential, and what stands before it there."""
        return self.auth_header_name, self.auth_header_prefix


_OPENAI: frozenset[Api] = frozenset(("chat_completions", "responses"))
_TRANSLATED = frozenset(("unsupported_parameters",))
_TABLE = (
    Dialect(
        name="openai",
        title="OpenAI's API",
        served=True,
        apis=_OPENAI,
        options=_TRANSLATED | {"quirks", "native_apis"},
    ),
    Dialect(
        name="anthropic",
        title="Anthropic's Messages API",
        served=True,
        auth_header_name="x-api-key",
        auth_header_prefix="",
        apis=frozenset(("messages",)),
        options=_TRANSLATED,
        address=re.compile(r"api\.anthropic\.com/.*|[^/]+\.services\.ai\.azure\.com/anthropic(/.*)?"),
    ),
    Dialect(
        name="azure",
        title="Azure OpenAI",
        served=True,
        auth_header_name="api-key",
        auth_header_prefix="",
        address=re.compile(r"[^/]+\.(openai|services\.ai|cognitiveservices)\.azure\.(com|us|cn)/.*"),
        apis=_OPENAI,
        options=_TRANSLATED | {"api_version", "deployment_paths", "quirks", "native_apis"},
    ),
    Dialect(
        name="gemini",
        title="Google's Gemini API",
        served=True,
        auth_header_name="x-goog-api-key",
        auth_header_prefix="",
        options=_TRANSLATED,
        address=re.compile(r"generativelanguage\.googleapis\.com/(?!.*openai(/|$)).*"),
    ),
    Dialect(
        name="bedrock",
        title="Amazon Bedrock",
        served=True,
        address=re.compile(
            r"([^/]+\.)?bedrock-runtime[^/]*\.(amazonaws\.com(\.cn)?|api\.aws)(:\d+)?/(?!openai(/|$)).*"
        ),
        options=_TRANSLATED | {"region"},
    ),
    Dialect(
        name="vertex",
        title="Google's Vertex AI",
        served=True,
        options=_TRANSLATED | {"project", "location"},
        address=re.compile(
            r"([a-z0-9-]+-)?aiplatform(\.[a-z]+\.rep)?\.googleapis\.com/(?!.*/endpoints/openapi(/|$)).*"
        ),
    ),
    Dialect(
        name="ollama",
        title="Ollama's API",
        served=True,
        options=_TRANSLATED,
        address=re.compile(r"([^/]*:11434|ollama\.com)/(api/?)?"),
        bilingual=True,
    ),
    Dialect(
        name="cohere",
        title="Cohere's API",
        served=True,
        apis=frozenset(("chat_completions",)),
        options=_TRANSLATED,
        address=re.compile(r"api\.cohere\.(com|ai)/(?!compatibility(/|$)).*"),
    ),
)
DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in _TABLE}
"""By name."""


def is_served(name: str) -> bool:
    """Whether the gateway can send requests to an endpoint of that dialect. Not for names that nobody here knows."""
    dialect = DIALECTS.get(name)
    return dialect is not None and dialect.served


def native_apis(name: str, options: DialectOptions) -> frozenset[str]:
    """What an endpoint of that dialect speaks as clients do."""
    if options.native_apis is not None:
        return frozenset(options.native_apis)
    dialect = DIALECTS.get(name)
    return frozenset() if dialect is None else frozenset(dialect.apis)


def served_names() -> list[str]:
    """The dialects that an endpoint can have, in the table's order."""
    return [dialect.name for dialect in _TABLE if dialect.served]


def recognised(url: str) -> DialectName:
    """The dialect that is spoken at an address, as far as it is a well-known one; else OpenAI's."""
    split = urlsplit(url)
    address = f"{split.netloc.lower()}{split.path or '/'}"
    for dialect in _TABLE:
        if dialect.address is not None and dialect.address.fullmatch(address):
            return dialect.name if dialect.served or not dialect.bilingual else "openai"
    return "openai"
