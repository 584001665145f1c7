"""Frames of updates, for gateways and for the persisted file: a difference in one, a whole state in many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from control_layer.contract.frames import frame
from control_layer.contract.snapshot import Update
from control_layer.control.snapshots.state import Difference, Rows

__all__ = ["delta_frame", "whole_pieces"]

_ROWS_PER_PIECE = 4000
"""Rows are 100 to 300 bytes: a piece is around a megabyte, and takes a few milliseconds to make or to apply."""
_ENDPOINTS_PER_PIECE = 100
"""An endpoint may bring 256 KiB of certificates, and a frame holds 64 MiB."""

_encode = msgspec.msgpack.Encoder().encode
T = TypeVar("T")


def whole_pieces(rows: Rows, version: int) -> Iterator[bytes]:
    """`rows` as version `version` from nothing. Made as they are asked for: a slow reader costs no memory."""
    for endpoints in _slices(rows.endpoints, _ENDPOINTS_PER_PIECE):
        yield _framed(Update(version=version, base=0, final=False, endpoints=endpoints))
    for users in _slices(rows.users, _ROWS_PER_PIECE):
        yield _framed(Update(version=version, base=0, final=False, users=users))
    for keys in _slices(rows.keys, _ROWS_PER_PIECE):
        yield _framed(Update(version=version, base=0, final=False, keys=keys))
    for models in _slices(rows.models, _ROWS_PER_PIECE):
        yield _framed(Update(version=version, base=0, final=False, models=models))
    for budgets in _slices(rows.budgets, _ROWS_PER_PIECE):
        yield _framed(Update(version=version, base=0, final=False, budgets=budgets))
    for limits in _slices(rows.limits, _ROWS_PER_PIECE):
        yield _framed(Update(version=version, base=0, final=False, limits=limits))
    for guardrails in _slices(rows.guardrails, _ROWS_PER_PIECE):
        yield _framed(Update(version=version, base=0, final=False, guardrails=guardrails))
    for purges in _slices(rows.purges, _ROWS_PER_PIECE):
        yield _framed(Update(version=version, base=0, final=False, purges=purges))
    yield _framed(Update(version=version, base=0, final=True))


def delta_frame(difference: Difference, base: int, version: int) -> bytes:
    """The way from `base` to `version` in one frame: differences are read in batches that fit."""
    update = Update(
        version=version,
        base=base,
        final=True,
        keys=tuple(difference.keys.put),
        users=tuple(difference.users.put),
        models=tuple(difference.models.put),
        endpoints=tuple(difference.endpoints.put),
        gone_keys=tuple(difference.keys.gone),
        gone_users=tuple(difference.users.gone),
        gone_models=tuple(difference.models.gone),
        gone_endpoints=tuple(difference.endpoints.gone),
        budgets=tuple(difference.budgets.put),
        limits=tuple(difference.limits.put),
        gone_budgets=tuple(difference.budgets.gone),
        gone_limits=tuple(difference.limits.gone),
        guardrails=tuple(difference.guardrails.put),
        gone_guardrails=tuple(difference.guardrails.gone),
        purges=tuple(difference.purges.put),
        gone_purges=tuple(difference.purges.gone),
    )
    return _framed(update)


def _framed(update: Update) -> bytes:
    return frame(_encode(update))


def _slices(rows: list[T], size: int) -> Iterator[tuple[T, ...]]:
    for start in range(0, len(rows), size):
        yield tuple(rows[start : start + size])
