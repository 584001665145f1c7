"""Cohere's models behind its API that is compatible with OpenAI's chat completions, as a provider's dialect.

https://docs.cohere.com/docs/compatibility-api, "Supported parameters" and "Unsupported parameters": it has less of it.
"""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.conversation import Conversation, Reasoning
from control_layer.gateway.dialects.dialect import Outgoing
from control_layer.gateway.dialects.omissions import Omissions
from control_layer.gateway.dialects.openai_chat import OpenAiChat, Quirks
from control_layer.gateway.dialects.openais_own import refuse_other_fields

__all__ = ["COHERE", "Cohere"]

_TIERS = (None, "auto", "default")


class Cohere(OpenAiChat):
    """A `ProviderDialect`."""

    __slots__ = ()

    def write_request(self, conversation: Conversation, model: str, *, lenient: bool) -> Outgoing:
        omissions = Omissions(lenient=lenient)
        outgoing = super().write_request(_as_cohere(conversation, omissions), model, lenient=lenient)
        return msgspec.structs.replace(outgoing, dropped=(*omissions.dropped, *outgoing.dropped))


COHERE = Cohere(Quirks(max_tokens_only=True, no_parallel_tool_calls=True))


def _as_cohere(conversation: Conversation, omissions: Omissions) -> Conversation:
    refuse_other_fields(conversation, omissions, "Cohere")
    if conversation.choices != 1:
        omissions.refuse("n", "Cohere gives one answer. Ask for each of them.")
    if conversation.logprobs:
        omissions.refuse("top_logprobs", "Cohere tells no probabilities of other tokens.")
    if conversation.service_tier not in _TIERS:
        omissions.refuse("service_tier", "Cohere has no tiers.")
    for index, tool in enumerate(conversation.tools):
        if tool.strict:
            omissions.drop(f"tools[{index}].function.strict")
    return msgspec.structs.replace(
        conversation,
        choices=1,
        logprobs=None if conversation.logprobs is None else 0,
        logit_bias=None,
        tools=tuple(msgspec.structs.replace(tool, strict=None) for tool in conversation.tools),
        reasoning=_reasoning(conversation.reasoning),
        audio_output=None,
        image_output=None,
        service_tier=None,
        cache_key=None,
        others=(),
        hints=(),
    )


def _reasoning(asked: Reasoning | None) -> Reasoning | None:
    """It thinks (`high`) or does not (`none`)."""
    if asked is None:
        return None
    return Reasoning(effort="high") if asked.enabled and asked.effort != "none" else Reasoning(False, "none")
