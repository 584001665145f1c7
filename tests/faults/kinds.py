"""Kinds of requests, and what each of them must come to at its client."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from tests.faults.connection import Broken, Connection
from tests.faults.target import LEAVE_STREAM, LEAVE_WAITING, Target, chat, events, form

__all__ = ["GOOD", "MIXED", "MIXED_OURS", "Kind", "blocking", "stream"]

Send = Callable[[Target, Connection, str, random.Random], tuple[int | None, str | None]]
"""Makes one request; returns its status and what was wrong with its answer. Raises `Broken` and OSError."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request."""

    name: str
    send: Send
    outcome: Literal["completed", "failed", "cancelled"] | None
    """How its row ends; `None` where it is not let in."""


# -- those that succeed ----------------------------------------------------------------------------------------------


def blocking(model: str, path: str = "/chat/completions", **more: object) -> Send:
    """A request that is answered with a JSON object."""

    def send(
        target: Target, connection: Connection, request_id: str, chance: random.Random
    ) -> tuple[int | None, str | None]:
        body = {**chat(model, f"Say something about {chance.random()}."), **more}
        connection.send(path, json.dumps(body).encode(), target.headers(request_id))
        answer = connection.answer()
        if answer.status != 200:
            return answer.status, f"{answer.status} {answer.body[:300]!r}"
        return answer.status, None if answer.json() else "an empty answer"

    return send


def stream(model: str, path: str = "/chat/completions", end: str = "[DONE]", **more: object) -> Send:
    """A request that is answered with events, `end` in the last of them."""

    def send(
        target: Target, connection: Connection, request_id: str, chance: random.Random
    ) -> tuple[int | None, str | None]:
        body = {**chat(model, f"Say something about {chance.random()}.", stream=True), **more}
        connection.send(path, json.dumps(body).encode(), target.headers(request_id))
        answer = connection.answer()
        if answer.status != 200:
            return answer.status, f"{answer.status} {answer.body[:300]!r}"
        found = events(answer.body)
        return 200, None if found and end in found[-1] else f"the stream ends with {found[-1:]}"

    return send


def _large(
    target: Target, connection: Connection, request_id: str, chance: random.Random
) -> tuple[int | None, str | None]:
    text = f"{chance.random()} " + "all work and no play " * 12_000
    connection.send("/chat/completions", json.dumps(chat("sim-small", text)).encode(), target.headers(request_id))
    answer = connection.answer()
    return answer.status, None if answer.status == 200 else f"{answer.status} {answer.body[:300]!r}"


def _upload(
    target: Target, connection: Connection, request_id: str, chance: random.Random
) -> tuple[int | None, str | None]:
    body, content_type = form("sim-transcribe", chance.randrange(300_000))
    headers = {**target.headers(request_id), "content-type": content_type}
    connection.send("/audio/transcriptions", body, headers)
    answer = connection.answer()
    return answer.status, None if answer.status == 200 else f"{answer.status} {answer.body[:300]!r}"


# -- those that do not -----------------------------------------------------------------------------------------------


def _refused_by_provider(model: str, *, streaming: bool) -> Send:
    def send(
        target: Target, connection: Connection, request_id: str, chance: random.Random
    ) -> tuple[int | None, str | None]:
        body = json.dumps(chat(model, stream=streaming)).encode()
        connection.send("/chat/completions", body, target.headers(request_id))
        answer = connection.answer()
        wrong = answer.status < 400 or "error" not in answer.json()
        return answer.status, f"{answer.status} {answer.body[:300]!r}" if wrong else None

    return send


def _broken_stream(model: str) -> Send:
    def send(
        target: Target, connection: Connection, request_id: str, chance: random.Random
    ) -> tuple[int | None, str | None]:
        body = json.dumps(chat(model, stream=True)).encode()
        connection.send("/chat/completions", body, target.headers(request_id))
        status = connection.status()
        received = b""
        with suppress(Broken):
            for piece in connection.pieces():
                received += piece
        connection.reusable = False
        found = events(received)
        whole = not found or "[DONE]" in found or '"error"' not in found[-1]
        return status, f"a broken stream that ends with {found[-1:]}" if whole else None

    return send


def _broken_message(
    target: Target, connection: Connection, request_id: str, chance: random.Random
) -> tuple[int | None, str | None]:
    connection.send("/chat/completions", json.dumps(chat("sim-reset-middle")).encode(), target.headers(request_id))
    status = None
    with suppress(Broken):
        status = connection.status()
        answered = b"".join(connection.pieces())
        connection.reusable = False
        return status, None if status >= 500 else f"half an answer looks whole: {answered[-100:]!r}"
    connection.reusable = False
    return status, None


