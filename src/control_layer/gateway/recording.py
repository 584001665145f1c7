"""Which requests may be answered as before, what an answer depends on, and how it is kept on its way."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from control_layer.contract.routing import CacheScope, ResponseCaching
from control_layer.contract.snapshot import SYSTEM_USER, Key
from control_layer.contract.usage import Tokens
from control_layer.gateway.policy.response_cache import CachedAnswer, Maker
from control_layer.wire import Header

if TYPE_CHECKING:
    from control_layer.gateway.exchange import Exchange

__all__ = ["Recording", "boundary_for", "cache_key", "may_be_kept"]

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
_NOT_SAID = (b"null", b"false")
_NOISE = frozenset(
    (
        b"accept", b"accept-encoding", b"accept-language", b"api-key", b"authorization", b"baggage", b"cache-control",
        b"connection", b"content-length", b"content-type", b"cookie", b"date", b"expect", b"host", b"idempotency-key",
        b"keep-alive", b"origin", b"pragma", b"referer", b"traceparent", b"tracestate", b"transfer-encoding",
        b"user-agent", b"x-api-key", b"x-request-id",
    )
)  # fmt: skip
"""Fields of a head that say nothing of what is asked, or do not reach a provider."""
_NOISY_PREFIXES = (b"x-stainless-", b"x-forwarded-", b"x-control-layer-", b"sec-")
_anything = msgspec.json.Decoder(msgspec.Raw).decode
_KEPT_FIELDS = frozenset((b"content-type",))


_WIDTH: dict[CacheScope, int] = {"key": 0, "user": 1, "group": 2, "shared": 3}


def boundary_for(key: Key, caching: ResponseCaching) -> CacheScope | None:
    """Whose answers its requests may be given: its model's boundary, or its own where that is narrower. `None` where it
    wants none.
    """
    own = key.caching
    if own is None:
        return caching.scope
    if own == "off":
        return None
    return own if _WIDTH[own] < _WIDTH[caching.scope] else caching.scope


def cache_key(exchange: Exchange, caching: ResponseCaching) -> bytes | None:
    """The digest of everything that the answer to a request depends on; `None` where no kept one will do.

    Values are compared as they are written: a space more is another request. Whoever's answers may not be shared is in
    the key: its key, its user, or those of its groups that the model is granted to.
    """
    envelope, path, key, user = exchange.envelope, exchange.path.api_path, exchange.key, exchange.user
    if envelope is None or path not in _PATHS or exchange.plan is not None:
        return None  # guardrails look at each answer
    if exchange.head.no_store or not (key.log_bodies and user.log_bodies) or user.id == SYSTEM_USER:
        return None  # nothing may be kept of what is said; and a probe wants to know how the provider fares
    scope = boundary_for(key, caching)
    if scope is None:
        return None
    fields = envelope.fields
    if any(bytes(fields[name]) not in _NOT_SAID for name in _WITH_MEMORY.intersection(fields)):
        return None
    if exchange.previous is not None or (exchange.translated and exchange.to_be_stored):
        return None  # another request may go on from it
    if not envelope.unambiguous:
        return None
    digest = hashlib.blake2b(digest_size=32)
    model = exchange.route.model
    parts = [
        model.id.encode(), b"%d" % caching.generation, _boundary(exchange, scope), path.encode(),
        exchange.request.query, b"stream" if envelope.streaming else b"whole",
        b"usage" if envelope.include_usage else b"",
    ]  # fmt: skip
    for header in exchange.head.headers:
        if header[0] not in _NOISE and not header[0].startswith(_NOISY_PREFIXES):
            parts += header
    for name in sorted(fields.keys() - _OF_NO_MATTER):
        parts += name.encode(), bytes(fields[name])
    for part in parts:
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.digest()


def _boundary(exchange: Exchange, scope: CacheScope) -> bytes:
    if scope == "key":
        return b"key " + exchange.key.id.encode()
    if scope == "user":
        return b"user " + exchange.user.id.encode()
    if scope == "group":
        return b"groups " + " ".join(sorted(exchange.route.groups.intersection(exchange.user.groups))).encode()
    return b"shared"


class Recording:
    """Keeps an answer on its way to the client, up to a size."""

    __slots__ = ("_body", "_head", "_maker", "_too_large", "caching", "key")

    def __init__(self, caching: ResponseCaching, key: bytes, maker: Maker) -> None:
        self.caching = caching
        self._maker = maker
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
        if len(self._body) + len(data) > self.caching.max_entry_bytes:
            self._too_large = True
            self._body.clear()
        elif not self._too_large:
            self._body += data

    def answer(self, tokens: Tokens, finish_reason: str | None, now: float) -> CachedAnswer | None:
        """The whole answer, an error too, for those who wait for it; `None` where it was too large."""
        if self._head is None or self._too_large:
            return None
        status, headers = self._head
        return CachedAnswer(
            status, headers, bytes(self._body), tokens, finish_reason, now + self.caching.ttl, self._maker
        )


def may_be_kept(answer: CachedAnswer) -> bool:
    """Whether it succeeded and is whole, so that others may be given it later."""
    is_json = any(value.startswith(b"application/json") for _, value in answer.headers)
    return answer.status == 200 and not (is_json and not _is_whole(answer.body))


def _is_whole(body: bytes) -> bool:
    """Whether it is JSON: providers have been seen to frame half an answer as a whole one."""
    try:
        _anything(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True
