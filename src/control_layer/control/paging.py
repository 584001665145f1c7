"""Offset pagination (§1.3): `skip` and `limit` on the way in, the envelope on the way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends

from control_layer.control.schema import Output

__all__ = ["Page", "Paging"]

_Item = TypeVar("_Item")
_DEFAULT_LIMIT = 10
_MAX_LIMIT = 101  # clients ask for 100 + 1 to see whether there is a next page
_MAX_SKIP = 2**63 - 1  # Postgres's bigint


@dataclass(frozen=True, slots=True)
class _Paging:
    skip: int
    limit: int


def _paging(skip: int = 0, limit: int = _DEFAULT_LIMIT) -> _Paging:
    return _Paging(min(max(skip, 0), _MAX_SKIP), min(max(limit, 1), _MAX_LIMIT))


Paging = Annotated[_Paging, Depends(_paging)]
"""Which rows are asked for; clamped, never refused."""


class Page(Output, Generic[_Item]):
    """The envelope. `total_count` counts what matches and is visible to the caller."""

    data: list[_Item]
    total_count: int
    skip: int
    limit: int

    @classmethod
    def of(cls, rows: Sequence[_Item], total: int, paging: _Paging) -> Page[_Item]:
        """A page of `rows` out of `total`."""
        return cls(data=list(rows), total_count=total, skip=paging.skip, limit=paging.limit)

    @staticmethod
    def in_json(rows: Sequence[Sequence[bytes]], total: int, paging: _Paging) -> bytes:
        """A page of rows that are JSON already, each in pieces: all are joined once, as a page may have megabytes."""
        pieces = [b'{"data":[']
        for number, row in enumerate(rows):
            if number:
                pieces.append(b",")
            pieces += row
        pieces.append(b'],"total_count":%d,"skip":%d,"limit":%d}' % (total, paging.skip, paging.limit))
        return b"".join(pieces)
