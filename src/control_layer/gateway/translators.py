"""How one request of a kind is translated: a client's dialect joined to a provider's."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Protocol

import msgspec

from control_layer.gateway import errors
from control_layer.gateway.asking import asked_of
from control_layer.gateway.dialects import openai_embeddings
from control_layer.gateway.dialects.answer_events import events_of
from control_layer.gateway.dialects.anthropic import ANTHROPIC
from control_layer.gateway.dialects.anthropic.client_requests import read_count_request
from control_layer.gateway.dialects.conversation import Answer, Conversation, Identity
from control_layer.gateway.dialects.dialect import (
    ClientDialect,
    EventReader,
    EventWriter,
    Outgoing,
    ProviderDialect,
    ProviderError,
    UnknownResponse,
    Unsupported,
)
from control_layer.gateway.dialects.embeddings import EmbeddingDialect, EmbeddingsAsked
from control_layer.gateway.dialects.events import Event
from control_layer.gateway.dialects.first_calls import FirstCallReader, with_first_calls
from control_layer.gateway.dialects.openai_chat import OPENAI_CHAT
from control_layer.gateway.dialects.tool_names import named, with_names
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.translation import (
    AnswerBroke,
    ErrorWriter,
    SaidError,
    StreamTranslation,
    Translation,
    WholeTranslation,
)
from control_layer.wire import Header

__all__ = [
    "COUNTED_HERE",
    "NOTHING_OF_THE_KIND",
    "ConversationTranslator",
    "CountTranslator",
    "EmbeddingProvider",
    "EmbeddingsTranslator",
    "SaysErrors",
    "Translator",
    "error_writer",
    "told_as_gateway_errors",
]

_MEANINGS: Mapping[tuple[int, str | None], int] = {
    (HTTPStatus.BAD_REQUEST, "invalid_api_key"): HTTPStatus.UNAUTHORIZED,
    (HTTPStatus.REQUEST_TIMEOUT, "timeout_error"): HTTPStatus.GATEWAY_TIMEOUT,
    (HTTPStatus.FAILED_DEPENDENCY, "server_error"): HTTPStatus.BAD_GATEWAY,
}
"""Statuses of providers' own (Google's, Amazon's) that would tell clients and routing that the request is at fault."""
_PLACE = re.compile(r" - at `\$\.?(.*)`$")
"""Where msgspec says something is amiss."""
_MISSING = re.compile(r"Object missing required field `(.*?)`")


class Translator(ABC):
    """A client's dialect and a provider's."""

    __slots__ = ()

    @abstractmethod
    def translate(
        self, body: bytes | bytearray, alias: str, model: str, identity: Identity | None = None
    ) -> Translation:
        """A request's translation. `alias` is what the client calls the model, `model` what the provider does,
        `identity` what the answer is to be called, where its API keeps answers.

        Raises GatewayError.
        """


class SaysErrors(Protocol):
    """A provider that says what went wrong."""

    def read_error(self, status: int, body: bytes, headers: Sequence[Header] = (), /) -> ProviderError: ...


class EmbeddingProvider(EmbeddingDialect, SaysErrors, Protocol):
    """How a provider gives vectors, and says what went wrong."""


class _CountingProvider(SaysErrors, Protocol):
    def write_count(self, conversation: Conversation, model: str, *, lenient: bool) -> Outgoing: ...

    def read_count(self, body: bytes) -> int: ...


# -- conversations ---------------------------------------------------------------------------------------------------


class ConversationTranslator(Translator):
    """Chat, in any of its dialects."""

    __slots__ = ("_client", "_lenient", "_provider")

    def __init__(self, client: ClientDialect, provider: ProviderDialect, *, lenient: bool) -> None:
        """With `lenient`, what the provider cannot be told is left out and listed, rather than refused."""
        self._client = client
        self._provider = provider
        self._lenient = lenient

    def translate(
        self, body: bytes | bytearray, alias: str, model: str, identity: Identity | None = None
    ) -> Translation:
        with told_as_gateway_errors():
            conversation, outgoing = asked_of(self._client, self._provider, body, model, lenient=self._lenient)
        # Usage is always written, because it is metered, and hidden from a client that did not ask for it.
        conversation = msgspec.structs.replace(conversation, include_usage=True, identity=identity)
        return _Conversation(self._client, self._provider, conversation, outgoing, alias)


class _Conversation(StreamTranslation):
    __slots__ = ("_client", "_conversation", "_first_call_only", "_model", "_provider", "_tool_names")

    def __init__(
        self,
        client: ClientDialect,
        provider: ProviderDialect,
        conversation: Conversation,
        outgoing: Outgoing,
        alias: str,
    ) -> None:
        super().__init__(outgoing, error_writer(client, provider), provider.stream_type, conversation.choices)
        self._client = client
        self._provider = provider
        self._conversation = conversation
        self._first_call_only = outgoing.first_call_only
        self._tool_names = outgoing.tool_names
        self._model = alias

    def whole(self, body: bytes, answer_id: str, now: float) -> bytes:
        answer = self._read(body)
        self.tokens = answer.tokens
        if any(choice.finish == "error" for choice in answer.choices):
            raise AnswerBroke
        if not answer.id or answer.created is None:
            created = int(now) if answer.created is None else answer.created
            answer = msgspec.structs.replace(answer, id=answer.id or answer_id, created=created)
        return self._client.write_answer(answer, self._conversation, self._model)

    def told(self, body: bytes) -> list[Event]:
        return events_of(self._read(body))

    def _read(self, body: bytes) -> Answer:
        answer = self._provider.read_answer(body)
        return with_names(with_first_calls(answer) if self._first_call_only else answer, self._tool_names)

    def reader(self) -> EventReader:
        reader = self._provider.reader()
        return named(FirstCallReader(reader) if self._first_call_only else reader, self._tool_names)

    def writer(self, request_id: str) -> EventWriter:
        return self._client.writer(self._conversation, self._model, request_id)


