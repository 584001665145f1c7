"""Token counts out of `usageMetadata` (https://ai.google.dev/api/generate-content#UsageMetadata).

What a cache gave is part of the prompt; what was thought and what tools of Google's read come on top.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from control_layer.contract.usage import Tokens
from control_layer.gateway.usage import from_object

__all__ = ["tier_of", "tokens_of"]

_TIERS = {"standard": "default"}


def tokens_of(usage: object) -> Tokens | None:
    """The counts; `None` where nothing is said."""
    if not isinstance(usage, dict):
        return None
    given = _sum(usage, "promptTokenCount", "toolUsePromptTokenCount")
    said = _sum(usage, "candidatesTokenCount", "thoughtsTokenCount")
    if given is None and said is None:
        return None
    shape: dict[str, Any] = {
        "prompt_tokens": given,
        "completion_tokens": said,
        "completion_tokens_details": {
            "reasoning_tokens": usage.get("thoughtsTokenCount"),
            **_kinds(usage.get("candidatesTokensDetails")),
        },
    }
    if "promptTokensDetails" in usage or "cachedContentTokenCount" in usage:
        shape["prompt_tokens_details"] = {
            "cached_tokens": usage.get("cachedContentTokenCount"),
            **_kinds(usage.get("promptTokensDetails")),
            "cached_tokens_details": _kinds(usage.get("cacheTokensDetails")),
        }
    return from_object(shape)


def tier_of(usage: object) -> str | None:
    """The service tier that answered, in OpenAI's words."""
    tier = usage.get("serviceTier") if isinstance(usage, dict) else None
    return _TIERS.get(tier.lower(), tier.lower()) if isinstance(tier, str) and tier else None


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
    kinds: dict[str, Any] = {}
    for each in details:
        modality = each.get("modality") if isinstance(each, dict) else None
        if modality in ("AUDIO", "IMAGE"):
            kinds[f"{modality.lower()}_tokens"] = each.get("tokenCount")
    return kinds
