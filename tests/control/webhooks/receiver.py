"""Programs that receive webhooks, on ports of loopback."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from standardwebhooks.webhooks import Webhook

__all__ = ["Message", "Receiver", "receiver"]


@dataclass(frozen=True, slots=True)
class Message:
    """One request, as it came."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content

    def is_signed_with(self, secret: str) -> bool:
        """Whether Standard Webhooks' own library would sign it so at that time."""
        moment = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
        signature: str = Webhook(secret).sign(self.headers["webhook-id"], moment, self.body.decode())
        return signature == self.headers["webhook-signature"]


@dataclass(slots=True)
class Receiver:
    """Answers with `status`, and keeps what came."""

    port: int = 0
    scheme: str = "http"
    status: int | None = 200
    """`None`: never answers."""
    headers: tuple[str, ...] = ()
    messages: list[Message] = field(default_factory=list)
    came: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hook?token=1"

    def types(self) -> list[str]:
        return [message.content["type"] for message in self.messages]

    async def received(self, times: int) -> None:
        """Waits until so many messages have come."""
        async with asyncio.timeout(20), self.came:
            await self.came.wait_for(lambda: len(self.messages) >= times)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
            fields = dict(line.split(": ", 1) for line in head[1:] if line)
            headers = {name.lower(): value for name, value in fields.items()}
            body = await reader.readexactly(int(headers["content-length"]))
            async with self.came:
                self.messages.append(Message(head[0], headers, body))
                self.came.notify_all()
            if self.status is None:
                await reader.read()
            else:
                answer = [f"HTTP/1.1 {self.status} -", "content-length: 2", "connection: close", *self.headers]
                writer.write("\r\n".join(answer).encode() + b"\r\n\r\nok")
                await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiver(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """One that serves while the block runs."""
    program = Receiver(scheme="https" if tls else "http")
    server = await asyncio.start_server(program.serve, "127.0.0.1", 0, ssl=tls)
    program.port = server.sockets[0].getsockname()[1]
    try:
        yield program
    finally:
        server.close()
        await server.wait_closed()
