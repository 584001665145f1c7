"""How many tokens a request to the Messages API comes to, for models whose provider does not count before it is asked.

https://platform.claude.com/docs/en/api/messages-count-tokens. An estimate, and said to be one in a header: it errs on
the side of more, because clients ask in order to stay within a context window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from control_layer.gateway.attempt import Attempt
    from control_layer.gateway.exchange import Exchange

__all__ = ["answer_count", "estimated_tokens"]

_BYTES_PER_TOKEN = 4
_MESSAGE_TOKENS = 4
"""Whose turn it is has to be said, too."""
_IMAGE_TOKENS = 1600
"""A large one: https://platform.claude.com/docs/en/build-with-claude/vision, "calculate image costs"."""
_COUNTED = ("system", "messages", "tools")
_UNSPOKEN = frozenset(("type", "role", "media_type", "cache_control", "signature", "id", "tool_use_id"))
_ESTIMATE = (b"x-control-layer-token-count", b"estimate")

_decode = msgspec.json.Decoder().decode


class _Count(msgspec.Struct):
    input_tokens: int


def answer_count(exchange: Exchange, attempt: Attempt) -> None:
    """Answers in the provider's stead; it is asked nothing."""
    envelope = exchange.envelope
    fields = {} if envelope is None else envelope.fields
    body = msgspec.json.encode(_Count(estimated_tokens(fields)))
    headers = exchange.answer_headers([(b"content-type", b"application/json"), _ESTIMATE])
    attempt.status = 200
    exchange.settle(attempt, None, learnt=False)
    exchange.finish(attempt, (200, headers), body)


def estimated_tokens(fields: dict[str, msgspec.Raw]) -> int:
    """Of a request's top-level fields."""
    size = images = messages = 0
    for name in _COUNTED:
        raw = fields.get(name)
        if raw is None:
            continue
        value = _decode(raw)
        if name == "messages" and isinstance(value, list):
            messages = len(value)
        length, pictures = _measured(value)
        size += length
        images += pictures
    return -(-size // _BYTES_PER_TOKEN) + messages * _MESSAGE_TOKENS + images * _IMAGE_TOKENS


def _measured(value: Any) -> tuple[int, int]:
    """Bytes of text (names and numbers of tools' schemas among them), and pictures."""
    if isinstance(value, str):
        return len(value.encode()), 0
    if isinstance(value, list):
        parts = [_measured(item) for item in value]
    elif isinstance(value, dict):
        if value.get("type") == "image":
            return 0, 1
        if value.get("type") == "document" and isinstance(source := value.get("source"), dict):
            data = source.get("data")
            return (len(data) if isinstance(data, str) else 0), 0
        parts = [_measured(inner) for name, inner in value.items() if name not in _UNSPOKEN]
        parts.append((sum(len(name) for name in value if name not in _UNSPOKEN), 0))
    else:
        return len(str(value)), 0
    return sum(size for size, _ in parts), sum(images for _, images in parts)
