"""What gateways answer under `/ai`, for the reference: a path, what it does, what it takes and gives.

The gateway has its own table of the same paths (`gateway/paths`); a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ANTHROPIC_PREFIX", "CALLS", "Call"]

ANTHROPIC_PREFIX = "/ai/anthropic"
"""What speaks Anthropic's API is found below it, too."""
_JSON = "application/json"
_FORM = ("multipart/form-data",)
_EVENTS = "text/event-stream"
_STREAMED = (_JSON, _EVENTS)


@dataclass(frozen=True, slots=True)
class Call:
    """A request with a body that names its model."""

    path: str
    """Under `/ai`."""
    tag: str
    text: str
    gives: tuple[str, ...] = (_JSON,)
    takes: tuple[str, ...] = (_JSON,)

    @property
    def anthropic(self) -> bool:
        """Whether it is of Anthropic's API."""
        return self.path.startswith("/v1/messages")


CALLS = (
    Call("/v1/chat/completions", "conversations", "A chat completion, whole or as Server-Sent Events.", _STREAMED),
    Call("/v1/completions", "conversations", "A text completion.", _STREAMED),
    Call("/v1/responses", "conversations", "A response in OpenAI's Responses format.", _STREAMED),
    Call("/v1/responses/compact", "conversations", "A conversation in fewer words, where the provider can do that."),
    Call("/v1/responses/input_tokens", "conversations", "How many tokens a request for a response would have."),
    Call("/v1/messages", "conversations", "A message in Anthropic's format.", _STREAMED),
    Call("/v1/messages/count_tokens", "conversations", "How many tokens a request for a message would have."),
    Call("/v1/embeddings", "other models", "Embeddings of texts."),
    Call("/v1/rerank", "other models", "Documents by relevance, in Cohere's first format or Jina's."),
    Call("/v2/rerank", "other models", "Documents by relevance, in Cohere's format."),
    Call("/v1/score", "other models", "How well texts go together, as vLLM's servers say it."),
    Call("/v1/moderations", "other models", "Whether a text is harmful."),
    Call("/v1/images/generations", "other models", "Images of a description.", _STREAMED),
    Call("/v1/images/edits", "other models", "Images changed as described.", _STREAMED, (*_FORM, _JSON)),
    Call("/v1/images/variations", "other models", "Images like another one.", takes=_FORM),
    Call("/v1/audio/speech", "other models", "A text, spoken.", ("audio/*", _EVENTS)),
    Call("/v1/audio/transcriptions", "other models", "Speech as text.", (_JSON, "text/plain", _EVENTS), _FORM),
    Call("/v1/audio/translations", "other models", "Speech as English text.", (_JSON, "text/plain"), _FORM),
)
