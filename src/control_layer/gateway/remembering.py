"""Responses that are stored where their provider does not keep them: a request may go on from one, and its answer be
the next. All of it is about requests that are translated; of others, the provider knows.

What was said before is put before what is asked now, before anything looks at it: abilities, limits, guardrails and
budgets see the whole conversation.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from control_layer.contract.dialects import native_apis
from control_layer.contract.snapshot import SYSTEM_USER, Endpoint
from control_layer.contract.stored_responses import Recalled, id_of, text_of
from control_layer.contract.usage import Outcome
from control_layer.gateway import errors
from control_layer.gateway.admission import State
from control_layer.gateway.client_fallbacks import ClientFallbacks
from control_layer.gateway.dialects.conversation import Identity
from control_layer.gateway.envelope import Envelope
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.head import Head
from control_layer.gateway.stored_responses import Question
from control_layer.gateway.storing import MOST_ASKED_BYTES, Storing, items_of
from control_layer.gateway.translation_table import RESPONSES
from control_layer.wire import Request, Responder

if TYPE_CHECKING:
    from control_layer.gateway.data_plane import DataPlane

__all__ = ["Remembering"]

_PREVIOUS = "previous_response_id"
_previous = msgspec.json.Decoder(str | None).decode
_decode_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


class Remembering(ClientFallbacks):
    """A request between the door and its admission, and its answer at its end."""

    __slots__ = ("_question", "body", "envelope", "previous", "storing")

    def __init__(self, plane: DataPlane, request: Request, responder: Responder, head: Head) -> None:
        super().__init__(plane, request, responder, head)
        self.body: bytes | bytearray = b""
        """The request's body, where it is read whole."""
        self.envelope: Envelope | None = None
        """What was read of a JSON body."""
        self.previous: str | None = None
        """The stored response that it goes on from, whose conversation is in the body."""
        self.storing: Storing | None = None
        """The answer, where it is to be stored."""
        self._question: Question | None = None

    @abstractmethod
    def read_body(self) -> str:
        """Reads the body's envelope anew: the model that it names. Raises GatewayError."""

    @abstractmethod
    def go_in(self) -> None:
        """Its model and all of it are known: asks to be let in. Raises GatewayError."""

    @property
    def translated(self) -> bool:
        """Whether its model has a deployment whose provider does not keep responses."""
        if self.path.api_path != RESPONSES or not self.route.model.responses_adapter:
            return False
        return any(self._foreign())

    @property
    def to_be_stored(self) -> bool:
        """Whether its answer is to be stored, if it is translated."""
        if not self.plane.config.stores_responses or self.user.id == SYSTEM_USER or self.envelope is None:
            return False
        kept = self.user.log_bodies and self.key.log_bodies and len(self.body) <= MOST_ASKED_BYTES
        return kept and bytes(self.envelope.fields.get("store", b"")) != b"false"

    def recall_first(self) -> bool:
        """Whether it has to be heard first what was said before: then `go_in` is called by itself. Raises GatewayError
        where nobody can know that.
        """
        raw = None if self.envelope is None else self.envelope.fields.get(_PREVIOUS)
        if raw is None or not self.translated:
            return False
        try:
            previous = _previous(raw)
        except msgspec.MsgspecError as error:
            raise errors.wrong_type(_PREVIOUS, str(error)) from None
        if previous is None:
            return False
        response_id = id_of(previous)
        if response_id is None:
            if all(self._foreign()):
                raise errors.previous_response_not_found(previous)
            return False  # a provider's own, perhaps
        self.previous = previous
        self.state = State.RECALLING
        self._question = self.plane.stored_responses.recall(response_id, self.user.id, self._recalled)
        return True

    def withdraw(self) -> None:
        if self._question is not None:
            self.plane.stored_responses.give_up(self._question)
            self._question = None
        super().withdraw()

    def identify(self) -> Identity:
        """What its response will be called, once it is known that it is translated. It is stored from here on."""
        stored = self.to_be_stored
        if stored and self.envelope is not None:
            asked = self.envelope.fields.get("input", msgspec.Raw(b"[]"))
            self.storing = Storing(
                self.event_id, asked, user_id=self.user.id, key_id=self.key.id, streams=self.envelope.streaming
            )
        return Identity(text_of(self.event_id), int(self.plane.wall()), stored, self.previous)

    def store(self, outcome: Outcome) -> None:
        """The answer has ended, and the last of it has not left."""
        storing, self.storing = self.storing, None
        if storing is None or outcome != "completed":
            return
        response = storing.finished(self.route.model.alias, self.plane.wall())
        if response is not None:
            self.plane.stored_responses.keep(response)

    def endpoints(self) -> Iterator[Endpoint]:
        """Those of its model's deployments, also of the ones that only follow certain failures."""
        endpoints, model = self.plane.snapshots.current.endpoints, self.route.model
        found = (endpoints.get(each.endpoint_id) for each in (*model.deployments, *model.overflow, *model.refusal))
        return (each for each in found if each is not None)

    def _foreign(self) -> list[bool]:
        """Of each deployment, whether its provider does not speak this API itself."""
        return ["responses" not in native_apis(each.dialect, each.options) for each in self.endpoints()]

    def _recalled(self, recalled: Recalled) -> None:
        self._question = None
        try:
            if recalled.found == "unavailable":
                raise errors.stored_responses_unavailable()
            if recalled.found == "unknown":
                raise errors.previous_response_not_found(self.previous or "")
            self._go_on_from(recalled.items)
            self.go_in()
        except GatewayError as error:
            self.refuse(error)

    def _go_on_from(self, items: bytes) -> None:
        """Writes the body anew, with what was said before. Raises GatewayError."""
        envelope = self.envelope
        assert envelope is not None
        fields = {name: value for name, value in envelope.fields.items() if name != _PREVIOUS}
        if "input" not in fields:
            raise errors.missing_parameter("input")
        try:
            asked = _decode_items(items_of(fields["input"]))
        except msgspec.ValidationError as error:
            raise errors.wrong_type("input", str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise errors.not_json(str(error)) from None
        fields["input"] = msgspec.Raw(_encode([*_decode_items(items), *asked]))
        self.body = _encode(fields)
        self.read_body()
