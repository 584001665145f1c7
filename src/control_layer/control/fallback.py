"""What answers where no route does: the dashboard for people who look (GET), 405 for everything else (§1.1), and 501
for what the contract has and this release has not.

Under `/ai` and `/scim` programs look, not people: they get a 404 in the shape that their clients read.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from control_layer.control.dashboard.pages import Dashboard
from control_layer.control.errors import ControlError, method_not_allowed, render
from control_layer.control.instance.not_yet import not_yet
from control_layer.control.scim.errors import is_scim, no_such
from control_layer.control.scim.errors import render as render_for_scim

__all__ = ["Fallback"]

_AI_PREFIX = "/ai/"
_NOT_HERE = {
    "error": {
        "message": "Nothing is here. The API begins at /ai/v1; GET /ai/v1/models lists the models.",
        "type": "invalid_request_error",
        "param": None,
        "code": "unknown_url",
    }
}


class Fallback:
    """The ASGI application behind the routes; it also says why a known path refuses a method."""

    def __init__(self, dashboard: Dashboard, routes: Iterable[APIRoute]) -> None:
        self._dashboard = dashboard
        self._routes = list(routes)

    def learn(self, routes: Iterable[APIRoute]) -> None:
        """Takes in routes that came later."""
        self._routes += routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(Request(scope, receive))(scope, receive, send)

    def refusal(self, method: str, path: str) -> ControlError:
        """501, or 405 with the methods that `path` takes: those of the page where no route has that path."""
        methods = {method for route in self._routes if route.path_regex.match(path) for method in route.methods or ()}
        return not_yet(method, path) or method_not_allowed(", ".join(sorted(methods or {"GET", "HEAD"})))

    def _answer(self, request: Request) -> Response:
        if is_scim(request.url.path):
            return render_for_scim(no_such("Endpoint", request.url.path))
        if request.url.path.startswith(_AI_PREFIX):
            return JSONResponse(_NOT_HERE, 404)
        accept = request.headers.get("accept", "")
        if (missing := not_yet(request.method, request.url.path)) is not None:
            return render(missing, accept)
        if request.method in {"GET", "HEAD"}:
            return self._dashboard.answer(request)
        return render(self.refusal(request.method, request.url.path), accept)
