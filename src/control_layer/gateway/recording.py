"""Which requests may be answered as before, what an answer depends on, and how it is kept on its way."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from control_layer.contract.routing import ResponseCaching
from control_layer.contract.usage import Tokens
from control_layer.gateway.policy.response_cache import CachedAnswer
from control_layer.wire import Header

if TYPE_CHECKING:
    from control_layer.gateway.exchange import Exchange

__all__ = ["Recording", "cache_key"]

_PATHS = frozenset(
    (
        "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/messages", "/v1/moderations",
        "/v1/rerank", "/v2/rerank", "/v1/score",
    )
)  # fmt: skip
_OF_NO_MATTER = frozenset(("model", "stream", "stream_options", "user", "metadata"))
"""The model is the route's, and how the client wants the answer stands apart."""
_WITH_MEMORY = frozenset(("store", "previous_response_id", "conversation", "background"))
"""Fields of requests whose answer depends on others, or on which others depend."""
_DIALECT_FIELDS = (b"anthropic-version", b"anthropic-beta", b"openai-beta")
_anything = msgspec.json.Decoder(msgspec.Raw).decode
_KEPT_FIELDS = frozenset((b"content-type",))


def cache_key(exchange: Exchange, caching: ResponseCaching) -> bytes | None:
    """The digest of everything that the answer to a request depends on; `None` where no kept one will do.

    Values are compared as they are written: a space more is another request. Whoever's answers may not be shared is in
    the key: its key, its user, or those of its groups that the model is granted to.
    """
    envelope, path = exchange.envelope, exchange.path.api_path
    if envelope is None or path not in _PATHS or exchange.plan is not None:
        return None  # guardrails look at each answer
    fields = envelope.fields
    if not _WITH_MEMORY.isdisjoint(fields):
        return None
    digest = hashlib.blake2b(digest_size=32)
    model = exchange.route.model
    parts = [
        model.id.encode(), b"%d" % caching.generation, _boundary(exchange, caching), path.encode(),
        exchange.request.query, b"stream" if envelope.streaming else b"whole",
        b"usage" if envelope.include_usage else b"",
    ]  # fmt: skip
    parts += [exchange.request.header(name) or b"" for name in _DIALECT_FIELDS]
    for name in sorted(fields.keys() - _OF_NO_MATTER):
        parts += name.encode(), bytes(fields[name])
    for part in parts:
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.digest()


def _boundary(exchange: Exchange, caching: ResponseCaching) -> bytes:
    if caching.scope == "key":
        return b"key " + exchange.key.id.encode()
    if caching.scope == "user":
        return b"user " + exchange.user.id.encode()
    if caching.scope == "group":
        return b"groups " + " ".join(sorted(exchange.route.groups.intersection(exchange.user.groups))).encode()
    return b"shared"


class Recording:
    """Keeps an answer on its way to the client, up to a size."""

    __slots__ = ("_body", "_caching", "_head", "_too_large", "key")

    def __init__(self, caching: ResponseCaching, key: bytes) -> None:
        self._caching = caching
        self.key = key
        """What it is kept under."""
        self._head: tuple[int, tuple[Header, ...]] | None = None
        self._body = bytearray()
        self._too_large = False

    def begin(self, status: int, headers: list[Header]) -> None:
        """The answer's head, a provider's."""
        self._head = status, tuple(field for field in headers if field[0] in _KEPT_FIELDS)
        self._body.clear()
        self._too_large = False

    def keep(self, data: bytes) -> None:
        """A piece of it."""
        if len(self._body) + len(data) > self._caching.max_entry_bytes:
            self._too_large = True
            self._body.clear()
        elif not self._too_large:
            self._body += data

    def answer(self, tokens: Tokens, finish_reason: str | None, now: float) -> CachedAnswer | None:
        """What is kept, if it is a whole answer that succeeded."""
        if self._head is None or self._too_large or self._head[0] != 200:
            return None
        status, headers = self._head
        if any(value.startswith(b"application/json") for _, value in headers) and not _is_whole(self._body):
            return None
        return CachedAnswer(status, headers, bytes(self._body), tokens, finish_reason, now + self._caching.ttl)


def _is_whole(body: bytearray) -> bool:
    """Whether it is JSON: providers have been seen to frame half an answer as a whole one."""
    try:
        _anything(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True
