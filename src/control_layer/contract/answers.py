"""What a gateway and the control plane say to each other about kept answers that hosts share, on a link of its own.

A gateway asks and is told, by number, in whatever order; what it hands over is not confirmed. Either may be lost: a
question without an answer is a miss.
"""

from __future__ import annotations

import msgspec

from control_layer.contract.usage import Tokens

__all__ = [
    "MOST_SHARED_BYTES",
    "Ask",
    "Found",
    "Keep",
    "SharedAnswer",
    "Stored",
    "decode_asked",
    "decode_found",
    "decode_stored",
    "encode_stored",
]

MOST_SHARED_BYTES = 2 * 1024 * 1024
"""A larger answer stays with the worker that has it. A batch of 16 holds 32 MiB at most."""


class Stored(msgspec.Struct, frozen=True, array_like=True):
    """The answer itself, as it stands in the database: of no concern to the control plane."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    tokens: Tokens
    """What it had cost."""
    finish_reason: str | None


class SharedAnswer(msgspec.Struct, frozen=True, array_like=True):
    """An answer on its way."""

    seconds: float
    """For how long it may still be given; clocks of hosts need not agree."""
    key_id: str
    user_id: str
    """For whom it was made."""
    purge_generation: int
    """The last purge of these two that was known when it was asked for."""
    stored: bytes
    """`Stored` in MessagePack."""


class Ask(msgspec.Struct, frozen=True, array_like=True, tag="ask"):
    """Is there an answer?"""

    number: int
    digest: bytes
    """32 bytes."""


class Keep(msgspec.Struct, frozen=True, array_like=True, tag="keep"):
    """Here is one."""

    digest: bytes
    model_id: str
    generation: int
    """Of the model's purges."""
    answer: SharedAnswer


class Found(msgspec.Struct, frozen=True, array_like=True, tag="found"):
    """What there is."""

    number: int
    """Of the `Ask`."""
    answer: SharedAnswer | None


decode_asked = msgspec.msgpack.Decoder[Ask | Keep](Ask | Keep).decode
decode_found = msgspec.msgpack.Decoder(Found).decode
decode_stored = msgspec.msgpack.Decoder(Stored).decode
encode_stored = msgspec.msgpack.Encoder().encode
