"""`/ai/v1/models`: what the caller's key may call, answered from the snapshot in the caller's dialect."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from control_layer.contract.snapshot import Model
from control_layer.gateway import errors
from control_layer.gateway.entrance import Entrance
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.model_list import anthropic_item, anthropic_list, openai_item, openai_list
from control_layer.gateway.query import value_in_query
from control_layer.gateway.status import ANSWERED
from control_layer.wire import Handler

if TYPE_CHECKING:
    from control_layer.gateway.data_plane import DataPlane
    from control_layer.gateway.head import Head
    from control_layer.wire import Request, Responder

__all__ = ["answer_models"]

_PREFIX = "/v1/models/"
_JSON = (b"content-type", b"application/json")


def answer_models(plane: DataPlane, request: Request, responder: Responder, head: Head) -> Handler:
    """Answers at the head: authenticated like any other request, never admitted, so it leaves no accounting row."""
    page = _ModelsPage(plane, request, responder, head)
    try:
        body = page.body()
    except GatewayError as error:
        page.turn_away(error)
    else:
        responder.respond(200, page.answer_headers([_JSON]), body)
    return ANSWERED


class _ModelsPage(Entrance):
    __slots__ = ()

    @property
    def anthropic(self) -> bool:
        return self.path.anthropic or self.request.header(b"anthropic-version") is not None

    def body(self) -> bytes:
        """Raises GatewayError."""
        self.authenticate()
        if self.request.method not in (b"GET", b"HEAD"):
            raise errors.method_not_allowed("GET")
        alias = unquote_to_bytes(self.path.api_path[len(_PREFIX) :].encode("latin-1")).decode("utf-8", "replace")
        detail = self._flag("detail") or False
        efforts = self._flag("include_reasoning_capabilities") or False
        if not alias:
            models = list(self._asked_for())
            return anthropic_list(models) if self.anthropic else openai_list(models, detail=detail, efforts=efforts)
        self.authorise(alias)
        model = self.route.model
        return anthropic_item(model) if self.anthropic else openai_item(model, detail=detail, efforts=efforts)

    def _asked_for(self) -> Iterator[Model]:
        """What the key may call, and the query asks for."""
        realtime, groups = self._flag("available_for_realtime"), self._groups()
        for model in self.plane.snapshots.current.callable_by(self.key, self.user):
            if realtime is not None and realtime == _denied_for_realtime(model):
                continue
            if groups is None or not groups.isdisjoint(model.groups):
                yield model

    def _flag(self, name: str) -> bool | None:
        value = value_in_query(self.request.query, name.encode())
        if value not in (None, "true", "false"):
            raise errors.invalid_flag(name)
        return None if value is None else value == "true"

    def _groups(self) -> frozenset[str] | None:
        """Those of the user's that the query names; a group of others grants the key nothing."""
        named = value_in_query(self.request.query, b"group")
        if named is None:
            return None
        try:
            asked = {str(uuid.UUID(each.strip())) for each in named.split(",")}
        except ValueError:
            raise errors.invalid_group() from None
        return frozenset(asked.intersection(self.user.groups))


def _denied_for_realtime(model: Model) -> bool:
    return any(special.purpose == "realtime" and special.target is None for special in model.purposes)
