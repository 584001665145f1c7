"""The gateway's answer, piece by piece as it comes; whoever leaves ends it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import httpx
import structlog
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from control_layer.control.playground.passing import Field

__all__ = ["StreamedAnswer"]

_log = structlog.get_logger(__name__)


class StreamedAnswer(StreamingResponse):
    """Bytes as the gateway sends them, none held back, in whatever coding they have."""

    def __init__(self, answer: httpx.Response, fields: Sequence[Field]) -> None:
        super().__init__(_pieces(answer), answer.status_code)
        self.raw_headers = [*fields]
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except httpx.HTTPError as error:
            # The server closes the connection of an answer without an end, so that it does not look whole.
            _log.warning("playground_answer_broke_off", reason=str(error) or type(error).__name__)
        finally:
            await self._answer.aclose()


async def _pieces(answer: httpx.Response) -> AsyncIterator[bytes]:
    async for piece in answer.aiter_raw():
        yield piece
