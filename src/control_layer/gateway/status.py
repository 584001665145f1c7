"""`/health` and `/ready`: what a load balancer asks this worker, answered without anybody's help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from control_layer.wire import Handler, Request, Responder

if TYPE_CHECKING:
    from control_layer.gateway.data_plane import DataPlane

__all__ = ["ANSWERED", "Answered", "answer_status"]

_PLAIN = ((b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store"))


class Answered:
    """The handler of a request that has been answered at its head: whatever still comes does not matter."""

    __slots__ = ()

    def on_body(self, data: bytes) -> None: ...

    def on_end(self) -> None: ...

    def on_disconnect(self) -> None: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...


ANSWERED: Handler = Answered()
"""It keeps nothing, so one does for all."""


def answer_status(plane: DataPlane, request: Request, responder: Responder) -> Handler | None:
    """Answers `/health` (this process serves) and `/ready` (it knows whom to serve); `None` for other paths."""
    if request.path == b"/health":
        responder.respond(200, _PLAIN, b"OK")
    elif request.path == b"/ready":
        if plane.draining:
            responder.respond(503, _PLAIN, b"draining")
        elif not plane.snapshots.ready:
            responder.respond(503, _PLAIN, b"no snapshot yet: the control plane has not been reached")
        elif plane.journal.failing:
            responder.respond(503, _PLAIN, b"the journal cannot be written: free disk space")
        else:
            responder.respond(200, _PLAIN, b"OK")
    else:
        return None
    return ANSWERED
