"""Work for somebody who may leave before it is done: then it ends at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

__all__ = ["Departure"]

T = TypeVar("T")


class Departure:
    """Sees the client of a request leave, while its body is read and afterwards."""

    def __init__(self, request: Request, *, has_body: bool) -> None:
        self._request = request
        self._read = asyncio.Event()
        self.body: AsyncIterator[bytes] | None = None
        """The body as it comes, where there is one. Raises `ClientDisconnect`."""
        if has_body:
            self.body = self._pieces()
        else:
            self._read.set()

    async def _pieces(self) -> AsyncIterator[bytes]:
        async for piece in self._request.stream():
            if piece:
                yield piece
        self._read.set()

    async def before(self, work: Coroutine[Any, Any, T]) -> T:
        """What comes of `work`. Raises `ClientDisconnect`, with `work` cancelled, and what it raises itself."""
        working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(self._left())
        try:
            await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            raise ClientDisconnect
        finally:
            working.cancel()
            leaving.cancel()
            await asyncio.gather(working, leaving, return_exceptions=True)

    async def _left(self) -> None:
        await self._read.wait()
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