def _leave_waiting(
    target: Target, connection: Connection, request_id: str, chance: random.Random
) -> tuple[int | None, str | None]:
    connection.send("/chat/completions", json.dumps(chat(LEAVE_WAITING)).encode(), target.headers(request_id))
    connection.leave()
    return None, None


def _leave_stream(
    target: Target, connection: Connection, request_id: str, chance: random.Random
) -> tuple[int | None, str | None]:
    body = json.dumps(chat(LEAVE_STREAM, stream=True)).encode()
    connection.send("/chat/completions", body, target.headers(request_id))
    status = connection.status()
    next(connection.pieces())
    connection.leave()
    return status, None if status == 200 else str(status)


def _leave_upload(
    target: Target, connection: Connection, request_id: str, chance: random.Random
) -> tuple[int | None, str | None]:
    body, content_type = form("sim-transcribe", 200_000)
    headers = {**target.headers(request_id), "content-type": content_type}
    connection.send("/audio/transcriptions", body[: chance.randrange(len(body))], headers, announced=len(body))
    connection.leave()
    return None, None


def _stranger(
    target: Target, connection: Connection, request_id: str, chance: random.Random
) -> tuple[int | None, str | None]:
    headers = {**target.headers(request_id), "authorization": f"Bearer sk-{chance.getrandbits(128):x}"}
    connection.send("/chat/completions", json.dumps(chat("sim-small")).encode(), headers)
    status = connection.answer().status
    return status, None if status in (401, 403) else str(status)


def _nonsense(
    target: Target, connection: Connection, request_id: str, chance: random.Random
) -> tuple[int | None, str | None]:
    connection.send("/chat/completions", chance.randbytes(chance.randrange(1, 2000)), target.headers(request_id))
    status = connection.answer().status
    return status, None if 400 <= status < 500 else str(status)


def _no_http(
    target: Target, connection: Connection, request_id: str, chance: random.Random
) -> tuple[int | None, str | None]:
    connection.send_raw(b"POST /ai/v1 HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n" + b"x" * 50)
    status = None
    with suppress(Broken):
        status = connection.answer().status
    connection.reusable = False
    return status, None if status is None or 400 <= status < 500 else str(status)


_CHAT = Kind("chat", blocking("sim-small"), "completed")
_STREAM = Kind("stream", stream("sim-tokens-200"), "completed")
_ASKED = Kind("stream with usage", stream("sim-small", stream_options={"include_usage": True}), "completed")
_EMBEDDING = Kind("embedding", blocking("sim-embed", "/embeddings", input="Something."), "completed")
_FORM = Kind("form", _upload, "completed")
_LARGE = Kind("large prompt", _large, "completed")
_MESSAGE = Kind("message", blocking("sim-small", "/messages", max_tokens=100), "completed")
_MESSAGES = Kind("message stream", stream("sim-small", "/messages", "message_stop", max_tokens=100), "completed")
_RESPONSES = Kind("response stream", stream("sim-small", "/responses", "response.completed", input="x"), "completed")

GOOD = ((_CHAT, 4), (_STREAM, 3), (_ASKED, 1), (_EMBEDDING, 1), (_FORM, 1))
"""Requests that succeed."""

MIXED = (
    (_CHAT, 40),
    (_STREAM, 8),
    (_ASKED, 8),
    (_EMBEDDING, 8),
    (_FORM, 4),
    (_LARGE, 1),
    (Kind("refused", _refused_by_provider("sim-error-400", streaming=False), "completed"), 2),
    (Kind("failed stream", _refused_by_provider("sim-error-500", streaming=True), "completed"), 2),
    (Kind("broken stream", _broken_stream("sim-reset-middle"), "failed"), 2),
    (Kind("broken message", _broken_message, "failed"), 2),
    (Kind("error in stream", _broken_stream("sim-error-in-stream"), "failed"), 2),
    (Kind("left waiting", _leave_waiting, "cancelled"), 2),
    (Kind("left stream", _leave_stream, "cancelled"), 2),
    (Kind("left form", _leave_upload, "cancelled"), 2),
    (Kind("stranger", _stranger, None), 3),
    (Kind("nonsense", _nonsense, None), 3),
    (Kind("no HTTP", _no_http, None), 1),
)
"""All of life, in the dialect that every gateway speaks."""

MIXED_OURS = (*MIXED, (_MESSAGE, 4), (_MESSAGES, 4), (_RESPONSES, 4))
"""And in the others."""
