"""The audit log's chain of hashes, computed apart from the database and compared with what it holds.

Each row's hash is the SHA-256 of its canonical text: netstrings, one a line, of the hash before it and all its values.
Whoever alters rows behind the triggers' back can reseal them; the head's hash, kept elsewhere, finds that out too.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import asyncpg

__all__ = ["GENESIS", "Damage", "Damaged", "Entry", "Verified", "entries", "entry_of", "verify"]

GENESIS = bytes(32)
"""What the first row names as the hash before it."""

_FORMAT = "control-layer audit 1"
_BATCH = 1000
_FARTHEST_MOVE = 1000
_COLUMNS = """
    sequence, previous_hash, hash, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), actor, key_id::text,
    peer, user_agent, request_id, resource, resource_id, operation, before::text, after::text
"""


class Damage(StrEnum):
    """What was done to the log."""

    EDITED = "edited"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class Damaged:
    """The first place where the chain does not hold."""

    sequence: int
    damage: Damage


@dataclass(frozen=True, slots=True)
class Verified:
    """The chain from its beginning to `head`. With `damaged`, up to the last row that can be trusted."""

    rows: int
    head: bytes
    damaged: Damaged | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as the chain sees it."""

    sequence: int
    previous_hash: bytes
    hash: bytes
    values: tuple[str | None, ...] = field(repr=False)
    """Time, actor, key, peer, user agent, request id, resource, its id, operation, before, after: as text."""

    def sealed_hash(self, sequence: int | None = None) -> bytes:
        """What `hash` must be, here or at another place in the log."""
        place = self.sequence if sequence is None else sequence
        texts = (self.previous_hash.hex(), str(place), *self.values)
        return hashlib.sha256("\n".join((_FORMAT, *map(_netstring, texts))).encode()).digest()

    @property
    def intact(self) -> bool:
        """Whether nothing in it has changed since it was sealed."""
        return self.hash == self.sealed_hash()

    @property
    def moved_up(self) -> bool:
        """Whether it was sealed for a later place, and renumbered to close a gap."""
        later = range(self.sequence + 1, self.sequence + 1 + _FARTHEST_MOVE)
        return any(self.hash == self.sealed_hash(place) for place in later)


def _netstring(text: str | None) -> str:
    return "-" if text is None else f"{len(text.encode())}:{text}"


async def verify(connection: asyncpg.Connection[Any], *, expected_head: bytes | None = None) -> Verified:
    """Walks the chain from its beginning to the first damage, in batches.

    `expected_head` was the head once, so it must still be the hash of some row.
    """
    last = Entry(0, b"", GENESIS, ())
    rows, found = 0, expected_head is None
    async for entry in entries(connection):
        if entry.sequence != last.sequence + 1 or entry.previous_hash != last.hash or not entry.intact:
            return Verified(rows, last.hash, await _examined(connection, last, entry))
        rows, last, found = rows + 1, entry, found or entry.hash == expected_head
    damaged = None if found else Damaged(last.sequence + 1, Damage.TRUNCATED)
    return Verified(rows, last.hash, damaged)


async def entries(connection: asyncpg.Connection[Any]) -> AsyncIterator[Entry]:
    """All rows by sequence, those that no chain would have among them."""
    batch = await connection.fetch(f"SELECT {_COLUMNS} FROM audit_log ORDER BY sequence LIMIT {_BATCH}")  # noqa: S608
    while batch:
        for row in batch:
            yield entry_of(row)
        batch = await connection.fetch(
            f"SELECT {_COLUMNS} FROM audit_log WHERE sequence > $1 ORDER BY sequence LIMIT {_BATCH}",  # noqa: S608
            batch[-1][0],
        )


def entry_of(row: asyncpg.Record) -> Entry:
    """The entry of a row with the chain's columns."""
    sequence, previous_hash, hash_, *values = row
    return Entry(sequence, previous_hash, hash_, tuple(values))


async def _examined(connection: asyncpg.Connection[Any], last: Entry, entry: Entry) -> Damaged:
    """What happened where `entry` does not follow `last`, up to which the chain holds."""
    expected = last.sequence + 1
    if entry.sequence < expected:  # only before the first row: the numbers begin with 1
        return Damaged(entry.sequence, Damage.INSERTED)
    if entry.previous_hash == last.hash:
        return Damaged(entry.sequence, Damage.EDITED)
    if entry.previous_hash == last.previous_hash:  # both claim one place, and the later one was moved away from it
        copy = entry.hash == last.hash
        return Damaged(entry.sequence if copy else last.sequence, Damage.INSERTED)
    if await _count(connection, "previous_hash", last.hash):  # the row that belongs here stands elsewhere
        genuine = await _count(connection, "hash", entry.previous_hash)
        copied = await _count(connection, "hash", entry.hash) > 1
        return Damaged(expected, Damage.REORDERED if genuine and not copied else Damage.INSERTED)
    if entry.sequence > expected or entry.moved_up:
        return Damaged(expected, Damage.REMOVED)
    if entry.intact and last.sequence:  # it names another row before it: that one was altered and sealed anew
        return Damaged(last.sequence, Damage.EDITED)
    return Damaged(entry.sequence, Damage.EDITED)


async def _count(connection: asyncpg.Connection[Any], column: str, hash_: bytes) -> int:
    # Nothing is indexed for this: it is asked once, of a log that is damaged.
    count: int = await connection.fetchval(f"SELECT count(*) FROM audit_log WHERE {column} = $1", hash_)  # noqa: S608
    return count
