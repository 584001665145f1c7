"""The request that is measured with: what an SDK sends for a chat completion."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

__all__ = ["HEADERS", "PATH", "chat_body", "rendered"]

PATH = "/ai/v1/chat/completions"
HEADERS = {
    "accept": "application/json",
    "accept-encoding": "gzip, deflate",
    "content-type": "application/json",
    "user-agent": "OpenAI/Python 2.7.0",
    "x-stainless-lang": "python",
    "x-stainless-package-version": "2.7.0",
    "x-stainless-os": "Linux",
    "x-stainless-arch": "x64",
    "x-stainless-runtime": "CPython",
    "x-stainless-runtime-version": "3.13.0",
    "x-stainless-async": "false",
    "x-stainless-retry-count": "0",
    "x-stainless-read-timeout": "600",
}
"""As the OpenAI SDK sends them."""


def chat_body(size: int, *, stream: bool = False) -> bytes:
    """A body of exactly `size` bytes."""

    def body(filler: str) -> bytes:
        messages = [
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": "Hello! " + filler},
        ]
        fields = {"messages": messages, "model": "sim-small", "max_tokens": 256, "temperature": 0.7}
        return msgspec.json.encode(fields | ({"stream": True} if stream else {}))

    return body("x" * (size - len(body(""))))


def rendered(port: int, secret: str, body: bytes, extra: Mapping[str, str] | None = None) -> bytes:
    """The request's bytes."""
    headers = {**HEADERS, "authorization": f"Bearer {secret}", **(extra or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{lines}content-length: {len(body)}\r\n\r\n"
    return head.encode() + body
