"""Token counts in Bedrock's form: what a cache gave or took comes on top of `inputTokens`."""

from __future__ import annotations

from typing import Any

import msgspec

from control_layer.contract.usage import Tokens
from control_layer.gateway.usage import from_object

__all__ = ["Usage", "tokens_of"]

_LONG = "1h"


class _CacheDetail(msgspec.Struct, rename="camel"):
    ttl: str | None = None
    input_tokens: Any = None


class Usage(msgspec.Struct, rename="camel"):
    """`usage`, whatever its counts are."""

    input_tokens: Any = None
    output_tokens: Any = None
    cache_read_input_tokens: Any = None
    cache_write_input_tokens: Any = None
    cache_details: list[_CacheDetail] | None = None


def tokens_of(usage: Usage | None) -> Tokens | None:
    """The counts; `None` where there are none."""
    if usage is None:
        return None
    kept = next((detail.input_tokens for detail in usage.cache_details or () if detail.ttl == _LONG), None)
    return from_object(
        {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cache_read_input_tokens": usage.cache_read_input_tokens,
            "cache_creation_input_tokens": usage.cache_write_input_tokens,
            "cache_creation": {"ephemeral_1h_input_tokens": kept},
        }
    )
