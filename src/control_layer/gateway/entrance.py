"""Whose request is it, and may it call that model? What every request under `/ai` that we answer begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from control_layer.contract.snapshot import Key, User
from control_layer.gateway import errors
from control_layer.gateway.credentials import masked
from control_layer.gateway.errors import GatewayError, render
from control_layer.gateway.head import Head
from control_layer.gateway.identifiers import text
from control_layer.gateway.snapshot import Route
from control_layer.wire import Header, Request, Responder

if TYPE_CHECKING:
    from control_layer.gateway.data_plane import DataPlane

__all__ = ["Entrance"]


class Entrance:
    """A request at the door: `authenticate` at its head, `authorise` when its model is known, or an error answer."""

    __slots__ = (
        "_event_text", "_version", "called", "event_id", "head", "key", "path", "plane", "request", "responder",
        "route", "user",
    )  # fmt: skip

    def __init__(self, plane: DataPlane, request: Request, responder: Responder, head: Head) -> None:
        self.plane = plane
        self.request = request
        self.responder = responder
        self.head = head
        self.path = head.path
        self.key: Key
        self.user: User
        self.route: Route
        self.called: str
        """The id of the model that was named, which another one may answer for."""
        self.event_id = plane.ids.next(int(plane.wall() * 1000))
        self._version = 0
        self._event_text = ""

    def authenticate(self) -> None:
        """Sets key and user. Raises GatewayError."""
        secret = self.head.secret
        if secret is None:
            raise errors.missing_key()
        if not self.plane.snapshots.ready:
            raise errors.not_ready()
        self._look_up(secret)

    def _look_up(self, secret: bytes) -> None:
        snapshot = self.plane.snapshots.current
        key = snapshot.keys.get(self.head.digest)
        user = snapshot.users.get(key.user_id) if key is not None else None
        if key is None or user is None:
            raise errors.invalid_key(masked(secret))
        if key.expires_at is not None and key.expires_at <= self.plane.wall():
            raise errors.expired_key(masked(secret))
        if key.purpose == "platform":
            raise errors.key_purpose_not_allowed()
        self.key = key
        self.user = user
        self._version = snapshot.version

    def authorise(self, alias: str) -> None:
        """Sets the route. Raises GatewayError: 404 where there is no such model, 403 where it is not granted, or closed
        to keys of this purpose. For some purposes another model may answer.

        A body may take minutes to come: what was revoked in the meantime is revoked.
        """
        snapshot = self.plane.snapshots.current
        if snapshot.version != self._version and self.head.secret is not None:
            self._look_up(self.head.secret)
        route = snapshot.routes.get(alias)
        if route is None:
            raise errors.model_not_found(alias)
        subset = self.key.models
        if not route.grants(self.user) or (subset is not None and alias not in subset):
            raise errors.model_access_denied(alias)
        self.called = route.model.id
        if route.purposes is not None and self.key.purpose in route.purposes:
            target = route.purposes[self.key.purpose]
            if target is None:
                raise errors.purpose_denied(alias, self.key.purpose)
            route = snapshot.routes.get(target)
            if route is None:
                raise errors.model_not_found(target)
        self.route = route

    @property
    def event_text(self) -> str:
        """The usage event's id in its hyphenated form."""
        if not self._event_text:
            self._event_text = text(self.event_id)
        return self._event_text

    @property
    def public_id(self) -> str:
        """The caller's own request id when it sent a sane one, else the usage event's."""
        return self.head.request_id or self.event_text

    @property
    def anthropic(self) -> bool:
        """Whether errors take Anthropic's shape."""
        return self.path.anthropic

    def answer_headers(self, headers: list[Header]) -> list[Header]:
        """`headers` with what identifies this request."""
        public_id = self.public_id.encode()
        headers.append((b"x-request-id", public_id))
        if self.anthropic:
            headers.append((b"request-id", public_id))
        return headers

    def turn_away(self, error: GatewayError) -> None:
        """Answers a request that was not let in."""
        self.plane.metrics.refused[error.code] += 1
        status, headers, body = render(error, self.anthropic, self.public_id)
        self.responder.respond(status, self.answer_headers(headers), body)
