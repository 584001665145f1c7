"""`/ai/v1/models`: what the caller's key may call, answered from the snapshot in the caller's dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from control_layer.gateway import errors
from control_layer.gateway.errors import GatewayError, render
from control_layer.gateway.exchange import Exchange
from control_layer.gateway.model_list import anthropic_item, anthropic_list, openai_item, openai_list
from control_layer.gateway.paths import AiPath
from control_layer.wire import Request, Responder

if TYPE_CHECKING:
    from control_layer.gateway.data_plane import DataPlane

__all__ = ["ModelsPage"]

_PREFIX = b"/ai/v1/models/"
_JSON = (b"content-type", b"application/json")


class ModelsPage(Exchange):
    """A request that ends here: authenticated like any other, never admitted, so it leaves no accounting row."""

    __slots__ = ("_anthropic",)

    def __init__(self, plane: DataPlane, request: Request, responder: Responder, path: AiPath) -> None:
        super().__init__(plane, request, responder, path)
        self._anthropic = request.header(b"anthropic-version") is not None

    def begin(self) -> None:
        try:
            self.authenticate()
            if self.request.method not in (b"GET", b"HEAD"):
                raise errors.method_not_allowed("GET")
            body = self._page()
        except GatewayError as error:
            self.plane.metrics.refused[error.code] += 1
            status, headers, body = render(error, self._anthropic, self.public_id)
            self.responder.respond(status, self.answer_headers(headers), body)
        else:
            self.responder.respond(200, self.answer_headers([_JSON]), body)
        self._refused = True

    def _page(self) -> bytes:
        snapshot = self.plane.snapshots.current
        path = self.request.path
        if not path.startswith(_PREFIX):
            models = list(snapshot.callable_by(self.key, self.user))
            return anthropic_list(models) if self._anthropic else openai_list(models)
        alias = unquote_to_bytes(path[len(_PREFIX) :]).decode("utf-8", "replace")
        self.authorise(alias)
        model = self.route.model
        return anthropic_item(model) if self._anthropic else openai_item(model)
