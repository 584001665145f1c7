"""Reading on behind a damaged record. Pure.

Damage is rare (a bad disk, a crashed machine), and what stands in a journal is partly written by clients: bodies may
imitate records. So a place behind the damage counts as a record's beginning only when everything from there to the end
of the segment reads as records.
"""

from __future__ import annotations

import re
import struct
from itertools import islice

from control_layer.contract.usage import MAX_RECORD_BYTES, DamagedRecord, decode_records

__all__ = ["next_whole_record", "only_zeros"]

_HEAD = struct.Struct("<II")
_TAG = re.compile(rb"\xa6(?:opened|closed|bodies)")
_ARRAY_HEADS = (3, 1)
"""Bytes that stand before the tag, which is the first item of an array: `dc` and a u16, or one byte for a short one."""
_MOST_CANDIDATES = 256
"""A real record is the first one or nearly; more are made by somebody who wants us to check sums for hours."""


def next_whole_record(data: bytes, damaged: int) -> int | None:
    """Where reading can go on in `data` (the rest of a segment) behind the damage at `damaged`.

    `None` when nothing more can be read.
    """
    if len(data) - damaged >= _HEAD.size:
        (length, _) = _HEAD.unpack_from(data, damaged)
        behind = damaged + _HEAD.size + int(length)
        # The length is whole when another record, or the end, stands where it points.
        if length <= MAX_RECORD_BYTES and (behind == len(data) or _begins_record(data, behind)):
            return behind
    tags = islice(_TAG.finditer(data, damaged + 1), _MOST_CANDIDATES)
    starts = (tag.start() - head - _HEAD.size for tag in tags for head in _ARRAY_HEADS)
    return next((start for start in starts if start > damaged and _reads_to_the_end(data, start)), None)


def only_zeros(data: bytes, start: int) -> bool:
    """Whether nothing but zeros follows: space that a crashed machine's file system gave and never filled."""
    return not data[start:].strip(b"\0")


def _begins_record(data: bytes, start: int) -> bool:
    try:
        return next(decode_records(data, start), None) is not None
    except DamagedRecord:
        return False


def _reads_to_the_end(data: bytes, start: int) -> bool:
    try:
        ends = [end for _, end in decode_records(data, start)]
    except DamagedRecord:
        return False
    return bool(ends) and ends[-1] == len(data)
