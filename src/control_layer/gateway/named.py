"""Requests on paths we do not know, whose model is named by `x-model` or `?model=`: any method, any body or none."""

from __future__ import annotations

import re

from control_layer.gateway import errors
from control_layer.gateway.envelope import read_envelope
from control_layer.gateway.exchange import Exchange
from control_layer.gateway.query import model_in_query
from control_layer.wire import Request

__all__ = ["NamedExchange", "named_model"]

_OBJECT = re.compile(rb"[\s\x00\xef\xbb\xbf\xfe\xff]*\{")
"""The beginning of a JSON object in any Unicode encoding. A provider may read one whatever its content type says."""
_URLENCODED = b"application/x-www-form-urlencoded"


class NamedExchange(Exchange):
    """The name that was authorised is the one the provider sees, wherever else the request names a model."""

    __slots__ = ()

    def check_method(self) -> None:
        if (self.request.header(b"content-type") or b"").lower().startswith(_URLENCODED):
            raise errors.unsupported_media_type()

    def read_body(self) -> str:
        named = named_model(self.request) or ""
        if _OBJECT.match(self.body):
            self.envelope = read_envelope(self.body, named)
        return named


def named_model(request: Request) -> str | None:
    """The model that a request names outside its body: `x-model` (or `model-override`) before `?model=`."""
    named = request.header(b"x-model") or request.header(b"model-override")
    if named is not None:
        return named.decode("utf-8", "replace")
    return model_in_query(request.query)
