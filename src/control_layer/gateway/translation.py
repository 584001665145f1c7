"""One attempt at a provider that speaks another dialect than the client: the request in its words, its answer in the
client's.

What comes out is given to the forms that answers take (`answers`, `guardrails`), as if the provider had spoken the
client's dialect: whatever meters, checks, keeps or hides something of an answer knows of no translation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from control_layer.contract.usage import Tokens
from control_layer.gateway.answers import Answer, ErrorAnswer
from control_layer.gateway.dialects.dialect import EventReader, EventWriter, Outgoing, UnreadableAnswer
from control_layer.gateway.dialects.events import Counted, Event, Started
from control_layer.wire import EventTooLarge, Header

if TYPE_CHECKING:
    from control_layer.gateway.attempt import Attempt
    from control_layer.gateway.exchange import Exchange

__all__ = ["CARRIED", "ErrorWriter", "StreamTranslation", "Translation", "WholeTranslation", "translated_answer"]

_MAX_WHOLE_BYTES = 64 * 1024 * 1024
"""Of an answer that is no stream. It is held whole, which one that is handed on as it comes is not."""
_MAX_ERROR_BYTES = 256 * 1024
_REDIRECTS_FROM, _ERRORS_FROM = 300, 400
CARRIED = frozenset((b"user-agent", b"traceparent", b"tracestate", b"baggage"))
"""Of the client's head, what is of no dialect."""
_JSON = b"application/json"
_EVENTS = b"text/event-stream; charset=utf-8"
ErrorWriter = Callable[[int, bytes, Sequence[Header], str], bytes]
"""Says an error answer (its status, body and head) in the client's dialect; with the id of our request, where the
provider tells none.
"""
_FRAMING = frozenset((b"content-type", b"content-length", b"content-encoding"))


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

    def error(self, status: int, body: bytes, request_id: str) -> bytes:
        """The provider's error in the client's dialect."""
        return self._write_error(status, body, self.heard, request_id)


class WholeTranslation(Translation, ABC):
    """The same where the answer is the provider's own, too."""

    __slots__ = ("tokens",)

    def __init__(self, outgoing: Outgoing, write_error: ErrorWriter) -> None:
        super().__init__(outgoing, write_error)
        self.tokens: Tokens | None = None
        """What the provider has counted: of more kinds than the client's dialect may know."""

    def answers(self, status: int) -> bool:
        return not _REDIRECTS_FROM <= status < _ERRORS_FROM

    def counted(self, read: Tokens | None) -> Tokens | None:
        del read  # a translation may have to say less, or to say nothing as a zero
        return self.tokens

    @abstractmethod
    def whole(self, body: bytes, answer_id: str, now: float) -> bytes:
        """The provider's answer in the client's dialect, called `answer_id` and made `now` (Unix seconds) where the
        provider does not say.

        Raises `UnreadableAnswer`.
        """


class StreamTranslation(WholeTranslation, ABC):
    """And where it may be a stream."""

    __slots__ = ("stream_type",)

    def __init__(self, outgoing: Outgoing, write_error: ErrorWriter, stream_type: bytes) -> None:
        super().__init__(outgoing, write_error)
        self.stream_type = stream_type
        """The content type of the provider's streams."""

    @abstractmethod
    def reader(self) -> EventReader:
        """For the provider's stream."""

    @abstractmethod
    def writer(self) -> EventWriter:
        """For the client's."""

    def note(self, events: list[Event], answer_id: str, clock: Callable[[], float]) -> None:
        """Takes the counts out of a stream's events, and says the answer's id and time where the provider does not."""
        for place, event in enumerate(events):
            if type(event) is Counted or (type(event) is Started and event.tokens is not None):
                self.tokens = event.tokens
            if type(event) is Started and (not event.id or event.created is None):
                created = int(clock()) if event.created is None else event.created
                events[place] = Started(event.id or answer_id, created, event.tokens, event.service_tier)