# -- embeddings ------------------------------------------------------------------------------------------------------


class EmbeddingsTranslator(Translator):
    """OpenAI's embeddings at a provider that has its own."""

    __slots__ = ("_lenient", "_provider")

    def __init__(self, provider: EmbeddingProvider, *, lenient: bool) -> None:
        self._provider = provider
        self._lenient = lenient

    def translate(
        self, body: bytes | bytearray, alias: str, model: str, identity: Identity | None = None
    ) -> Translation:
        del identity
        with told_as_gateway_errors():
            asked = openai_embeddings.read_request(body)
            outgoing = self._provider.write_embeddings(asked, model, lenient=self._lenient)
        return _Embeddings(self._provider, asked, outgoing, alias)


class _Embeddings(WholeTranslation):
    __slots__ = ("_asked", "_model", "_provider")

    def __init__(self, provider: EmbeddingProvider, asked: EmbeddingsAsked, outgoing: Outgoing, alias: str) -> None:
        super().__init__(outgoing, error_writer(OPENAI_CHAT, provider))
        self._provider = provider
        self._asked = asked
        self._model = alias

    def whole(self, body: bytes, answer_id: str, now: float) -> bytes:
        del answer_id, now
        given = self._provider.read_embeddings(body, self.heard)
        self.tokens = given.tokens
        return openai_embeddings.write_answer(given, self._asked, self._model)


# -- counts of tokens ------------------------------------------------------------------------------------------------


class CountTranslator(Translator):
    """Anthropic's `count_tokens` at a provider that counts in its own way. Nothing is used by it."""

    __slots__ = ("_provider",)

    def __init__(self, provider: _CountingProvider) -> None:
        self._provider = provider

    def translate(
        self, body: bytes | bytearray, alias: str, model: str, identity: Identity | None = None
    ) -> Translation:
        del alias, identity
        with told_as_gateway_errors():
            conversation = read_count_request(body)
            # What cannot be told is hardly ever what is long.
            outgoing = self._provider.write_count(conversation, model, lenient=True)
        return _TokenCount(self._provider, outgoing)


class _TokenCount(WholeTranslation):
    __slots__ = ("_provider",)

    def __init__(self, provider: _CountingProvider, outgoing: Outgoing) -> None:
        super().__init__(outgoing, error_writer(ANTHROPIC, provider))
        self._provider = provider

    def whole(self, body: bytes, answer_id: str, now: float) -> bytes:
        del answer_id, now
        return b'{"input_tokens":%d}' % self._provider.read_count(body)


# -- nothing to translate ----------------------------------------------------------------------------------------------


class _NothingOfTheKind(Translator):
    """The provider does not do what is asked."""

    __slots__ = ()

    def translate(
        self, body: bytes | bytearray, alias: str, model: str, identity: Identity | None = None
    ) -> Translation:
        del body, alias, model, identity
        raise errors.api_not_served()


NOTHING_OF_THE_KIND = _NothingOfTheKind()
COUNTED_HERE = _NothingOfTheKind()
"""The provider does not count, but the gateway estimates (`token_count`)."""


def error_writer(client: ClientDialect, provider: SaysErrors) -> ErrorWriter:
    """How errors of that provider are said to that client."""

    def write(status: int, body: bytes, headers: Sequence[Header], request_id: str) -> SaidError:
        error = provider.read_error(status, body, headers)
        status = _MEANINGS.get((status, error.code), status)
        said = client.write_error(status, msgspec.structs.replace(error, request_id=error.request_id or request_id))
        return SaidError(status, said, error.retry_after)

    return write


@contextmanager
def told_as_gateway_errors() -> Iterator[None]:
    """What a request cannot say, or says wrongly, in the gateway's words."""
    try:
        yield
    except UnknownResponse as error:
        raise errors.previous_response_not_found(error.response_id) from None
    except Unsupported as error:
        raise errors.unsupported_parameter(error.parameter, error.message) from None
    except msgspec.ValidationError as error:
        raise _wrong_type(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise errors.not_json(str(error)) from None
    except RecursionError:
        raise errors.not_json("it is nested too deeply") from None


def _wrong_type(detail: str) -> GatewayError:
    """What msgspec says of a field, with the field as a client would write it."""
    found = _PLACE.search(detail)
    missing = _MISSING.match(detail)
    if missing is not None:
        return errors.missing_parameter(missing[1] if found is None else f"{found[1]}.{missing[1]}")
    if found is None:
        return errors.wrong_type("body", detail)
    return errors.wrong_type(found[1], detail[: found.start()])
