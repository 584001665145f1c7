"""What a dialect has to be able to do, as a client's language and as a provider's. Adding one is a file and an entry.

All of it is pure: bytes and structs in, bytes and structs out. Readers and writers of streams keep only what they must
know of the past, so that memory does not grow with the stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Protocol

import msgspec

from control_layer.gateway.dialects.conversation import Answer, Conversation
from control_layer.gateway.dialects.events import Event
from control_layer.wire import Header

__all__ = [
    "ClientDialect",
    "EventReader",
    "EventWriter",
    "FilteredAnswer",
    "Outgoing",
    "ProviderDialect",
    "ProviderError",
    "UnknownResponse",
    "UnreadableAnswer",
    "Unsupported",
]


class Unsupported(Exception):
    """The provider cannot do what a parameter asks for, and silence would change what the request means.

    `parameter` is its name in the client's words, such as `messages[2].content[0].input_audio` or `n`; those who write
    for a provider name it as chat completions do, and places as the conversation has them (`ClientDialect.names_of`).
    """

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter
        self.message = message


class UnknownResponse(Unsupported):
    """The request goes on from a response that another provider keeps, or nobody."""

    def __init__(self, response_id: str) -> None:
        super().__init__("previous_response_id", "It is not known here.")
        self.response_id = response_id


class UnreadableAnswer(Exception):
    """A provider's answer that is not of its dialect."""


class FilteredAnswer(Exception):
    """A provider's answer that is no error in its dialect, but is one in the client's: a filter took all of it."""


class Outgoing(msgspec.Struct, frozen=True):
    """A request as the provider gets it."""

    path: str
    """Of its API, such as `/v1/messages`."""
    body: bytes
    headers: tuple[Header, ...] = ()
    """Beside the credential, such as `anthropic-version`."""
    query: bytes = b""
    dropped: tuple[str, ...] = ()
    """Parameters that were left out."""
    first_call_only: bool = False
    """The client wants one call of a tool at a time, and the provider was not told (`first_calls`)."""
    tool_names: Mapping[str, str] = {}
    """What names of tools, shortened for the provider, stand for (`tool_names`)."""


class ProviderError(msgspec.Struct, frozen=True):
    """An error answer."""

    message: str
    code: str | None = None
    """In OpenAI's words where there is one that means the same (`context_length_exceeded`, `rate_limit_exceeded`,
    `content_filter`, `model_not_found`, …), else the provider's own."""
    type: str | None = None
    parameter: str | None = None
    request_id: str | None = None
    """The provider's, for whoever asks it what went wrong."""
    retry_after: float | None = None
    """Seconds, where its body says when to ask again, and its head does not."""


class EventReader(Protocol):
    """Reads one provider stream, cut anywhere."""

    def over(self, choices: int) -> bool:
        """All of so many choices has come: where the bytes end here, in whatever way, nothing is cut off."""
        ...

    def feed(self, data: bytes) -> list[Event]:
        """What `data` completes. Raises `UnreadableAnswer`, and `wire.EventTooLarge`."""
        ...

    def end(self) -> list[Event]:
        """The bytes are over. No `Finished` and no `Ended` that the provider did not say or mean by it."""
        ...


class EventWriter(Protocol):
    """Writes one stream for a client."""

    def write(self, events: Iterable[Event]) -> bytes:
        """The bytes that say these events; none for what the client's dialect has no word for."""
        ...


class ClientDialect(Protocol):
    """How a client speaks. `model` in what is written is the name that the client used."""

    def read_request(self, body: bytes | bytearray) -> Conversation:
        """Raises `Unsupported` for what no other dialect can say, msgspec.ValidationError for wrong types."""
        ...

    def names_of(self, parameters: Sequence[str], body: bytes | bytearray) -> tuple[str, ...]:
        """What the client calls parameters of `body` that a `ProviderDialect` names, or where they are."""
        ...

    def write_answer(self, answer: Answer, conversation: Conversation, model: str) -> bytes:
        """`conversation` is what it answers: some APIs repeat in the answer what was asked for."""
        ...

    def writer(self, conversation: Conversation, model: str, request_id: str | None = None) -> EventWriter:
        """`request_id`: ours, for an error inside the stream, where the API has a place for it."""
        ...

    def write_error(self, status: int, error: ProviderError) -> bytes: ...


class ProviderDialect(Protocol):
    """How a provider speaks. `model` is the provider's own name for it."""

    stream_type: ClassVar[bytes]
    """The content type of its streams, without parameters."""

    def write_request(self, conversation: Conversation, model: str, *, lenient: bool) -> Outgoing:
        """Raises `Unsupported`; with `lenient`, what cannot be said is left out and listed instead, where the request
        still makes sense without it.
        """
        ...

    def read_answer(self, body: bytes) -> Answer:
        """Where the provider gives no id, the answer's is empty, and that of `Started`. Raises `UnreadableAnswer`."""
        ...

    def reader(self) -> EventReader: ...

    def read_error(self, status: int, body: bytes, headers: Sequence[Header] = (), /) -> ProviderError:
        """Never raises: what cannot be read is quoted, shortened. `headers`: the answer's, with names in lower case."""
        ...
