"""Journal records come back as they were written; what is damaged is told from what is not whole yet."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.contract.usage import (
    MAX_RECORD_BYTES,
    Attempt,
    AttemptSpan,
    Bodies,
    Closed,
    DamagedRecord,
    Opened,
    Record,
    Tokens,
    Trace,
    decode_records,
    encode_record,
)

COUNTS = st.none() | st.integers(0, 2**62)
TEXTS = st.text(max_size=20)
IDS = st.binary(min_size=16, max_size=16)
SPAN_IDS = st.binary(min_size=8, max_size=8)
SECONDS = st.floats(0, 2**40)
OPENED = st.builds(Opened, IDS, SECONDS, TEXTS, TEXTS, TEXTS, TEXTS, method=TEXTS, path=TEXTS, stream=st.booleans())
BODIES = st.builds(Bodies, IDS, st.binary(max_size=50), st.booleans(), st.binary(max_size=50), st.booleans())
CLOSED = st.builds(
    Closed,
    id=IDS,
    at=SECONDS,
    key_id=TEXTS,
    user_id=TEXTS,
    model=TEXTS,
    model_id=TEXTS,
    method=TEXTS,
    path=TEXTS,
    stream=st.booleans(),
    outcome=st.sampled_from(["completed", "failed", "cancelled"]),
    status=st.integers(100, 599),
    error=st.none() | TEXTS,
    deployment_id=st.none() | TEXTS,
    attempts=st.lists(
        st.builds(Attempt, TEXTS, TEXTS, st.none() | st.integers(100, 599), st.none() | TEXTS, SECONDS), max_size=3
    ).map(tuple),
    first_byte=st.none() | SECONDS,
    duration=SECONDS,
    tokens=st.builds(Tokens, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, st.sampled_from(["provider", "estimate", "none"])),
    finish_reason=st.none() | TEXTS,
    request_bytes=st.integers(0, 2**40),
    response_bytes=st.integers(0, 2**40),
    upstream_request_id=st.none() | TEXTS,
    request_id=st.none() | TEXTS,
    user_agent=st.none() | TEXTS,
    trace=st.none()
    | st.builds(
        Trace,
        IDS,
        SPAN_IDS,
        st.none() | SPAN_IDS,
        TEXTS,
        st.lists(st.builds(AttemptSpan, st.integers(0, 9), SPAN_IDS, SECONDS, TEXTS, TEXTS, TEXTS), max_size=3).map(
            tuple
        ),
        st.none() | TEXTS,
    ),
)
RECORDS: st.SearchStrategy[list[Record]] = st.lists(OPENED | BODIES | CLOSED, min_size=1, max_size=5)


@given(RECORDS)
def test_records_come_back_in_order_with_the_offset_behind_each(records: list[Record]) -> None:
    pieces = [encode_record(record) for record in records]
    data = b"".join(pieces)
    decoded = list(decode_records(data))
    assert [record for record, _ in decoded] == records
    assert [offset for _, offset in decoded] == [len(b"".join(pieces[: n + 1])) for n in range(len(pieces))]
    for offset in [0, *(offset for _, offset in decoded)]:
        assert list(decode_records(memoryview(data), offset)) == [entry for entry in decoded if entry[1] > offset]


@given(RECORDS, st.integers(1, 10_000))
def test_an_incomplete_tail_is_no_damage(records: list[Record], missing: int) -> None:
    pieces = [encode_record(record) for record in records]
    last = len(pieces[-1])
    data = b"".join(pieces)[: -(missing % last or 1)]
    assert [record for record, _ in decode_records(data)] == records[:-1]


@given(RECORDS, st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_never_gives_another_record(records: list[Record], at: int, change: int) -> None:
    data = bytearray(b"".join(map(encode_record, records)))
    data[at % len(data)] ^= change
    decoded: list[Record] = []
    with suppress(DamagedRecord):
        decoded.extend(record for record, _ in decode_records(bytes(data)))
    assert decoded == records[: len(decoded)]
    assert len(decoded) < len(records)


@pytest.mark.parametrize("payload", [b"", b"\xc1", b"\x80", b"\x92\xa6opened\x01"])
def test_a_whole_record_that_says_nothing_we_know_is_damage(payload: bytes) -> None:
    first = encode_record(Bodies(bytes(16), b"", False, b"", False))
    data = first + struct.pack("<II", len(payload), zlib.crc32(payload)) + payload
    decoded = decode_records(data)
    assert next(decoded)[1] == len(first)
    with pytest.raises(DamagedRecord) as caught:
        next(decoded)
    assert caught.value.offset == len(first)


def test_an_impossible_length_is_damage_at_once() -> None:
    with pytest.raises(DamagedRecord):
        list(decode_records(struct.pack("<II", MAX_RECORD_BYTES + 1, 0)))


@given(st.binary(max_size=200))
def test_any_bytes_give_records_or_damage(data: bytes) -> None:
    with suppress(DamagedRecord):
        list(decode_records(data))
