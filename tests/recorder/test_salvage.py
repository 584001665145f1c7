"""Behind any damage, reading goes on at the next record that is really one."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.recorder.journals import bodies, closed, opened

from control_layer.contract.usage import Record, encode_record
from control_layer.recorder.batches import next_batch
from control_layer.recorder.journal import Segment

_ids = st.binary(min_size=16, max_size=16)
_records: st.SearchStrategy[Record] = st.one_of(
    st.builds(lambda event_id: opened(event_id), _ids),
    st.builds(lambda event_id: closed(event_id), _ids),
    st.builds(lambda event_id, request, response: bodies(event_id, request, response), _ids, st.binary(), st.binary()),
)


class _Memory(Segment):
    """A segment that is not on a disk."""

    def __init__(self, data: bytes) -> None:
        super().__init__(1, Path(), final=True)
        object.__setattr__(self, "_data", data)

    _data: bytes

    def size(self) -> int:
        return len(self._data)

    def read(self, position: int, length: int) -> bytes:
        return self._data[position : position + length]


def _read_all(data: bytes) -> list[Record]:
    segment, position, records = _Memory(data), 0, list[Record]()
    while (batch := next_batch(segment, position, written_out=True)) is not None:
        assert batch.end > position, "reading goes forward"
        position = batch.end
        records += batch.records
    return records


@given(st.lists(_records, max_size=8))
def test_whole_segments_are_read_whole(records: list[Record]) -> None:
    assert _read_all(b"".join(map(encode_record, records))) == records


@given(st.lists(_records, min_size=1, max_size=8), st.data())
def test_a_cut_segment_gives_every_whole_record(records: list[Record], data: st.DataObject) -> None:
    pieces = [encode_record(record) for record in records]
    whole = b"".join(pieces)
    cut = data.draw(st.integers(0, len(whole)))
    kept, size = 0, 0
    while kept < len(pieces) and size + len(pieces[kept]) <= cut:
        size += len(pieces[kept])
        kept += 1
    assert _read_all(whole[:cut]) == records[:kept]
    assert _read_all(whole[:cut] + bytes(64)) == records[:kept], "zeros behind it are a file system's doing"


@given(st.lists(_records, min_size=2, max_size=8), st.data())
def test_a_damaged_record_costs_no_other(records: list[Record], data: st.DataObject) -> None:
    pieces = [bytearray(encode_record(record)) for record in records]
    hit = data.draw(st.integers(0, len(pieces) - 2))
    place = data.draw(st.integers(0, len(pieces[hit]) - 1))
    pieces[hit][place] ^= data.draw(st.integers(1, 255))
    # A false length that leads to a later record's beginning by chance cannot be told from a true one.
    length = int.from_bytes(pieces[hit][:4], "little")
    assume(8 + length not in set(accumulate(map(len, pieces[hit:]))) - {len(pieces[hit])})
    assert _read_all(b"".join(pieces)) == records[:hit] + records[hit + 1 :]


def test_a_checksum_that_looks_like_an_arrays_head_hides_nothing() -> None:
    misleading = next(
        record
        for record in (opened(number.to_bytes(16, "big")) for number in range(100_000))
        if encode_record(record)[6] == 0xDC
    )
    damaged = bytearray(encode_record(opened(bytes(16))))
    damaged[0] ^= 1
    assert _read_all(bytes(damaged) + encode_record(misleading)) == [misleading]


@given(st.lists(_records, min_size=1, max_size=3), st.integers(0, 255))
def test_what_a_client_wrote_is_never_taken_for_a_record(forged: list[Record], flipped: int) -> None:
    victim, real = bytes(16), b"r" * 16
    body = b"".join(map(encode_record, forged))
    damaged = bytearray(encode_record(bodies(victim, request=body)))
    damaged[2] ^= 0x40  # the length: the body's record can no longer be stepped over
    damaged[0] ^= flipped
    assert _read_all(bytes(damaged) + encode_record(closed(real))) == [closed(real)]


@given(st.binary(max_size=400))
def test_reading_noise_ends(noise: bytes) -> None:
    _read_all(noise)
