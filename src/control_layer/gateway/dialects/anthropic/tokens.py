"""Token counts in Anthropic's form: what a cache gave or took comes on top of `input_tokens`."""

from __future__ import annotations

import msgspec

from control_layer.contract.usage import Tokens

__all__ = ["Usage", "usage_of"]


class _CacheCreation(msgspec.Struct, frozen=True):
    ephemeral_5m_input_tokens: int
    ephemeral_1h_input_tokens: int


class _OutputDetails(msgspec.Struct, frozen=True):
    thinking_tokens: int


class Usage(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """`usage`. The two counts that have no default are there in any case: clients rely on them."""

    input_tokens: int
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: _CacheCreation | None = None
    output_tokens: int
    output_tokens_details: _OutputDetails | None = None
    service_tier: str | None = None


def usage_of(tokens: Tokens | None, service_tier: str | None = None) -> Usage:
    """The counts, for a client. What is unknown is 0 where the API knows no other word for it."""
    if tokens is None:
        return Usage(input_tokens=0, output_tokens=0, service_tier=service_tier)
    read, written, kept = tokens.cached_input, tokens.cache_write, tokens.cache_write_1h
    uncached = (tokens.input or 0) - (read or 0) - (written or 0)
    return Usage(
        input_tokens=max(uncached, 0),
        cache_creation_input_tokens=written,
        cache_read_input_tokens=read,
        cache_creation=None if written is None or kept is None else _CacheCreation(written - kept, kept),
        output_tokens=tokens.output or 0,
        output_tokens_details=None if tokens.reasoning is None else _OutputDetails(tokens.reasoning),
        service_tier=service_tier,
    )
