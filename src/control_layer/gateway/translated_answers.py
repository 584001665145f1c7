"""The forms of a translated answer: a stream, anything whole, a whole one that the client wants as a stream, an error.

What comes out is given to the forms that answers take (`answers`, `guardrails`), as if the provider had spoken the
client's dialect: whatever meters, checks, keeps or hides something of an answer knows of no translation.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from control_layer.gateway import errors
from control_layer.gateway.answers import Answer, ErrorAnswer, HeldAnswer
from control_layer.gateway.dialects.dialect import UnreadableAnswer
from control_layer.gateway.dialects.events import Event
from control_layer.gateway.policy.failover import Failure
from control_layer.gateway.translation import (
    AnswerBroke,
    AnswerIsError,
    StreamTranslation,
    Translation,
    WholeTranslation,
)
from control_layer.wire import EventTooLarge, Header, first

if TYPE_CHECKING:
    from control_layer.gateway.attempt import Attempt
    from control_layer.gateway.exchange import Exchange

__all__ = ["translated_answer"]

_MAX_WHOLE_BYTES = 64 * 1024 * 1024
"""Of an answer that is no stream. It is held whole, which one that is handed on as it comes is not."""
_MAX_ERROR_BYTES = 256 * 1024
_ERRORS_FROM = 400
_JSON = b"application/json"
_EVENTS = b"text/event-stream; charset=utf-8"
_RETRY_AFTER = b"retry-after"
_FRAMING = frozenset((b"content-type", b"content-length", b"content-encoding"))


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
    if isinstance(translation, StreamTranslation):
        if content_type.startswith(translation.stream_type):
            return _TranslatedEvents(exchange, attempt, translation, status, rest)
        if exchange.streaming:
            return _ToldWhole(exchange, attempt, translation, status, rest)
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
        self._writer = translation.writer(exchange.public_id)
        self._inner = attempt.form(status, [(b"content-type", _EVENTS), *headers], None, _EVENTS)

    @property
    def terminated(self) -> bool:
        return self._inner.terminated or self._reader.over(self._translation.choices)

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


class _Held(HeldAnswer):
    """An answer that is translated once all of it is there."""

    __slots__ = ()

    def _hand_on_error(self, status: int, body: bytes) -> None:
        headers = [(b"content-type", _JSON), *self._headers]
        inner = ErrorAnswer(self._exchange, self._attempt, status, headers)
        inner.on_data(body)
        inner.on_complete()


class _HeldWhole(_Held):
    """One that succeeded."""

    __slots__ = ()

    def on_data(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > _MAX_WHOLE_BYTES:
            self._attempt.unreadable("it is too long to be translated")

    def on_broken(self) -> None:
        self._exchange.tokens_final = False


class _TranslatedWhole(_HeldWhole):
    """One that is whole for the client, too."""

    __slots__ = ("_translation",)

    def __init__(
        self, exchange: Exchange, attempt: Attempt, translation: WholeTranslation, status: int, headers: list[Header]
    ) -> None:
        super().__init__(exchange, attempt, status, headers)
        self._translation = translation

    def on_complete(self) -> None:
        exchange, attempt, translation = self._exchange, self._attempt, self._translation
        try:
            body = translation.whole(bytes(self._body), exchange.event_text, exchange.plane.wall())
        except UnreadableAnswer as error:
            attempt.unreadable(str(error))
            return
        except AnswerBroke:
            self._broke()
            return
        except AnswerIsError as error:
            attempt.status = error.status
            self._hand_on_error(error.status, error.body)
            return
        exchange.tokens = translation.tokens  # of what is no JSON, nobody else reads them
        headers = [(b"content-type", translation.content_type), *self._headers]
        inner = attempt.form(self._status, headers, len(body), translation.content_type)
        inner.on_data(body)
        inner.on_complete()

    def _broke(self) -> None:
        """As of a stream that ends with an error: what was used is counted."""
        exchange, attempt, error = self._exchange, self._attempt, errors.upstream_stream_broken()
        exchange.tokens = self._translation.tokens
        if not exchange.answer_failed(attempt, Failure.BROKEN, error):
            exchange.provider_refused(attempt, error)


class _ToldWhole(_HeldWhole):
    """One that the client wants as a stream: it has all of it at once, as events."""

    __slots__ = ("_translation",)

    def __init__(
        self, exchange: Exchange, attempt: Attempt, translation: StreamTranslation, status: int, headers: list[Header]
    ) -> None:
        super().__init__(exchange, attempt, status, headers)
        self._translation = translation

    def on_complete(self) -> None:
        attempt, translation = self._attempt, self._translation
        try:
            events = translation.told(bytes(self._body))
        except UnreadableAnswer as error:
            attempt.unreadable(str(error))
            return
        translation.note(events, self._exchange.event_text, self._exchange.plane.wall)
        inner = attempt.form(self._status, [(b"content-type", _EVENTS), *self._headers], None, _EVENTS)
        inner.on_data(translation.writer(self._exchange.public_id).write(events))
        if not attempt.settled:  # else another attempt follows what it said
            inner.on_complete()


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
        said = self._translation.error(self._status, bytes(self._body), self._exchange.public_id)
        if said.retry_after is not None and first(self._headers, _RETRY_AFTER) is None:
            self._headers.append((_RETRY_AFTER, b"%d" % ceil(said.retry_after)))
        self._attempt.hear(said.status, self._headers)
        self._hand_on_error(said.status, said.body)

    def on_broken(self) -> None:
        """An error that cannot be read is no less an error: the exchange says so."""
