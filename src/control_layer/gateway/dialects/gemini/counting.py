"""How many tokens a request has, by `:countTokens` (https://ai.google.dev/api/tokens)."""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.conversation import Conversation
from control_layer.gateway.dialects.dialect import Outgoing, UnreadableAnswer
from control_layer.gateway.dialects.gemini.provider_requests import written
from control_layer.gateway.dialects.gemini.requests import RequestBody, method_path, resource_of
from control_layer.gateway.dialects.omissions import Omissions

__all__ = ["read_count", "write_count"]


class _CountRequest(msgspec.Struct, frozen=True, rename="camel"):
    generate_content_request: RequestBody


class _CountAnswer(msgspec.Struct, rename="camel"):
    total_tokens: int


_decode = msgspec.json.Decoder(_CountAnswer).decode
_encode = msgspec.json.Encoder().encode


def write_count(conversation: Conversation, model: str, *, lenient: bool) -> Outgoing:
    """Asks for the tokens of a request, its instructions and tools included. Raises `Unsupported` as that would."""
    omissions = Omissions(lenient=lenient)
    request = msgspec.structs.replace(written(conversation, model, omissions), model=resource_of(model))
    return Outgoing(method_path(model, "countTokens"), _encode(_CountRequest(request)), dropped=omissions.dropped)


def read_count(body: bytes) -> int:
    """Raises `UnreadableAnswer`."""
    try:
        return _decode(body).total_tokens
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableAnswer(f"The provider's answer counts nothing: {error}") from error
