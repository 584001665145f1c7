"""The second message: what a gateway tells the control plane, and the journal's record format.

Every admitted request writes `Opened` at admission and `Closed` at its end, whatever the end. `Closed` says everything
on its own. The event id (UUIDv7) makes every later step idempotent.

A journal is a directory per gateway process, `<journal>/<worker id>/`, with numbered segments `00000001.seg` and a
`lock` file that the living process holds with flock(2). A record is a little-endian u32 payload length, a u32 CRC-32
of the payload, and the payload: one `Record` in MessagePack.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

import msgspec

__all__ = [
    "MAX_RECORD_BYTES",
    "Attempt",
    "AttemptSpan",
    "Bodies",
    "Closed",
    "DamagedRecord",
    "Opened",
    "Outcome",
    "Record",
    "Tokens",
    "Trace",
    "decode_records",
    "encode_record",
]

MAX_RECORD_BYTES = 256 * 1024 * 1024
"""A longer length prefix can only be damage: bodies are bounded far below it by settings."""

Outcome = Literal["completed", "failed", "cancelled"]
"""`completed`: the answer, whatever its status, reached its end. `failed`: refused or broken on the provider's side or
ours. `cancelled`: the client left first. The recorder adds `open` and `lost` for requests without a `Closed`."""


class Opened(msgspec.Struct, frozen=True, array_like=True, tag="opened", gc=False):
    """A request was let in and is about to be forwarded."""

    id: bytes
    """UUIDv7, 16 bytes."""
    at: float
    """Unix seconds."""
    key_id: str
    user_id: str
    model: str
    """The alias that let it in."""
    model_id: str
    method: str
    path: str
    """As the client sent it, without the query string."""
    stream: bool


class Tokens(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Token counts by kind. `None` is unknown, which is not zero.

    `cached_input`, `cache_write`, `audio_input` and `image_input` are parts of `input`; `reasoning`, `audio_output` and
    `image_output` are parts of `output`. A token is in one part at most: what a cache gave or took is no audio and no
    image, whatever it was.
    """

    input: int | None = None
    output: int | None = None
    cached_input: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    source: Literal["provider", "estimate", "none"] = "none"
    """Where the counts come from; `none`: nothing to count (an error, a path without tokens)."""
    cache_write_1h: int | None = None
    """The part of `cache_write` that is kept for an hour."""
    audio_input: int | None = None
    image_input: int | None = None
    audio_output: int | None = None
    image_output: int | None = None


