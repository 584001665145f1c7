"""Providers that answer exactly what a test says, byte for byte."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

__all__ = ["ScriptedProvider", "answer", "listing", "scripted"]

_TLS_HANDSHAKE = b"\x16"


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A whole response."""
    head = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def listing(*names: str) -> bytes:
    """An OpenAI-style list of models."""
    return answer(json.dumps({"object": "list", "data": [{"id": name, "object": "model"} for name in names]}).encode())


Reply = bytes | Callable[[str], bytes] | None


@dataclass(slots=True)
class ScriptedProvider:
    """Answers every request with `reply`, and keeps the heads it was sent."""

    port: int = 0
    scheme: str = "http"
    reply: Reply = None
    """`None`: never answers. Empty: closes at once."""
    heads: list[str] = field(default_factory=list)
    _asked: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/v1"

    async def asked(self, times: int) -> None:
        """Waits until that many requests have come."""
        async with asyncio.timeout(20), self._asked:
            await self._asked.wait_for(lambda: len(self.heads) >= times)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            start = await reader.readexactly(1)
            if start == _TLS_HANDSHAKE:
                writer.write(answer(b"", "400 Bad Request"))
                return
            head = (start + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            async with self._asked:
                self.heads.append(head)
                self._asked.notify_all()
            if self.reply is None:
                await reader.read()
            else:
                writer.write(self.reply(head) if callable(self.reply) else self.reply)
                await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def scripted(reply: Reply, tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedProvider]:
    """A provider on loopback."""
    provider = ScriptedProvider(scheme="https" if tls else "http", reply=reply)
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0, ssl=tls)
    provider.port = server.sockets[0].getsockname()[1]
    try:
        yield provider
    finally:
        server.close()
