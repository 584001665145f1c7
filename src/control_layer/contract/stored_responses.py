"""What a gateway and the control plane say to each other about responses that are stored, on a link of its own.

What a gateway hands over is acknowledged when it is in the database; until then the gateway has it too. Questions are
answered by number, in whatever order.
"""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = [
    "MOST_STORED_BYTES",
    "Acknowledged",
    "Recall",
    "Recalled",
    "StoredResponse",
    "conversation_of",
    "decode_from_control",
    "decode_from_gateway",
    "id_of",
    "text_of",
]

MOST_STORED_BYTES = 32 * 1024 * 1024
"""Of a conversation with its response: half of the largest frame."""
_PREFIX = "resp_"
_ID_BYTES = 16


class StoredResponse(msgspec.Struct, frozen=True, array_like=True, tag="store"):
    """A response to be stored."""

    id: bytes
    """16 bytes: its request's id."""
    user_id: str
    key_id: str
    model: str
    """Its alias."""
    created: float
    """Unix seconds."""
    items: bytes
    """What the model was given: a JSON array of items, those of earlier responses first."""
    response: bytes
    """The JSON object that the client was given, or was told of at the end of its stream."""

    @property
    def size(self) -> int:
        return len(self.items) + len(self.response)


class Recall(msgspec.Struct, frozen=True, array_like=True, tag="recall"):
    """What was said until a response had been given?"""

    number: int
    id: bytes
    user_id: str
    """Whose it has to be."""


class Acknowledged(msgspec.Struct, frozen=True, array_like=True, tag="acknowledged"):
    """They are in the database, or never will be."""

    ids: tuple[bytes, ...]


class Recalled(msgspec.Struct, frozen=True, array_like=True, tag="recalled"):
    """The answer to a `Recall`."""

    number: int
    found: Literal["found", "unknown", "unavailable"]
    """`unavailable`: nobody can tell, because the database is away."""
    items: bytes = b""
    """A JSON array: what the model was given, and what it said to that."""


class _Output(msgspec.Struct, frozen=True):
    output: list[msgspec.Raw] = []


decode_from_gateway = msgspec.msgpack.Decoder[StoredResponse | Recall](StoredResponse | Recall).decode
decode_from_control = msgspec.msgpack.Decoder[Acknowledged | Recalled](Acknowledged | Recalled).decode
_decode_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_output = msgspec.json.Decoder(_Output).decode
_encode = msgspec.json.Encoder().encode


def conversation_of(items: bytes, response: bytes) -> bytes:
    """A JSON array: the items that the model was given, and those of its response. Raises `msgspec.MsgspecError`."""
    return _encode([*_decode_items(items), *_decode_output(response).output])


def text_of(response_id: bytes) -> str:
    """The id as clients know it: `resp_` and a UUID."""
    digits = response_id.hex()
    return f"{_PREFIX}{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def id_of(text: str) -> bytes | None:
    """The id's 16 bytes; `None` where it is none of ours."""
    try:
        found = bytes.fromhex(text.removeprefix(_PREFIX).replace("-", ""))
    except ValueError:
        return None
    return found if len(found) == _ID_BYTES and text_of(found) == text else None
