"""Token counts in the form of chat completions: every kind is a part of `prompt_tokens` or of `completion_tokens`."""

from __future__ import annotations

import msgspec

from control_layer.contract.usage import Tokens

__all__ = ["Usage", "usage_of"]


class _InputDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    cached_tokens: int
    cache_write_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None


class _OutputDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    reasoning_tokens: int
    audio_tokens: int | None = None
    image_tokens: int | None = None


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """`usage`."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None


def usage_of(tokens: Tokens | None) -> Usage | None:
    """The counts, for a client. What is unknown is 0 where the API knows no other word for it."""
    if tokens is None:
        return None
    given, said = tokens.input or 0, tokens.output or 0
    parts = (tokens.cached_input, tokens.cache_write, tokens.audio_input, tokens.image_input)
    input_details = None
    if parts != (None, None, None, None):
        input_details = _InputDetails(tokens.cached_input or 0, *parts[1:])
    output_details = None
    if (tokens.reasoning, tokens.audio_output, tokens.image_output) != (None, None, None):
        output_details = _OutputDetails(tokens.reasoning or 0, tokens.audio_output, tokens.image_output)
    return Usage(given, said, given + said, input_details, output_details)
