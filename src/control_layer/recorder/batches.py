"""What can be recorded next from a segment: a run of whole records, or the end of a damage."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from control_layer.contract.usage import DamagedRecord, Record, decode_records
from control_layer.recorder.journal import Segment
from control_layer.recorder.salvage import next_whole_record, only_zeros

__all__ = ["Batch", "next_batch"]

_MOST_RECORDS = 4000
_CHUNK_BYTES = 2 * 1024 * 1024
"""Both keep a batch to some tens of milliseconds of the control plane's time, and of its memory to some 10 MB."""
_HEAD = struct.Struct("<II")


@dataclass(frozen=True, slots=True)
class Batch:
    """The records between two positions of a segment; or none and `damage`, when what stands there is lost."""

    start: int
    records: list[Record]
    ends: list[int]
    """The position behind each record, or behind the damage."""
    damage: str | None = None

    @property
    def end(self) -> int:
        """The position behind all of it."""
        return self.ends[-1]

    @property
    def full(self) -> bool:
        """More may be there at once."""
        return len(self.records) >= _MOST_RECORDS or self.end - self.start >= _CHUNK_BYTES // 2

    def halves(self) -> tuple[Batch, Batch]:
        """Two batches of at least one record each."""
        middle = len(self.records) // 2
        first, second = self.records[:middle], self.records[middle:]
        return (
            Batch(self.start, first, self.ends[:middle]),
            Batch(self.ends[middle - 1], second, self.ends[middle:]),
        )


def next_batch(segment: Segment, position: int, *, written_out: bool) -> Batch | None:
    """The batch at `position`; `None` when there is none (yet). Raises OSError.

    `written_out`: nobody writes to this segment any more. Only then is a tail that is no record given up: a torn last
    record is normal where a process died, and no damage.
    """
    data = segment.read(position, _CHUNK_BYTES)
    if len(data) >= _HEAD.size:
        (length, _) = _HEAD.unpack_from(data)
        if length + _HEAD.size > len(data) == _CHUNK_BYTES:
            data = segment.read(position, length + _HEAD.size)
    records: list[Record] = []
    ends: list[int] = []
    damage: str | None = None
    try:
        for record, end in decode_records(data):
            records.append(record)
            ends.append(position + end)
            if len(records) == _MOST_RECORDS:
                break
    except DamagedRecord as error:
        damage = error.reason
    if records:
        return Batch(position, records, ends)
    if damage is None and not written_out:
        return None
    return _behind_damage(segment, position, damage, written_out=written_out)


def _behind_damage(segment: Segment, position: int, damage: str | None, *, written_out: bool) -> Batch | None:
    """`damage` is `None` for a last record that is not whole."""
    rest = segment.read(position, max(segment.size() - position, 0))
    if only_zeros(rest, 0):
        return None
    found = next_whole_record(rest, 0)
    if found is None and damage is not None and written_out:
        found = len(rest)
    return None if found is None else Batch(position, [], [position + found], damage or "length")
