"""Requests that are forms: found by their `model` field (or `x-model`, `?model=`), their files stream through.

A form is held where a deployment of its model has to be told in other words what it says: from its end on it is a
request in JSON like any other, and to deployments that take forms still the form that came.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from control_layer.contract.pricing import Tariff, worst_cost_of
from control_layer.gateway import errors
from control_layer.gateway.attempt import Attempt
from control_layer.gateway.envelope import read_envelope
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.exchange import Exchange, State
from control_layer.gateway.held_forms import MOST_HELD_BYTES, form_as_json
from control_layer.gateway.multipart import ModelField
from control_layer.gateway.named import named_model
from control_layer.gateway.policy.worst_case import bounded_input, bounded_output, bounded_upload
from control_layer.gateway.translation_table import IMAGE_EDITS, translators_of
from control_layer.wire import Call, Request

__all__ = ["UploadExchange", "is_form"]

_LOOKAHEAD_BYTES = 8 * 1024 * 1024
"""How much of a form may come before its `model` field. Ours: 8 MB times the uploads under way is what it can cost."""
_PIECE_BYTES = 64 * 1024


class UploadExchange(Exchange):
    """One request whose body is a form. Once its bytes have left it cannot be sent again, unless it is held."""

    __slots__ = ("_call", "_complete", "_field", "_held_for", "_named", "_waiting", "_waiting_bytes")

    def begin(self) -> None:
        self._call: Call | None = None
        self._complete = False
        self._held_for: str | None = None
        """The alias that it names, where it is held: in `body`."""
        self._named: str | None = None
        self._field: ModelField
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        super().begin()
        self._begin_named()

    def _begin_named(self) -> None:
        """Where the model is named outside the form, its bytes need not be waited for."""
        if self._named is not None and self.state is State.READING:
            try:
                self._let_in(self._named)
            except GatewayError as error:
                self.refuse(error)

    def check_method(self) -> None:
        if self.request.method not in (b"POST", b"PUT", b"PATCH"):
            raise errors.method_not_allowed("POST")
        if not is_form(self.request):
            raise errors.not_multipart()
        self._field = ModelField(self.request.header(b"content-type") or b"")
        self._named = named_model(self.request)

    def on_body(self, data: bytes) -> None:
        if self.state is State.REFUSED or self.state is State.CLOSED:
            return
        self.received += len(data)
        limit = self.plane.config.max_body_bytes
        try:
            if self.received > limit:
                raise errors.body_too_large(limit)
            self._take(data)
        except GatewayError as error:
            self._give_up(error)

    def _take(self, data: bytes) -> None:
        if self._call is not None:
            self._pass_on(self._call, data)
            return
        if self._held_for is not None:
            self._keep(data)
            return
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self.state is State.READING:
            model = self._field.feed(data)
            if model is not None:
                self._let_in(model)
            elif self._waiting_bytes > _LOOKAHEAD_BYTES:
                raise errors.model_field_too_late()

    def _give_up(self, error: GatewayError) -> None:
        """The rest of the request does not matter any more."""
        self._waiting = []
        self.withdraw()
        if self.attempt is not None:
            self.attempt.cancel()
            self.settle(self.attempt, error.code, learnt=False)
        self.refuse(error)

    def on_end(self) -> None:
        if self.state is State.READING and self._held_for is None:
            self.refuse(errors.missing_model())
            return
        self._complete = True
        if self.state is State.READING and self._held_for is not None:
            self._let_in_held(self._held_for)
            return
        if self._call is not None and self.state is State.ADMITTED:
            self._end_call(self._call)

    def worst_case(self, tariff: Tariff) -> Decimal:
        fields = {} if self.envelope is None else self.envelope.fields
        texts = sum(len(value) for name, value in fields.items() if name != "images")
        asked = bounded_input(fields.get("images", b""), self.likely_tokens() + texts)
        return worst_cost_of(tariff.prices, asked, bounded_output(fields))

    def likely_tokens(self) -> int:
        return bounded_upload(self.request.content_length if self._held_for is None else self.received)

    def _let_in(self, alias: str) -> None:
        self.authorise(alias)
        if self.path.api_path == IMAGE_EDITS and any(IMAGE_EDITS in translators_of(each) for each in self.endpoints()):
            self._hold(alias)
        else:
            self.admit(stream=False)

    # -- hold --------------------------------------------------------------------------------------------------------

    def _hold(self, alias: str) -> None:
        """All of it has to come before it is let in. Raises GatewayError where that is too much."""
        self._held_for = alias
        self.body = bytearray().join(self._waiting)
        self._waiting = []
        if max(self.received, self.request.content_length or 0) > MOST_HELD_BYTES:
            raise errors.form_too_large(MOST_HELD_BYTES)

    def _keep(self, data: bytes) -> None:
        if self.received > MOST_HELD_BYTES:
            raise errors.form_too_large(MOST_HELD_BYTES)
        self._field.feed(data)  # to its end, so that all that it refuses is refused
        self.body += data

    def _let_in_held(self, alias: str) -> None:
        """It has come: from here on it is its JSON that is looked at."""
        try:
            self.envelope = read_envelope(form_as_json(self._field.boundary, self.body, alias))
            self.ask_for(alias)
        except GatewayError as error:
            self.refuse(error)

    # -- forward -----------------------------------------------------------------------------------------------------

    def send(self, attempt: Attempt) -> None:
        if self._held_for is not None:
            if self.path.api_path in attempt.upstream.translators:
                super().send(attempt)
                return
            if self.plan is not None and self.plan.request:
                # They have looked at its JSON, and may have changed that; the provider would get the form.
                raise errors.guardrail_cannot_look(self.plan.first.name, "request")
            self._waiting = [*_pieces(self.body)]
        self._field.rename(attempt.deployment.upstream_model)
        length = self.request.content_length
        if length is not None:
            # Named outside the form, its own field may still come: by how much the form grows is not known.
            delta = self._field.length_delta
            length = length + delta if self._named is None and delta is not None else None
        call = self._call = attempt.send(None, length)
        waiting, self._waiting = self._waiting, []
        try:
            for data in waiting:
                self._pass_on(call, data)
            if self._complete:
                self._end_call(call)
        except GatewayError as error:
            self._give_up(error)

    def _pass_on(self, call: Call, data: bytes) -> None:
        if self.request_sample is not None and self._held_for is None:
            self.request_sample.keep(data)
        call.write(self._field.rewrite(data))

    def _end_call(self, call: Call) -> None:
        call.write(self._field.rest())
        call.end()

    def can_resend(self) -> bool:
        return self._held_for is not None

    def pause_body(self) -> None:
        if self._held_for is None:
            self.responder.pause_body()

    def resume_body(self) -> None:
        if self._held_for is None:
            self.responder.resume_body()


def is_form(request: Request) -> bool:
    """Whether the request's body is multipart/form-data (RFC 7578)."""
    return (request.header(b"content-type") or b"").lower().startswith(b"multipart/form-data")


def _pieces(form: bytes | bytearray) -> Iterator[bytes]:
    """Small ones: whoever walks through a form copies what is left of a piece at each part."""
    return (bytes(form[at : at + _PIECE_BYTES]) for at in range(0, len(form), _PIECE_BYTES))
