"""Claude at Vertex AI: the Messages API with its version in the body, and the model in the path.

https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from control_layer.gateway.dialects.anthropic import ANTHROPIC
from control_layer.gateway.dialects.anthropic import errors as anthropic_errors
from control_layer.gateway.dialects.anthropic.own_thoughts import with_own_thoughts
from control_layer.gateway.dialects.anthropic.provider_streams import Reader
from control_layer.gateway.dialects.conversation import Answer, Conversation
from control_layer.gateway.dialects.dialect import Outgoing, ProviderError
from control_layer.gateway.dialects.gemini import errors as google_errors
from control_layer.gateway.dialects.omissions import Omissions
from control_layer.gateway.dialects.vertex.models import method_path
from control_layer.wire import Header

__all__ = ["VERTEX_CLAUDE", "VertexClaude", "handed_count", "handed_messages"]

_VERSION = msgspec.Raw(b'"vertex-2023-10-16"')
_COUNTER = "count-tokens"
"""What counts for all models, which are named in the body."""
_TIERS = (None, "auto", "default")
_TRUE = b"true"


class _Said(msgspec.Struct):
    type: str = ""


_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_said = msgspec.json.Decoder(_Said).decode
_encode = msgspec.json.Encoder().encode


class VertexClaude:
    """A `ProviderDialect`."""

    __slots__ = ()

    stream_type: ClassVar[bytes] = b"text/event-stream"

    def write_request(self, conversation: Conversation, model: str, *, lenient: bool) -> Outgoing:
        omissions = Omissions(lenient=lenient)
        if conversation.service_tier not in _TIERS:
            omissions.refuse("service_tier", "Vertex AI has one tier for Claude.")
        conversation = msgspec.structs.replace(conversation, service_tier=None)
        outgoing = ANTHROPIC.write_request(conversation, model, lenient=lenient)
        path, body = _handed(outgoing.body, model)
        dropped = (*outgoing.dropped, *omissions.dropped)
        return msgspec.structs.replace(outgoing, path=path, body=body, headers=(), dropped=dropped)

    def read_answer(self, body: bytes) -> Answer:
        return ANTHROPIC.read_answer(body)

    def reader(self) -> Reader:
        return Reader()

    def read_error(self, status: int, body: bytes, _headers: Sequence[Header] = ()) -> ProviderError:
        """Anthropic's own, or one of Google's before it."""
        try:
            own = _decode_said(body).type == "error"
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            own = False
        return anthropic_errors.read_error(status, body) if own else google_errors.read_error(status, body)


VERTEX_CLAUDE = VertexClaude()


def handed_messages(body: bytes | bytearray, model: str) -> Outgoing:
    """A client's own request to the Messages API, which says more than is translated."""
    body, dropped = with_own_thoughts(body)
    return Outgoing(*_handed(body, model), dropped=dropped)


def handed_count(body: bytes | bytearray, model: str) -> Outgoing:
    """A client's own request for a count."""
    fields = _decode(with_own_thoughts(body)[0])
    fields["model"] = msgspec.Raw(_encode(model.rsplit("/", 1)[-1]))
    return Outgoing(method_path(f"anthropic/{_COUNTER}", "rawPredict"), _encode(_versioned(fields)))


def _handed(body: bytes | bytearray, model: str) -> tuple[str, bytes]:
    fields = _decode(body)
    fields.pop("model", None)
    streams = bytes(fields.get("stream", b"")) == _TRUE
    return method_path(model, "streamRawPredict" if streams else "rawPredict"), _encode(_versioned(fields))


def _versioned(fields: dict[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    return {**fields, "anthropic_version": _VERSION}
