"""Token counts out of `usageMetadata` (https://ai.google.dev/api/generate-content#UsageMetadata).

What a cache gave is part of the prompt; what was thought and what tools of Google's read come on top. Every chunk of a
stream tells them anew, so those of the usual form are read at once; odd ones are left to who knows them all.
"""

from __future__ import annotations

from math import isfinite
from typing import Annotated, Any

import msgspec

from control_layer.contract.usage import Tokens
from control_layer.gateway.usage import from_object

__all__ = ["tier_of", "tokens_of"]

_TIERS = {"standard": "default"}
_TRAFFIC = {"ON_DEMAND": "default", "ON_DEMAND_PRIORITY": "priority", "ON_DEMAND_FLEX": "flex"}
"""Vertex AI's words; a throughput that was bought has no tiers.
https://docs.cloud.google.com/vertex-ai/generative-ai/docs/priority-paygo
"""
_KINDS = {"AUDIO": "audio_tokens", "IMAGE": "image_tokens"}

_Count = Annotated[int, msgspec.Meta(ge=0, le=10**12)] | None


class _Detail(msgspec.Struct, gc=False):
    modality: str = ""


class _Usage(msgspec.Struct, rename="camel", gc=False):
    prompt_token_count: _Count = None
    tool_use_prompt_token_count: _Count = None
    cached_content_token_count: _Count = None
    candidates_token_count: _Count = None
    thoughts_token_count: _Count = None
    prompt_tokens_details: list[_Detail] = []
    candidates_tokens_details: list[_Detail] = []


class _Tier(msgspec.Struct, rename="camel"):
    service_tier: str | None = None
    traffic_type: str | None = None


_decode = msgspec.json.Decoder(_Usage).decode
_decode_tier = msgspec.json.Decoder(_Tier).decode
_decode_any = msgspec.json.Decoder().decode


def tokens_of(usage: msgspec.Raw) -> Tokens | None:
    """The counts; `None` where nothing is said."""
    if not bytes(usage):
        return None
    try:
        counts = _decode(usage)
    except msgspec.MsgspecError:
        return _odd(_decode_any(usage))
    if any(each.modality in _KINDS for each in counts.prompt_tokens_details + counts.candidates_tokens_details):
        return _odd(_decode_any(usage))
    given, thought = counts.prompt_token_count, counts.thoughts_token_count
    said, cached = counts.candidates_token_count, counts.cached_content_token_count
    if counts.tool_use_prompt_token_count is not None:
        given = (given or 0) + counts.tool_use_prompt_token_count
    if thought is not None:
        said = (said or 0) + thought
    if given is None and said is None:
        return None
    if cached is not None and given is not None:
        cached = min(cached, given)
    return Tokens(given, said, cached_input=cached, reasoning=thought, source="provider")


def tier_of(usage: msgspec.Raw) -> str | None:
    """The service tier that answered, in OpenAI's words."""
    try:
        told = _decode_tier(usage)
    except msgspec.MsgspecError:
        return None
    tier = told.service_tier
    if not tier:
        return None if told.traffic_type is None else _TRAFFIC.get(told.traffic_type)
    return _TIERS.get(tier.lower(), tier.lower())


# -- any form ----------------------------------------------------------------------------------------------------------


def _odd(usage: object) -> Tokens | None:
    if not isinstance(usage, dict):
        return None
    given = _sum(usage, "promptTokenCount", "toolUsePromptTokenCount")
    said = _sum(usage, "candidatesTokenCount", "thoughtsTokenCount")
    if given is None and said is None:
        return None
    return from_object(
        {
            "prompt_tokens": given,
            "prompt_tokens_details": {
                "cached_tokens": usage.get("cachedContentTokenCount"),
                **_kinds(usage.get("promptTokensDetails")),
                "cached_tokens_details": _kinds(usage.get("cacheTokensDetails")),
            },
            "completion_tokens": said,
            "completion_tokens_details": {
                "reasoning_tokens": usage.get("thoughtsTokenCount"),
                **_kinds(usage.get("candidatesTokensDetails")),
            },
        }
    )


def _sum(usage: dict[str, Any], *names: str) -> int | None:
    counts = [count for name in names if (count := _count(usage.get(name))) is not None]
    return sum(counts) if counts else None


def _count(value: object) -> int | None:
    """A count, which some who speak this dialect send as a float or a text."""
    if type(value) is int:
        return value
    try:
        number = float(value) if isinstance(value, str | float) else None
    except ValueError:
        return None
    return int(number) if number is not None and isfinite(number) else None


def _kinds(details: object) -> dict[str, Any]:
    """Sound and pictures among the tokens, where it is told apart."""
    if not isinstance(details, list):
        return {}
    told = [each for each in details if isinstance(each, dict)]
    return {
        _KINDS[modality]: each.get("tokenCount")
        for each in told
        if isinstance(modality := each.get("modality"), str) and modality in _KINDS
    }
