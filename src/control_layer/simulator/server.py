"""The simulated provider's server: reads a request, follows its script, keeps a ledger of what it billed."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from control_layer.simulator import endpoints
from control_layer.simulator.completions import complete
from control_layer.simulator.script import Script, script_for
from control_layer.wire import Header, Request, Responder, Server

__all__ = ["Simulator"]

_SIMULATED: Header = (b"x-simulated", b"true")
_JSON: Header = (b"content-type", b"application/json")
_EVENTS: Header = (b"content-type", b"text/event-stream")
_DONE = b"data: [DONE]\n\n"
_LEDGER_ROWS = 200_000
_HOUR = 3600.0


class Simulator:
    """Shared state of one simulated provider."""

    def __init__(self, loop: asyncio.AbstractEventLoop, api_key: str | None = None) -> None:
        self.loop = loop
        self.api_key = api_key
        self.server = Server(self._accept, loop=loop)
        self.reset()

    def reset(self) -> None:
        self.requests: Counter[str] = Counter()
        self.cancelled = 0
        self.completed = 0
        self.open = 0
        self.ledger: deque[tuple[str, str, dict[str, Any] | None]] = deque(maxlen=_LEDGER_ROWS)

    def _accept(self, request: Request, responder: Responder) -> _Exchange:
        return _Exchange(self, request, responder)

    def stats(self) -> dict[str, Any]:
        """What `GET /sim/stats` shows: counts, open and cancelled answers, and the ledger of what was billed."""
        return {
            "requests": dict(self.requests),
            "open": self.open,
            "completed": self.completed,
            "cancelled": self.cancelled,
            "ledger": [{"request_id": row[0], "model": row[1], "usage": row[2]} for row in self.ledger],
        }


class _Exchange:
    """One request. Timers stand for a model's thinking; all of them end with the client."""

    __slots__ = ("_chunks", "_ended", "_pending", "_request", "_responder", "_script", "_simulator", "_timer")

    def __init__(self, simulator: Simulator, request: Request, responder: Responder) -> None:
        self._simulator = simulator
        self._request = request
        self._responder = responder
        self._chunks: list[bytes] = []
        self._pending: deque[bytes] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._script = Script()
        self._ended = False
        simulator.open += 1
        responder.send_continue()

    # -- wire.Handler ------------------------------------------------------------------------------------------------

    def on_body(self, data: bytes) -> None:
        self._chunks.append(data)

    def on_disconnect(self) -> None:
        self._simulator.cancelled += 1
        self._close()

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...

    def on_end(self) -> None:
        body, self._chunks = b"".join(self._chunks), []
        path = self._request.path.decode("latin-1")
        if path.startswith("/sim/"):
            self._control(path)
            return
        if not self._authorised():
            self._error(401, "invalid_api_key", "Incorrect API key provided.")
            return
        if path.removeprefix("/v1") == "/models" and self._request.method == b"GET":
            self._json(endpoints.model_list())
        elif path.startswith("/v1/models/"):
            self._json(endpoints.model_item(path.removeprefix("/v1/models/")))
        else:
            self._answer(path, body)

    def _close(self) -> None:
        if not self._ended:
            self._ended = True
            self._simulator.open -= 1
        if self._timer is not None:
            self._timer.cancel()

    # -- answering ---------------------------------------------------------------------------------------------------

    def _authorised(self) -> bool:
        key = self._simulator.api_key
        if key is None:
            return True
        sent = self._request.header(b"authorization") or b"Bearer " + (self._request.header(b"x-api-key") or b"")
        return sent == b"Bearer " + key.encode()

    def _answer(self, path: str, body: bytes) -> None:
        content_type = self._request.header(b"content-type") or b""
        if content_type.startswith(b"multipart/"):
            self._upload(path, body)
            return
        try:
            fields = json.loads(body) if body else {}
        except ValueError:
            self._error(400, "invalid_json", "The body is not JSON.")
            return
        if not isinstance(fields, dict):
            self._error(400, "invalid_json", "The body is not an object.")
            return
        model = str(fields.get("model", ""))
        self._simulator.requests[f"{path} {model}"] += 1
        script = self._script = script_for(model)
        if script.hang:
            return
        if script.reset == "before":
            self._responder.abort()
            self._close()
            return
        if script.first_delay:
            self._later(script.first_delay, lambda: self._perform(path, fields, body))
        else:
            self._perform(path, fields, body)

    def _perform(self, path: str, fields: dict[str, Any], body: bytes) -> None:
        script = self._script
        if script.error is not None:
            self._error(script.error, "simulated_error", f"Simulated error {script.error}.")
            return
        if script.context_length:
            self._error(400, "context_length_exceeded", "This model's maximum context length is 10 tokens.")
            return
        answer_id = self._answer_id()
        streaming = bool(fields.get("stream"))
        if path in ("/v1/chat/completions", "/v1/completions"):
            self._completion(fields, answer_id, chat=path.startswith("/v1/chat"), streaming=streaming)
        elif path == "/v1/embeddings":
            self._billed(endpoints.embeddings(fields), fields)
        elif path == "/v1/responses" and streaming:
            self._stream(endpoints.response_events(fields, script, answer_id), fields, None)
        elif path == "/v1/responses":
            self._billed(endpoints.response(fields, script, answer_id), fields)
        elif path == "/v1/messages" and streaming:
            self._stream(endpoints.message_events(fields, script, answer_id), fields, None)
        elif path == "/v1/messages":
            self._billed(endpoints.message(fields, script, answer_id), fields)
        elif path == "/v1/messages/count_tokens":
            self._json({"input_tokens": max(1, len(body) // 4)})
        elif path == "/v1/moderations":
            self._json(endpoints.moderations(fields, answer_id))
        elif path in ("/v1/rerank", "/v2/rerank", "/v1/score"):
            self._json(endpoints.rerank(fields, answer_id))
        elif path == "/v1/images/generations":
            self._json({"created": 1, "data": [{"b64_json": endpoints.PIXEL}], "usage": _image_usage()})
        elif path == "/v1/audio/speech":
            self._respond(200, [(b"content-type", b"audio/wav"), _SIMULATED], endpoints.speech(fields))
        else:
            self._echo(path, body)

    def _completion(self, fields: dict[str, Any], answer_id: str, *, chat: bool, streaming: bool) -> None:
        script = self._script
        done = complete(fields, script, answer_id, chat=chat)
        if not streaming:
            whole = done.whole()
            if script.usage == "none":
                del whole["usage"]
            if script.big:
                whole["choices"][0]["message"]["content"] = "x" * (script.big * 1024 * 1024)
            self._billed(whole, fields)
            return
        options = fields.get("stream_options") or {}
        chunks = done.chunks(script, bool(options.get("include_usage")))
        events = [b"data: %b\n\n" % json.dumps(chunk, separators=(",", ":")).encode() for chunk in chunks]
        if script.error_in_stream:
            events = [
                *events[:3],
                b'data: {"error":{"message":"Simulated failure","type":"server_error","code":null}}\n\n',
            ]
            self._stream(events, fields, done.usage)
        else:
            self._stream([*events, _DONE], fields, done.usage)

    def _billed(self, answer: dict[str, Any], fields: dict[str, Any]) -> None:
        self._bill(fields, answer.get("usage"))
        self._json(answer)

    def _bill(self, fields: dict[str, Any], usage: dict[str, Any] | None) -> None:
        self._simulator.ledger.append((self._sent_id(), str(fields.get("model")), usage))

    def _sent_id(self) -> str:
        return (self._request.header(b"x-request-id") or b"").decode("latin-1")

    def _answer_id(self) -> str:
        return "sim-" + sha256(self._sent_id().encode()).hexdigest()[:24]

    def _json(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer, separators=(",", ":")).encode()
        script = self._script
        if script.truncated:
            self._respond(200, [_JSON, _SIMULATED], body[: len(body) // 2])
        elif script.wrong_length or script.reset in ("after", "middle"):
            self._responder.start(200, [_JSON, _SIMULATED], len(body) + 10)
            if script.reset != "after":
                self._responder.write(body[: len(body) // 2] if script.reset else body)
            self._later(0.01, self._break)
        else:
            self._respond(200, [_JSON, _SIMULATED], body)

    def _error(self, status: int, code: str, message: str) -> None:
        body = {"error": {"message": message, "type": "simulated_error", "param": None, "code": code}}
        headers = [_JSON, _SIMULATED]
        if status in (429, 503):
            headers.append((b"retry-after", b"7"))
        self._respond(status, headers, json.dumps(body).encode())

    def _respond(self, status: int, headers: list[Header], body: bytes) -> None:
        self._simulator.completed += 1
        self._responder.respond(status, headers, body)
        self._close()

    def _echo(self, path: str, body: bytes) -> None:
        """What reached us; of the credential only whether it is there, and a hash to compare."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self._request.headers}
        credential = headers.pop("authorization", None)
        shown = sha256(credential.encode()).hexdigest()[:16] if credential else None
        self._json(
            {
                "simulated": True, "method": self._request.method.decode(), "path": path,
                "query": self._request.query.decode("latin-1"), "headers": headers, "credential_sha256": shown,
                "body": body[:65536].decode("utf-8", "replace"), "body_bytes": len(body),
            }
        )  # fmt: skip

    def _upload(self, path: str, body: bytes) -> None:
        marker = b'name="model"\r\n\r\n'
        at = body.find(marker)
        model = body[at + len(marker) :].partition(b"\r\n")[0].decode("latin-1") if at >= 0 else ""
        self._simulator.requests[f"{path} {model}"] += 1
        if path.startswith("/v1/audio/"):
            usage = {"type": "tokens", "input_tokens": len(body) // 100, "output_tokens": 9, "total_tokens": 9}
            self._json({"text": f"Simulated transcript of {len(body)} bytes for {model}.", "usage": usage})
        else:
            self._json({"created": 1, "data": [{"b64_json": endpoints.PIXEL}], "received_bytes": len(body)})

    # -- streaming ---------------------------------------------------------------------------------------------------

    def _stream(self, events: list[bytes], fields: dict[str, Any], usage: dict[str, Any] | None) -> None:
        self._bill(fields, usage)
        script = self._script
        self._responder.start(200, [_EVENTS, _SIMULATED, (b"cache-control", b"no-cache")], None)
        if script.reset == "after":
            self._later(0.01, self._break)
            return
        if script.reset == "middle":
            events = events[: len(events) // 2]
        if script.drip:
            events = [bytes([byte]) for event in events for byte in event]
        self._pending = deque(events)
        self._next_chunk()

    def _next_chunk(self) -> None:
        delay = self._script.chunk_delay
        while self._pending:
            self._responder.write(self._pending.popleft())
            if delay or self._script.drip:
                self._later(delay, self._next_chunk)
                return
        if self._script.reset == "middle":
            self._later(0.01, self._break)
            return
        self._simulator.completed += 1
        self._responder.end()
        self._close()

    def _break(self) -> None:
        self._responder.abort()
        self._close()

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        self._timer = self._simulator.loop.call_later(seconds, what)

    # -- control -----------------------------------------------------------------------------------------------------

    def _control(self, path: str) -> None:
        """`GET /sim/stats` and `POST /sim/reset`, for tests."""
        self._close()
        if path == "/sim/reset":
            self._simulator.reset()
        self._responder.respond(200, [_JSON], json.dumps(self._simulator.stats()).encode())


def _image_usage() -> dict[str, int]:
    return {"input_tokens": 10, "output_tokens": 20, "total_tokens": 30}
