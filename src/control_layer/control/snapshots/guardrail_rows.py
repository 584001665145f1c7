"""Guardrails that are switched on, as gateways are told them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, Select, Text, cast, select

from control_layer.contract.guardrails import Guardrail
from control_layer.store import tables

__all__ = ["GUARDRAILS", "GUARDRAIL_ID", "guardrail_of"]

_MILLISECONDS = 1000

GUARDRAIL_ID = tables.Guardrail.id
GUARDRAILS: Select[*tuple[Any, ...]] = select(
    cast(tables.Guardrail.id, Text),
    tables.Guardrail.name,
    tables.Guardrail.position,
    tables.Guardrail.stage,
    tables.Guardrail.kind,
    cast(tables.Guardrail.model_ids, ARRAY(Text)),
    cast(tables.Guardrail.group_ids, ARRAY(Text)),
    tables.Guardrail.pattern,
    tables.Guardrail.replacement,
    tables.Guardrail.url,
    tables.Guardrail.timeout_ms,
    tables.Guardrail.fail,
    tables.Guardrail.whole_stream,
    tables.Guardrail.sealed_secret,
    tables.Guardrail.window_characters,
).where(tables.Guardrail.enabled)


def guardrail_of(row: Sequence[Any]) -> Guardrail:
    """The snapshot's row of one of `GUARDRAILS`."""
    row_id, name, position, stage, kind, models, groups, pattern, replacement, url, timeout, fail, *more = row
    whole, secret, window = more
    return Guardrail(
        id=row_id,
        name=name,
        position=position,
        stage=stage,
        kind=kind,
        models=None if models is None else tuple(models),
        groups=None if groups is None else tuple(groups),
        pattern=pattern or "",
        replacement=replacement or "",
        url=url or "",
        timeout=(timeout or 0) / _MILLISECONDS,
        fail=fail or "closed",
        whole=whole,
        sealed_secret=secret,
        window=window,
    )
