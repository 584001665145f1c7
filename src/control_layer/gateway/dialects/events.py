"""What comes of an answer while it is made, in no API's words. Folded in their order, the events are the `Answer`."""

from __future__ import annotations

import msgspec

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.conversation import Finish, Image

__all__ = [
    "AudioDelta",
    "CallDelta",
    "CallStarted",
    "Counted",
    "Ended",
    "Event",
    "Failed",
    "Finished",
    "ImageGiven",
    "LogprobsDelta",
    "Ping",
    "RefusalDelta",
    "SealedThinking",
    "Started",
    "TextDelta",
    "ThinkingDelta",
    "ThinkingSigned",
]


class Started(msgspec.Struct, frozen=True, gc=False):
    """The answer has begun. First, once."""

    id: str
    created: int | None = None
    tokens: Tokens | None = None
    """What is known of the input, for dialects that say so at the beginning."""
    service_tier: str | None = None


class TextDelta(msgspec.Struct, frozen=True, gc=False):
    """More of what is said. `citations`, a JSON array, are a provider's for the part that it belongs to, undecoded."""

    text: str
    choice: int = 0
    citations: msgspec.Raw | None = None
    opens: bool = False
    """It begins a part of its own, although text came before: what is cited is told from what is not."""


class ThinkingDelta(msgspec.Struct, frozen=True, gc=False):
    """More of what is thought."""

    text: str
    choice: int = 0


class ThinkingSigned(msgspec.Struct, frozen=True, gc=False):
    """The signature of what was thought so far; ends that block."""

    signature: str
    choice: int = 0


class SealedThinking(msgspec.Struct, frozen=True, gc=False):
    """A block of thoughts that only its provider can read, whole."""

    data: str
    choice: int = 0


class RefusalDelta(msgspec.Struct, frozen=True, gc=False):
    """More of why the model does not answer."""

    text: str
    choice: int = 0


class CallStarted(msgspec.Struct, frozen=True, gc=False):
    """The model begins to call a tool. `index` counts the calls of a choice from 0; several may be under way."""

    index: int
    id: str
    name: str
    choice: int = 0
    signature: str | None = None


class CallDelta(msgspec.Struct, frozen=True, gc=False):
    """More of the JSON text of a call's arguments."""

    index: int
    arguments: str
    choice: int = 0


class AudioDelta(msgspec.Struct, frozen=True, gc=False):
    """More of what is spoken, in OpenAI's form (`delta.audio`), undecoded."""

    audio: msgspec.Raw
    choice: int = 0


class ImageGiven(msgspec.Struct, frozen=True, gc=False):
    """A picture, whole."""

    image: Image
    choice: int = 0


class LogprobsDelta(msgspec.Struct, frozen=True, gc=False):
    """Log probabilities of the tokens of the delta before it, in OpenAI's form."""

    logprobs: msgspec.Raw
    choice: int = 0


class Finished(msgspec.Struct, frozen=True, gc=False):
    """A choice has ended, and why. No reader makes one up: a stream that breaks off has none."""

    finish: Finish
    choice: int = 0
    stop_sequence: str | None = None


class Counted(msgspec.Struct, frozen=True, gc=False):
    """What was used, as far as it is known; a later one replaces an earlier one."""

    tokens: Tokens


class Ping(msgspec.Struct, frozen=True, gc=False):
    """Nothing yet, but the provider is there."""


class Failed(msgspec.Struct, frozen=True, gc=False):
    """The provider reports an error inside the stream. Nothing follows."""

    message: str
    code: str | None = None


class Ended(msgspec.Struct, frozen=True, gc=False):
    """The stream is over and whole. Last, once."""


Event = (
    Started
    | TextDelta
    | ThinkingDelta
    | ThinkingSigned
    | SealedThinking
    | RefusalDelta
    | CallStarted
    | CallDelta
    | AudioDelta
    | ImageGiven
    | LogprobsDelta
    | Finished
    | Counted
    | Ping
    | Failed
    | Ended
)
