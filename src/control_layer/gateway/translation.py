"""One attempt at a provider that speaks another dialect than the client: the request in its words, and what its answer
(`translated_answers`) is in the client's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.dialect import EventReader, EventWriter, Outgoing
from control_layer.gateway.dialects.events import Counted, Event, Started
from control_layer.wire import Header

__all__ = [
    "CARRIED",
    "AnswerBroke",
    "AnswerIsError",
    "ErrorWriter",
    "SaidError",
    "StreamTranslation",
    "Translation",
    "WholeTranslation",
]

_REDIRECTS_FROM, _ERRORS_FROM = 300, 400
CARRIED = frozenset((b"user-agent", b"traceparent", b"tracestate", b"baggage"))
"""Of the client's head, what is of no dialect."""
_JSON = b"application/json"


class SaidError(NamedTuple):
    """An error answer in the client's dialect."""

    status: int
    """What it means to clients, and to routing."""
    body: bytes
    retry_after: float | None
    """Seconds, where the provider's own body says it."""


ErrorWriter = Callable[[int, bytes, Sequence[Header], str], SaidError]
"""Says an error answer (its status, body and head) in the client's dialect; with the id of our request, where the
provider tells none.
"""


class Translation:
    """One request in the provider's dialect. Its answer is handed on; only errors are said in the client's."""

    __slots__ = ("_headers", "_write_error", "body", "dropped", "heard", "path", "query")

    carried: ClassVar[frozenset[bytes]] = CARRIED
    """Fields of the client's head that the provider gets."""

    def __init__(self, outgoing: Outgoing, write_error: ErrorWriter) -> None:
        self.body = outgoing.body
        self.path = outgoing.path
        self.query = outgoing.query
        self.dropped = outgoing.dropped
        """Parameters that the provider is not told, in the client's words."""
        self.heard: Sequence[Header] = ()
        """The head of the provider's answer."""
        self._headers = outgoing.headers
        self._write_error = write_error

    def head_lines(self, headers: list[Header]) -> bytes:
        """The field lines for the provider. `headers` is the client's head."""
        carried = [(name, value) for name, value in headers if name in self.carried]
        lines = [b"%b: %b\r\n" % field for field in (*carried, *self._headers)]
        return b"content-type: application/json\r\n" + b"".join(lines)

    def answers(self, status: int) -> bool:
        """Whether an answer of that status has to be translated."""
        return status >= _ERRORS_FROM

    def counted(self, read: Tokens | None) -> Tokens | None:
        """What the provider has counted, where the answer as the client gets it says `read`."""
        return read

    def error(self, status: int, body: bytes, request_id: str) -> SaidError:
        """The provider's error in the client's dialect."""
        return self._write_error(status, body, self.heard, request_id)


class AnswerIsError(Exception):
    """What the provider calls an answer is an error of `status` to the client, whose dialect `body` is in."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"an error {status}")
        self.status = status
        self.body = body


class AnswerBroke(Exception):
    """A whole answer that says of itself that the model did not come to its end."""


class WholeTranslation(Translation, ABC):
    """The same where the answer is the provider's own, too."""

    __slots__ = ("content_type", "tokens")

    def __init__(self, outgoing: Outgoing, write_error: ErrorWriter) -> None:
        super().__init__(outgoing, write_error)
        self.tokens: Tokens | None = None
        """What the provider has counted: of more kinds than the client's dialect may know."""
        self.content_type = _JSON
        """Of the answer as the client gets it."""

    def answers(self, status: int) -> bool:
        return not _REDIRECTS_FROM <= status < _ERRORS_FROM

    def counted(self, read: Tokens | None) -> Tokens | None:
        del read  # a translation may have to say less, or to say nothing as a zero
        return self.tokens

    @abstractmethod
    def whole(self, body: bytes, answer_id: str, now: float) -> bytes:
        """The provider's answer in the client's dialect, called `answer_id` and made `now` (Unix seconds) where the
        provider does not say.

        Raises `UnreadableAnswer`, `AnswerBroke` and `AnswerIsError`.
        """


class StreamTranslation(WholeTranslation, ABC):
    """And where it may be a stream."""

    __slots__ = ("choices", "stream_type")

    def __init__(self, outgoing: Outgoing, write_error: ErrorWriter, stream_type: bytes, choices: int) -> None:
        super().__init__(outgoing, write_error)
        self.stream_type = stream_type
        """The content type of the provider's streams."""
        self.choices = choices
        """How many answers were asked for."""

    @abstractmethod
    def reader(self) -> EventReader:
        """For the provider's stream."""

    @abstractmethod
    def writer(self, request_id: str) -> EventWriter:
        """For the client's. `request_id`: our request's, for an error inside it."""

    @abstractmethod
    def told(self, body: bytes) -> list[Event]:
        """The events of an answer that is whole although a stream was asked for. Raises `UnreadableAnswer`."""

    def note(self, events: list[Event], answer_id: str, clock: Callable[[], float]) -> None:
        """Takes the counts out of a stream's events, and says the answer's id and time where the provider does not."""
        for place, event in enumerate(events):
            if type(event) is Counted or (type(event) is Started and event.tokens is not None):
                self.tokens = event.tokens
            if type(event) is Started and (not event.id or event.created is None):
                created = int(clock()) if event.created is None else event.created
                events[place] = Started(event.id or answer_id, created, event.tokens, event.service_tier)
