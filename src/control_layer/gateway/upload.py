"""Requests whose body streams through: multipart forms with a `model` field, and bodies of any kind whose model is
named by `x-model` or `?model=`.
"""

from __future__ import annotations

from control_layer.gateway import errors
from control_layer.gateway.attempt import Attempt
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.exchange import Exchange
from control_layer.gateway.multipart import ModelField
from control_layer.gateway.realtime import model_in_query, with_model
from control_layer.wire import Call, Request

__all__ = ["UploadExchange", "streams_through"]

_LOOKAHEAD_BYTES = 8 * 1024 * 1024
"""How much of a form may come before its `model` field. Ours: 8 MB times the uploads under way is what it can cost."""


def streams_through(request: Request) -> bool:
    """Whether an unknown path's body need not be read to find its model."""
    return _named_model(request) is not None or _is_form(request)


class UploadExchange(Exchange):
    """One request whose body is never held whole. Once its bytes have left it cannot be sent again."""

    __slots__ = ("_call", "_complete", "_field", "_in_query", "_waiting", "_waiting_bytes")

    def begin(self) -> None:
        self._call: Call | None = None
        self._complete = False
        self._field: ModelField | None = None
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._in_query = False
        super().begin()
        if self._refused:
            return
        try:
            named = _named_model(self.request)
            if named is not None:
                self._in_query = model_in_query(self.request.query) is not None
                self._let_in(named)
            elif _is_form(self.request):
                self._field = ModelField(self.request.header(b"content-type") or b"")
            else:
                raise errors.not_multipart()
        except GatewayError as error:
            self.refuse(error)

    def on_body(self, data: bytes) -> None:
        if self._refused:
            return
        self.received += len(data)
        limit = self.plane.config.max_body_bytes
        try:
            if self.received > limit:
                raise errors.body_too_large(limit)
            self._take(data)
        except GatewayError as error:
            if self._attempt is not None:
                self._attempt.cancel()
            self._refused = True
            self.refuse(error)

    def _take(self, data: bytes) -> None:
        field = self._field
        if field is not None and not self._opened:
            self._hold(data)
            model = field.feed(data)
            if model is not None:
                self._let_in(model)
            elif self._waiting_bytes > _LOOKAHEAD_BYTES:
                raise errors.model_field_too_late()
        elif self._call is None:
            self._hold(data)
        else:
            self._call.write(self._rewritten(data))

    def _hold(self, data: bytes) -> None:
        self._waiting.append(data)
        self._waiting_bytes += len(data)

    def on_end(self) -> None:
        if self._refused:
            return
        self._complete = True
        if self._call is not None:
            self._end_call(self._call)
        elif not self._opened:
            self.refuse(errors.missing_model())

    def _let_in(self, alias: str) -> None:
        self.authorise(alias)
        self.admit(stream=False)

    # -- forward -----------------------------------------------------------------------------------------------------

    def send(self, attempt: Attempt) -> None:
        length = self.request.content_length
        field = self._field
        if not self.request.has_body:
            self._call = attempt.send(b"", 0)
            return
        if field is not None:
            field.rename(attempt.deployment.upstream_model)
            if length is not None:
                length += field.length_delta
        call = self._call = attempt.send(None, length)
        waiting, self._waiting = self._waiting, []
        self._waiting_bytes = 0
        for data in waiting:
            call.write(self._rewritten(data))
        if self._complete:
            self._end_call(call)

    def _end_call(self, call: Call) -> None:
        if self._field is not None:
            call.write(self._field.rest())
        call.end()

    def _rewritten(self, data: bytes) -> bytes:
        return data if self._field is None else self._field.rewrite(data)

    @property
    def upstream_query(self) -> bytes:
        attempt = self._attempt
        if self._in_query and attempt is not None:
            return with_model(self.request.query, attempt.deployment.upstream_model)
        return self.request.query

    @property
    def hides_usage(self) -> bool:
        return False

    def can_resend(self) -> bool:
        return not self.request.has_body


def _named_model(request: Request) -> str | None:
    named = request.header(b"x-model") or request.header(b"model-override")
    if named is not None:
        return named.decode("utf-8", "replace")
    return model_in_query(request.query)


def _is_form(request: Request) -> bool:
    return (request.header(b"content-type") or b"").lower().startswith(b"multipart/form-data")
