"""A realtime session (WebSocket, RFC 6455): greets, answers `response.create` as OpenAI does, and else with an echo."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from control_layer.simulator.script import script_for

__all__ = ["RealtimeSession", "accept_key"]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
_TEXT = 0x1
_CLOSE = 0x8
_PING = 0x9
_PONG = 0xA
_MAX_FRAME = 1024 * 1024
_READ = 100
"""Tokens, for each answer."""


def accept_key(key: bytes) -> bytes:
    """The value of Sec-WebSocket-Accept for a client's Sec-WebSocket-Key."""
    return base64.b64encode(hashlib.sha1(key + _GUID).digest())  # noqa: S324 - what the RFC asks for


class RealtimeSession:
    """Bytes of client frames in, bytes of server frames out; no I/O."""

    __slots__ = ("_answers", "_buffer", "_model", "ended")

    def __init__(self, model: str) -> None:
        self._buffer = bytearray()
        self._model = model
        self._answers = 0
        self.ended = False

    def greeting(self) -> bytes:
        """The first frame, sent unasked."""
        session = {"model": self._model, "simulated": True}
        return _frame(_TEXT, json.dumps({"type": "session.created", "session": session}).encode())

    def feed(self, data: bytes) -> bytes:
        """What is to be sent for `data`."""
        self._buffer += data
        out = b""
        while not self.ended and (taken := self._take()) is not None:
            opcode, payload = taken
            if opcode == _CLOSE:
                self.ended = True
                out += _frame(_CLOSE, payload)
            elif opcode == _PING:
                out += _frame(_PONG, payload)
            else:
                out += self._answer(payload)
        return out

    def _answer(self, payload: bytes) -> bytes:
        text = payload.decode("utf-8", "replace")
        if '"response.create"' not in text:
            return _frame(_TEXT, json.dumps({"type": "simulated.echo", "text": text}).encode())
        self._answers += 1
        response = {"object": "realtime.response", "id": f"resp_{self._answers}", "status": "completed"}
        said = {"type": "response.output_text.delta", "delta": "simulated"}
        done = {"type": "response.done", "response": response | {"usage": _usage(script_for(self._model).tokens)}}
        events = ({"type": "response.created", "response": response}, said, done)
        return b"".join(_frame(_TEXT, json.dumps(event).encode()) for event in events)

    def _take(self) -> tuple[int, bytes] | None:
        """One whole frame off the buffer."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, at = buffer[1] & 0x7F, 2
        if length >= 126:
            width = 2 if length == 126 else 8
            if len(buffer) < at + width:
                return None
            length, at = int.from_bytes(buffer[at : at + width], "big"), at + width
        if length > _MAX_FRAME or not buffer[1] & 0x80:
            self.ended = True  # clients must mask (RFC 6455, 5.1)
            return None
        if len(buffer) < at + 4 + length:
            return None
        mask = buffer[at : at + 4]
        payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(buffer[at + 4 : at + 4 + length]))
        opcode = buffer[0] & 0x0F
        del buffer[: at + 4 + length]
        return opcode, payload


def _usage(output: int) -> dict[str, Any]:
    return {
        "total_tokens": _READ + output,
        "input_tokens": _READ,
        "output_tokens": output,
        "input_token_details": {
            "text_tokens": 20,
            "audio_tokens": 80,
            "cached_tokens": 10,
            "cached_tokens_details": {"text_tokens": 10, "audio_tokens": 0},
        },
        "output_token_details": {"text_tokens": output // 10, "audio_tokens": output - output // 10},
    }


def _frame(opcode: int, payload: bytes) -> bytes:
    head = bytes((0x80 | opcode,))
    if len(payload) < 126:
        return head + bytes((len(payload),)) + payload
    return head + b"\x7e" + len(payload).to_bytes(2, "big") + payload
