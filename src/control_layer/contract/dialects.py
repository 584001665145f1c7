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

__all__ = ["DIALECTS", "Dialect", "DialectName", "DialectOptions", "Quirk", "is_served", "recognised", "served_names"]

DialectName = Literal["openai", "anthropic", "gemini", "azure", "bedrock", "vertex", "ollama", "cohere"]
Quirk = Literal["no_stream_options"]
"""What an OpenAI-compatible server does not know: it refuses `stream_options`."""


class DialectOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an endpoint needs said beyond its dialect. Plain texts, so that a newer release's words break nothing."""

    api_version: str | None = None
    """Azure's `api-version`."""
    deployment_paths: bool = False
    """Azure's older paths, `/openai/deployments/{model}/…`; they need `api_version`."""
    quirks: tuple[str, ...] = ()
    """Of `Quirk`."""


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
    options: frozenset[str] = frozenset()
    """Those of `DialectOptions` that mean something to it."""

    @property
    def header(self) -> tuple[str, str]:
        """The header that takes a credential, and what stands before it there."""
        return self.auth_header_name, self.auth_header_prefix


_TABLE = (
    Dialect(name="openai", title="OpenAI's API", served=True, options=frozenset(("quirks",))),
    Dialect(
        name="anthropic",
        title="Anthropic's Messages API",
        served=True,
        auth_header_name="x-api-key",
        auth_header_prefix="",
        address=re.compile(r"api\.anthropic\.com/.*|[^/]+\.services\.ai\.azure\.com/anthropic(/.*)?"),
    ),
    Dialect(
        name="azure",
        title="Azure OpenAI",
        served=True,
        auth_header_name="api-key",
        auth_header_prefix="",
        address=re.compile(r"[^/]+\.(openai|services\.ai|cognitiveservices)\.azure\.(com|us|cn)/.*"),
        options=frozenset(("api_version", "deployment_paths", "quirks")),
    ),
    Dialect(
        name="gemini",
        title="Google's Gemini API",
        auth_header_name="x-goog-api-key",
        auth_header_prefix="",
        address=re.compile(r"generativelanguage\.googleapis\.com/(?!.*openai(/|$)).*"),
        instead="Its OpenAI-compatible address is https://generativelanguage.googleapis.com/v1beta/openai",
    ),
    Dialect(
        name="bedrock",
        title="Amazon Bedrock",
        address=re.compile(r"bedrock-runtime[^/]*\.amazonaws\.com(\.cn)?/(?!openai(/|$)).*"),
        instead="Its OpenAI-compatible address is https://bedrock-runtime.<region>.amazonaws.com/openai/v1",
    ),
    Dialect(
        name="vertex",
        title="Google's Vertex AI",
        address=re.compile(r"([a-z0-9-]+-)?aiplatform\.googleapis\.com/(?!.*/endpoints/openapi(/|$)).*"),
        instead="Its OpenAI-compatible address ends in /endpoints/openapi",
    ),
    Dialect(
        name="ollama",
        title="Ollama's API",
        address=re.compile(r"[^/]*:11434/(api/?)?"),
        bilingual=True,
        instead="Ollama speaks OpenAI's dialect too: dialect 'openai', with an address that ends in /v1",
    ),
    Dialect(
        name="cohere",
        title="Cohere's API",
        address=re.compile(r"api\.cohere\.(com|ai)/(?!compatibility(/|$)).*"),
        instead="Its OpenAI-compatible address is https://api.cohere.com/compatibility/v1",
    ),
)
DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in _TABLE}
"""By name."""


def is_served(name: str) -> bool:
    """Whether the gateway can send requests to an endpoint of that dialect. Not for names that nobody here knows."""
    dialect = DIALECTS.get(name)
    return dialect is not None and dialect.served


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