def translated_answer(
    exchange: Exchange,
    attempt: Attempt,
    translation: Translation,
    status: int,
    headers: list[Header],
    content_type: bytes,
) -> Answer:
    """The form of a provider's answer."""
    translation.heard = headers
    rest = [field for field in headers if field[0] not in _FRAMING]
    if status >= _ERRORS_FROM:
        return _TranslatedError(exchange, attempt, translation, status, rest)
    if isinstance(translation, StreamTranslation) and content_type.startswith(translation.stream_type):
        return _TranslatedEvents(exchange, attempt, translation, status, rest)
    assert isinstance(translation, WholeTranslation)  # any other hands such answers on
    return _TranslatedWhole(exchange, attempt, translation, status, rest)


class _TranslatedEvents:
    """Each piece leaves in the loop turn in which it came, as the events that it completes."""

    __slots__ = ("_attempt", "_exchange", "_inner", "_reader", "_translation", "_writer")

    def __init__(
        self, exchange: Exchange, attempt: Attempt, translation: StreamTranslation, status: int, headers: list[Header]
    ) -> None:
        self._exchange = exchange
        self._attempt = attempt
        self._translation = translation
        self._reader = translation.reader()
        self._writer = translation.writer()
        self._inner = attempt.form(status, [(b"content-type", _EVENTS), *headers], None, _EVENTS)

    @property
    def terminated(self) -> bool:
        return self._inner.terminated

    def on_data(self, data: bytes) -> None:
        try:
            events = self._reader.feed(data)
        except (UnreadableAnswer, EventTooLarge) as error:
            self._attempt.unreadable(str(error))
            return
        self._hand_on(events)

    def _hand_on(self, events: list[Event]) -> None:
        if not events:
            return
        self._translation.note(events, self._exchange.event_text, self._exchange.plane.wall)
        written = self._writer.write(events)
        if written:
            self._inner.on_data(written)

    def on_complete(self) -> None:
        try:
            events = self._reader.end()
        except UnreadableAnswer as error:
            self._attempt.unreadable(str(error))
            return
        self._hand_on(events)
        if not self._attempt.settled:  # else another attempt follows what was said at the end
            self._inner.on_complete()

    def on_broken(self) -> None:
        self._inner.on_broken()


class _Held:
    """An answer that is translated once all of it is there."""

    __slots__ = ("_attempt", "_body", "_exchange", "_headers", "_status")

    def __init__(self, exchange: Exchange, attempt: Attempt, status: int, headers: list[Header]) -> None:
        self._exchange = exchange
        self._attempt = attempt
        self._status = status
        self._headers = [(b"content-type", _JSON), *headers]
        self._body = bytearray()

    @property
    def terminated(self) -> bool:
        return False


class _TranslatedWhole(_Held):
    """One that succeeded."""

    __slots__ = ("_translation",)

    def __init__(
        self, exchange: Exchange, attempt: Attempt, translation: WholeTranslation, status: int, headers: list[Header]
    ) -> None:
        super().__init__(exchange, attempt, status, headers)
        self._translation = translation

    def on_data(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > _MAX_WHOLE_BYTES:
            self._attempt.unreadable("it is too long to be translated")

    def on_complete(self) -> None:
        try:
            exchange = self._exchange
            body = self._translation.whole(bytes(self._body), exchange.event_text, exchange.plane.wall())
        except UnreadableAnswer as error:
            self._attempt.unreadable(str(error))
            return
        inner = self._attempt.form(self._status, self._headers, len(body), _JSON)
        inner.on_data(body)
        inner.on_complete()

    def on_broken(self) -> None:
        self._exchange.tokens_final = False


class _TranslatedError(_Held):
    """Read to its end (bounded)."""

    __slots__ = ("_translation",)

    def __init__(
        self, exchange: Exchange, attempt: Attempt, translation: Translation, status: int, headers: list[Header]
    ) -> None:
        super().__init__(exchange, attempt, status, headers)
        self._translation = translation

    def on_data(self, data: bytes) -> None:
        self._body += data[: _MAX_ERROR_BYTES - len(self._body)]

    def on_complete(self) -> None:
        body = self._translation.error(self._status, bytes(self._body), self._exchange.public_id)
        inner = ErrorAnswer(self._exchange, self._attempt, self._status, self._headers)
        inner.on_data(body)
        inner.on_complete()

    def on_broken(self) -> None:
        """An error that cannot be read is no less an error: the exchange says so."""
