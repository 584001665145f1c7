"""Where SCIM's requests come in. What answers them is loaded for the first: most instances have no directory."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from control_layer.control.fallback import Fallback
from control_layer.control.scim.errors import is_scim

__all__ = ["ScimEntry"]


class ScimEntry(BaseRoute):
    """Everything under SCIM's prefix."""

    def __init__(self, fallback: Fallback) -> None:
        self._fallback = fallback
        self._router: APIRouter | None = None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """By the path alone: what is wrong with a method is said in SCIM's shape."""
        ours = scope["type"] == "http" and is_scim(scope["path"])
        return (Match.FULL if ours else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Loads the routes where they are not, without holding up other requests, and hands over."""
        router = self._router
        if router is None:
            routes = await asyncio.to_thread(_load)
            if (router := self._router) is None:
                router = self._router = APIRouter(redirect_slashes=False, default=self._fallback)
                router.routes.extend(routes)
                self._fallback.learn(routes)
        await router(scope, receive, send)


def _load() -> list[APIRoute]:
    from control_layer.control.scim.routes import routes

    return routes
