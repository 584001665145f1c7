"""What clients of OpenAI's dialects may ask for and most other providers have nothing like."""

from __future__ import annotations

from control_layer.gateway.dialects.conversation import Conversation
from control_layer.gateway.dialects.omissions import Omissions

__all__ = ["refuse_other_fields", "refuse_variations"]

_NO_BIAS = (b"{}", b"null")


def refuse_variations(conversation: Conversation, omissions: Omissions, who: str) -> None:
    """Several answers, seeds, penalties and probabilities. `who`: the provider, as it is called in messages."""
    if conversation.choices != 1:
        omissions.refuse("n", f"{who} gives one answer. Ask for each of them.")
    if conversation.seed is not None:
        omissions.refuse("seed", f"{who} takes no seed.")
    if conversation.presence_penalty:
        omissions.refuse("presence_penalty", f"{who} takes no penalties.")
    if conversation.frequency_penalty:
        omissions.refuse("frequency_penalty", f"{who} takes no penalties.")
    if conversation.logprobs is not None:
        omissions.refuse("logprobs", f"{who} tells no probabilities.")


def refuse_other_fields(conversation: Conversation, omissions: Omissions, who: str) -> None:
    """Biases, speech, pictures, and fields that nothing of a conversation says."""
    if conversation.logit_bias is not None and bytes(conversation.logit_bias) not in _NO_BIAS:
        omissions.refuse("logit_bias", f"{who} takes no biases.")
    if conversation.audio_output is not None:
        omissions.refuse("audio", f"{who} does not speak.")
    if conversation.image_output is not None:
        omissions.refuse("modalities", f"{who} makes no pictures.")
    for name, _ in conversation.others:
        omissions.refuse(name, f"{who} has nothing like {name!r}.")
