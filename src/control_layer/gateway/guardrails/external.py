"""One question to an external check, over the worker's own connection pools."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import structlog

from control_layer.contract.guardrails import Question, Verdict
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.guardrails.steps import External
from control_layer.wire import Call, ExchangeError, Header

if TYPE_CHECKING:
    from control_layer.gateway.data_plane import DataPlane

__all__ = ["Asking"]

_log = structlog.get_logger(__name__)
_LINES = b"content-type: application/json\r\naccept: application/json\r\naccept-encoding: identity\r\n"
_MOST_ANSWER_BYTES = 16 * 1024 * 1024
_OK = 200

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Verdict).decode


class Asking:
    """Receives the answer to one question. `done` is called once, with `None` where there is no answer in time."""

    __slots__ = ("_body", "_call", "_done", "_late", "_plane", "_status", "_step", "started")

    def __init__(self, plane: DataPlane, step: External, done: Callable[[Verdict | None], None]) -> None:
        self._plane = plane
        self._step = step
        self._done: Callable[[Verdict | None], None] | None = done
        self._status = 0
        self._body = bytearray()
        self._call: Call | None = None
        self.started = plane.monotonic()
        self._late = plane.loop.call_later(step.row.timeout, self._too_late)

    def ask(self, question: Question) -> None:
        """Sends the question. The answer never comes before this returns."""
        step = self._step
        try:
            upstream = self._plane.checkers.get(step.endpoint)
        except GatewayError as error:
            reason = str(error)
            self._plane.loop.call_soon(lambda: self._failed(reason))
            return
        lines = _LINES + upstream.credential
        self._call = upstream.pool.send(self, b"POST", step.target, lines, _encode(question), timeouts=step.timeouts)

    def cancel(self) -> None:
        """Nobody waits for the answer any more."""
        self._done = None
        self._late.cancel()
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _too_late(self) -> None:
        if self._call is not None:
            self._call.cancel()
        self._failed(f"no answer within {self._step.row.timeout:g} s")

    def _failed(self, reason: str) -> None:
        if self._done is not None:
            self._plane.metrics.guardrails.failing(self._step.row.name, reason, self._plane.monotonic())
        self._tell(None)

    def _tell(self, verdict: Verdict | None) -> None:
        done, self._done = self._done, None
        self._late.cancel()
        self._call = None
        if done is not None:
            done(verdict)

    # -- wire.Receiver -----------------------------------------------------------------------------------------------

    def on_response(self, status: int, headers: list[Header], length: int | None) -> None:
        del headers, length
        self._status = status

    def on_data(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > _MOST_ANSWER_BYTES and self._call is not None:
            self._call.cancel()
            self._failed("its answer is too long")

    def on_complete(self) -> None:
        if self._status != _OK:
            self._failed(f"status {self._status}")
            return
        try:
            verdict = _decode(self._body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self._failed("its answer is no verdict")
            return
        self._tell(verdict)

    def on_error(self, error: ExchangeError) -> None:
        self._failed(str(error))

    def pause_writing(self) -> None:
        """The question is sent already."""

    def resume_writing(self) -> None:
        """As above."""
