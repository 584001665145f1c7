"""The key a client sent: where it may stand, how it is looked up, how it may be shown."""

from __future__ import annotations

from hashlib import sha256

from control_layer.wire import Header

__all__ = ["bearer", "digest", "masked"]

_BEARER = b"bearer "
_PROTOCOL = b"openai-insecure-api-key."
_CARRIERS = frozenset((b"authorization", b"x-api-key", b"api-key", b"sec-websocket-protocol"))
_SHOWN = 4
_LONG_ENOUGH = 16


def bearer(headers: list[Header]) -> bytes | None:
    """The secret: from `Authorization: Bearer`, else `x-api-key`, else `api-key`, else the WebSocket subprotocol."""
    fallback: bytes | None = None
    protocol: bytes | None = None
    for name, value in headers:
        if name not in _CARRIERS:
            continue
        if name == b"authorization":
            if value[:7].lower() == _BEARER:
                secret = value[7:].strip()
                if secret:
                    return secret
        elif name == b"x-api-key" or (name == b"api-key" and fallback is None):
            fallback = value or fallback
        elif name == b"sec-websocket-protocol" and _PROTOCOL in value:
            protocol = value.partition(_PROTOCOL)[2].partition(b",")[0].strip()
    return fallback or protocol


def digest(secret: bytes) -> bytes:
    """What keys are looked up by. Secrets are random (≥ 256 bits), so a plain SHA-256 is as good as a slow hash."""
    return sha256(secret).digest()


def masked(secret: bytes) -> str:
    """Enough of a key for its owner to recognise it: `sk-…abcd`."""
    shown = secret[-_SHOWN:] if len(secret) >= _LONG_ENOUGH else b""
    tail = "".join(chr(byte) if byte < 0x80 and chr(byte).isalnum() else "*" for byte in shown)
    return f"sk-…{tail}" if secret.startswith(b"sk-") else f"…{tail}"
