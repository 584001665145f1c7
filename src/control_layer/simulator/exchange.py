"""One request at the simulated provider: read it, follow its script, bill it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from control_layer.simulator import (
    anthropic,
    azure,
    bedrock,
    cohere,
    compatible,
    endpoints,
    gemini,
    ollama,
    tokens,
    vertex,
)
from control_layer.simulator.native import Asked, NativeApi
from control_layer.simulator.realtime import RealtimeSession, accept_key
from control_layer.simulator.script import Script, script_for
from control_layer.simulator.strictness import Refusal, check_body, check_head, parse_form, parse_object
from control_layer.wire import Header, Request, Responder

if TYPE_CHECKING:
    from control_layer.simulator.server import Simulator

__all__ = ["SimulatedExchange"]

_SIMULATED: Header = (b"x-simulated", b"true")
_JSON: Header = (b"content-type", b"application/json")
_NATIVE: dict[str, NativeApi] = {
    "anthropic": anthropic.API,
    "azure": azure.API,
    "bedrock": bedrock.API,
    "cohere": cohere.API,
    "entra": tokens.ENTRA,
    "gemini": gemini.API,
    "google": tokens.GOOGLE,
    "ollama": ollama.API,
    "vertex": vertex.API,
}
"""By the first segment of the path."""
_BREAK_SECONDS = 0.01
"""Between the last byte of an answer that breaks off and the reset, so that the byte gets there."""


class SimulatedExchange:
    """A `wire.Handler`. Timers stand for a model's thinking; all of them end with the client."""

    __slots__ = (
        "_api", "_chunks", "_ended", "_paused", "_pending", "_request", "_responder", "_script", "_session",
        "_simulator", "_timer",
    )  # fmt: skip

    def __init__(self, simulator: Simulator, request: Request, responder: Responder) -> None:
        self._simulator = simulator
        self._request = request
        self._responder = responder
        self._chunks: list[bytes] = []
        self._pending: Iterator[bytes] = iter(())
        self._timer: asyncio.TimerHandle | None = None
        self._script = Script()
        self._api: NativeApi | None = None
        self._session: RealtimeSession | None = None
        self._ended = False
        self._paused = False
        simulator.open += 1
        responder.send_continue()

    # -- wire.Handler ------------------------------------------------------------------------------------------------

    def on_body(self, data: bytes) -> None:
        session = self._session
        if session is None:
            self._chunks.append(data)
            return
        self._responder.write(session.feed(data))
        if session.ended:
            self._responder.end()
            self._close()

    def on_disconnect(self) -> None:
        self._simulator.cancelled += 1
        self._close()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        if self._paused:
            self._paused = False
            if self._timer is None and not self._ended:
                self._next_chunk()

    def on_end(self) -> None:
        body, self._chunks = b"".join(self._chunks), []
        path = self._request.path.decode("latin-1")
        if path.startswith("/sim/"):
            self._control(path)
            return
        self._or_refuse(lambda: self._serve(path, body))

    def _or_refuse(self, serve: Callable[[], None]) -> None:
        try:
            serve()
        except Refusal as refusal:
            self._error(refusal.status, refusal.code, refusal.message)

    def _close(self) -> None:
        if not self._ended:
            self._ended = True
            self._simulator.open -= 1
        if self._timer is not None:
            self._timer.cancel()

    # -- reading -----------------------------------------------------------------------------------------------------

    def _serve(self, path: str, body: bytes) -> None:
        request = self._request
        prefix, _, rest = path.removeprefix("/").partition("/")
        self._api = _NATIVE.get(prefix)
        check_head(request)
        if self._api is not None:
            self._native(self._api, f"/{rest}", body)
            return
        if not self._authorised():
            raise Refusal(401, "invalid_api_key", "Incorrect API key provided.")
        if path == "/v1/realtime":
            self._realtime()
        elif path == "/v1/models" and request.method == b"GET":
            self._json(endpoints.model_list())
        elif path.startswith("/v1/models/"):
            self._json(endpoints.model_item(path.removeprefix("/v1/models/")))
        elif (content_type := request.header(b"content-type") or b"").startswith(b"multipart/"):
            form = parse_form(content_type, body)
            model = form.get("model", b"").decode("utf-8", "replace")
            upload = Asked(model, lambda script, _: compatible.uploaded(path, model, form, len(body), script))
            self._follow(path, model, lambda: self._say(upload))
        elif body.lstrip()[:1] == b"{" or path.startswith("/v1/chat/"):
            fields = parse_object(body)
            check_body(path, fields)
            self._follow(path, str(fields.get("model", "")), lambda: self._perform(path, fields, body))
        else:
            self._echo(path, body)

    def _native(self, api: NativeApi, path: str, body: bytes) -> None:
        api.authorise(self._request, self._simulator.api_key)
        read = api.read(self._request, path, body)
        if isinstance(read, Asked):
            self._follow(path, read.model, lambda: self._say(read))
        else:
            self._json(read.body)

    def _perform(self, path: str, fields: dict[str, Any], body: bytes) -> None:
        model, size = str(fields.get("model")), len(body)
        found = compatible.answered(path, fields, size, self._script, self._answer_id())
        if found is None:
            self._echo(path, body)
        else:
            self._say(Asked(model, lambda *_: found))

    def _say(self, asked: Asked) -> None:
        """An answer, as the script says."""
        script = self._script
        answered = asked.answer(script, self._answer_id())
        events = answered.events
        if answered.billed:
            self._simulator.bill(self._sent_id(), asked.model, answered.usage)
        if answered.sound is not None:
            self._respond(200, [(b"content-type", b"audio/wav"), _SIMULATED], answered.sound)
        elif answered.unbroken is not None:
            self._stream(answered.unbroken, answered.media_type)
        elif events is None:
            self._json(answered.body, answered.headers)
        elif script.error_after is not None:
            self._stream([*events[: script.error_after], answered.failure], answered.media_type)
        elif script.cut:
            self._stream(events[: len(events) // 2], answered.media_type)
        else:
            self._stream(events[: -answered.last] if script.no_done else events, answered.media_type)

    def _authorised(self) -> bool:
        key = self._simulator.api_key
        if key is None:
            return True
        sent = self._request.header(b"authorization") or b"Bearer " + (self._request.header(b"x-api-key") or b"")
        return sent == b"Bearer " + key.encode()

    def _follow(self, path: str, model: str, perform: Callable[[], None]) -> None:
        """What the script says of the time before an answer; then the answer."""
        counted = f"{path} {model}"
        self._simulator.requests[counted] += 1
        script = self._script = script_for(model)
        if script.hang:
            return
        if script.reset == "before":
            self._responder.abort()
            self._close()
        elif self._simulator.requests[counted] <= script.flaky:
            self._error(500, "simulated_error", "Simulated error, gone at the next try.")
        elif script.first_delay:
            self._later(script.first_delay, lambda: self._answer(perform))
        else:
            self._answer(perform)

    def _answer(self, perform: Callable[[], None]) -> None:
        self._timer = None
        script = self._script
        if script.error is not None:
            self._error(script.error, "simulated_error", f"Simulated error {script.error}.")
        elif script.redirect:
            self._respond(307, [(b"location", b"https://elsewhere.invalid/v1"), _SIMULATED], b"")
        else:
            self._or_refuse(perform)

    # -- answers -----------------------------------------------------------------------------------------------------

    def _realtime(self) -> None:
        key = self._request.header(b"sec-websocket-key")
        if not self._request.upgrade or key is None:
            raise Refusal(426, "upgrade_required", "This path speaks WebSocket only.")
        model = parse_qs(self._request.query.decode("latin-1")).get("model", [""])[0]
        self._simulator.requests[f"/v1/realtime {model}"] += 1
        script = script_for(model)
        if script.error is not None:
            raise Refusal(script.error, "simulated_error", f"Simulated error {script.error}.")
        self._session = RealtimeSession(model)
        switched = [(b"connection", b"upgrade"), (b"upgrade", b"websocket"), (b"sec-websocket-accept", accept_key(key))]
        offered = self._request.header(b"sec-websocket-protocol")
        if offered is not None:
            switched.append((b"sec-websocket-protocol", offered.split(b",")[0].strip()))
        self._responder.upgrade(101, switched)
        self._responder.write(self._session.greeting())

    def _sent_id(self) -> str:
        return (self._request.header(b"x-request-id") or b"").decode("latin-1")

    def _answer_id(self) -> str:
        return "sim-" + sha256(self._sent_id().encode()).hexdigest()[:24]

    def _json(self, answer: dict[str, Any], more: Iterable[Header] = ()) -> None:
        body = json.dumps(answer, separators=(",", ":")).encode()
        script = self._script
        if script.truncated:
            self._respond(200, [_JSON, _SIMULATED], body[: len(body) // 2])
        elif script.wrong_length or script.reset in ("after", "middle"):
            self._responder.start(200, [_JSON, _SIMULATED], len(body) + 10)
            if script.reset != "after":
                self._responder.write(body[: len(body) // 2] if script.reset else body)
            self._later(_BREAK_SECONDS, self._break)
        else:
            self._respond(200, [_JSON, _SIMULATED, *more], body)

    def _error(self, status: int, code: str, message: str) -> None:
        answer: dict[str, Any] = {"error": {"message": message, "type": "simulated_error", "param": None, "code": code}}
        refusal = Refusal(status, code, message)
        if self._api is not None:
            answer = self._api.refused(refusal, self._answer_id())
        elif self._request.path.startswith(b"/v1/messages"):
            answer = {"type": "error", "error": {"type": code, "message": message}}
        headers, body = [_JSON, _SIMULATED], json.dumps(answer).encode()
        if status in (429, 503) and b'"retryDelay"' not in body:  # Google says it there
            headers.append((b"retry-after", b"7"))
        self._respond(status, headers, body, refusal)

    def _respond(self, status: int, headers: list[Header], body: bytes, refusal: Refusal | None = None) -> None:
        self._simulator.completed += 1
        self._responder.respond(status, [*headers, *self._own_headers(refusal)], body)
        self._close()

    def _own_headers(self, refusal: Refusal | None = None) -> list[Header]:
        return [] if self._api is None else self._api.headers(self._answer_id(), refusal)

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

    # -- streaming ---------------------------------------------------------------------------------------------------

    def _stream(self, events: Iterable[bytes], media_type: bytes) -> None:
        script = self._script
        headers = [(b"content-type", media_type), _SIMULATED, (b"cache-control", b"no-cache"), *self._own_headers()]
        self._responder.start(200, headers, None)
        if script.reset == "after":
            self._later(_BREAK_SECONDS, self._break)
            return
        if script.reset == "middle" and isinstance(events, list):
            events = events[: len(events) // 2]
        self._pending = (bytes((byte,)) for event in events for byte in event) if script.drip else iter(events)
        self._next_chunk()

    def _next_chunk(self) -> None:
        self._timer = None
        script = self._script
        while not self._paused and not self._ended:
            data = next(self._pending, None)
            if data is None:
                self._end_stream()
                return
            self._simulator.streamed_bytes += len(data)
            self._responder.write(data)
            if script.chunk_delay or script.drip:
                self._later(script.chunk_delay, self._next_chunk)
                return

    def _end_stream(self) -> None:
        if self._script.reset == "middle" or self._script.unframed_done:
            self._later(_BREAK_SECONDS, self._break)
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
        """`GET /sim/stats` and `POST /sim/reset`, for tests; credentials of the simulated clouds."""
        self._close()
        asked = {name: values[0] for name, values in parse_qs(self._request.query.decode("latin-1")).items()}
        origin = "http://" + (self._request.header(b"host") or b"").decode("latin-1")
        if path == "/sim/reset":
            self._simulator.reset()
        if path == "/sim/service-account":
            answer: dict[str, Any] = {**tokens.service_account(origin, asked.get("script"), asked.get("seconds"))}
        elif path == "/sim/entra-client":
            answer = {**tokens.entra_client(origin, asked.get("script"))}
        else:
            answer = self._simulator.stats()
        self._responder.respond(200, [_JSON], json.dumps(answer).encode())