class Attempt(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One try at one deployment."""

    deployment_id: str
    endpoint_id: str
    status: int | None
    """The provider's HTTP status; `None` when no response came."""
    error: str | None
    """A short code such as `connect_failed`; the provider's own for an error answer that another attempt followed, and
    `None` when a response came whole."""
    duration: float
    """Seconds."""
    started: float | None = None
    """Seconds after admission."""
    wasted: Tokens | None = None
    """What the provider is likely to charge for an attempt that came to nothing: nobody pays us for it."""
    wasted_cost: Decimal | None = None
    """The same in money, at the price of the model that was asked."""


class AttemptSpan(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a trace tells of an attempt beyond its `Attempt`."""

    number: int
    """Its place in `Closed.attempts`."""
    span_id: bytes
    """8 bytes; what the provider was told as its parent."""
    started: float
    """Seconds after admission."""
    model: str
    """The model's name at the provider."""
    endpoint: str
    """The endpoint's name."""
    url: str
    """The endpoint's base URL."""


class Trace(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where a sampled request stands in its trace (W3C Trace Context, https://www.w3.org/TR/trace-context/)."""

    id: bytes
    """16 bytes."""
    span_id: bytes
    """The request's own span, 8 bytes."""
    parent_id: bytes | None
    """The caller's span, 8 bytes; `None` where the trace begins here."""
    state: str
    """The caller's `tracestate`, or an empty text."""
    attempts: tuple[AttemptSpan, ...]
    response_model: str | None
    """The model that answered, in the provider's word."""


class Bodies(msgspec.Struct, frozen=True, array_like=True, tag="bodies"):
    """What was said, where request logging is on. Written before the `Closed` of the same id."""

    id: bytes
    request: bytes
    request_truncated: bool
    response: bytes
    response_truncated: bool
    request_headers: tuple[tuple[str, str], ...] = ()
    """As the client sent them: names, in lower case, and values, which are `…` where they are credentials."""
    response_headers: tuple[tuple[str, str], ...] = ()
    """As the client was answered."""


class Closed(msgspec.Struct, frozen=True, array_like=True, tag="closed"):
    """A request has ended."""

    id: bytes
    at: float
    """Unix seconds of admission, as in `Opened`."""
    key_id: str
    user_id: str
    model: str
    """The alias that answered, or failed last; in `Opened` it may be another one."""
    model_id: str
    method: str
    path: str
    stream: bool
    outcome: Outcome
    status: int
    """What the client was answered; 499 where it left before an answer began."""
    error: str | None
    """The error code the client saw, or would have seen."""
    deployment_id: str | None
    attempts: tuple[Attempt, ...]
    first_byte: float | None
    """Seconds from admission to the provider's first body byte."""
    duration: float
    """Seconds from admission to the end."""
    tokens: Tokens
    finish_reason: str | None
    request_bytes: int
    response_bytes: int
    upstream_request_id: str | None = None
    request_id: str | None = None
    """The caller's own `x-request-id`, when it sent a sane one."""
    user_agent: str | None = None
    tariff_id: str | None = ""
    """The prices it was admitted under; `None` where nothing is charged. Empty in journals of a gateway that did not
    say."""
    budgets: tuple[tuple[str, float], ...] = ()
    """The budgets it counts in: id, and start of the window in Unix seconds."""
    trace: Trace | None = None
    """`None` where the request is not traced."""
    cache: Literal["hit", "miss", "coalesced", "bypass"] | None = None
    """How it met the answers that its model keeps; `None` where it keeps none."""
    saved: Tokens | None = None
    """What the answer had cost when it was made, where it was given again."""
    saved_cost: Decimal | None = None
    """What it would have cost this request, by its own prices; `None` where nothing is charged."""
    asked: str | None = None
    """The alias that the client asked for, where `model` is another one: because the client named it for when the first
    one fails, or because a rule hands requests over."""


Record = Opened | Closed | Bodies

_HEAD = struct.Struct("<II")
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Record] = msgspec.msgpack.Decoder(Record)


class DamagedRecord(Exception):
    """The bytes at `offset` are no record: wrong checksum, impossible length, or not decodable."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(f"damaged journal record at offset {offset}: {reason}")
        self.offset = offset
        self.reason = reason


def encode_record(record: Record) -> bytes:
    """The bytes of one journal record."""
    payload = _encoder.encode(record)
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def decode_records(data: bytes | memoryview, offset: int = 0) -> Iterator[tuple[Record, int]]:
    """Yields each whole record from `offset` on, with the offset behind it; stops at an incomplete last one.

    Raises `DamagedRecord` where a record is complete but wrong. An incomplete tail is no error: the writer may be in
    the middle of it, or died there.
    """
    view = memoryview(data)
    size = len(view)
    while offset + _HEAD.size <= size:
        length, checksum = _HEAD.unpack_from(view, offset)
        if length > MAX_RECORD_BYTES:
            raise DamagedRecord(offset, f"length {length}")
        end = offset + _HEAD.size + length
        if end > size:
            return
        payload = view[offset + _HEAD.size : end]
        if zlib.crc32(payload) != checksum:
            raise DamagedRecord(offset, "checksum")
        try:
            record = _decoder.decode(payload)
        except msgspec.MsgspecError as error:
            raise DamagedRecord(offset, str(error)) from error
        offset = end
        yield record, offset
