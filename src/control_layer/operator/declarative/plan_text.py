"""A plan for a reviewer: one resource after the other, field by field, `+` new, `~` changed, `-` gone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from control_layer.operator.declarative.plan import Action, Change, FieldChange, Plan
from control_layer.operator.declarative.resources import SECRETS

__all__ = ["plan_lines", "plan_object", "summary"]

_MARKS = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-"}


def plan_lines(plan: Plan) -> Iterator[str]:
    """The text, line by line."""
    for change in plan.changes:
        note = f"  ({change.note})" if change.note else ""
        yield f"{_MARKS[change.action]} {change.label}{note}"
        for field in change.fields:
            if not _goes_without_saying(change, field):
                yield from (f"    {line}" for line in _field_lines(change, field))
    yield from (f"! {remark}" for remark in plan.remarks)


def plan_object(plan: Plan) -> list[dict[str, Any]]:
    """The changes for a program."""
    return [
        {
            "action": change.action,
            "kind": change.kind,
            "name": list(change.name),
            "fields": [asdict(field) for field in change.fields],
        }
        for change in plan.changes
    ]


def summary(plan: Plan) -> str:
    """How much there is to do."""
    counts = Counter(change.action for change in plan.changes)
    if not counts:
        return "No changes: everything is as the file says."
    return f"{counts[Action.CREATE]} to create, {counts[Action.UPDATE]} to change, {counts[Action.DELETE]} to delete."


def _goes_without_saying(change: Change, field: FieldChange) -> bool:
    return field.field == "type" or (field.field == "model_name" and (field.after,) == change.name)


def _field_lines(change: Change, field: FieldChange) -> Iterator[str]:
    if field.field in SECRETS:
        assert isinstance(field.after, dict)
        variable, file = field.after.get("env"), field.after.get("file")
        yield f"{field.field}: from {f'${variable}' if variable else f'the file {file}'}"
    elif isinstance(field.before, list) or isinstance(field.after, list):
        yield from _list_lines(field)
    elif change.action is Action.CREATE:
        yield f"{field.field}: {_shown(field.after)}"
    else:
        yield f"{field.field}: {_shown(field.before)} → {_shown(field.after)}"


def _list_lines(field: FieldChange) -> Iterator[str]:
    """What comes and what goes; the whole list where only its order changes."""
    before = [_shown(item) for item in field.before] if isinstance(field.before, list) else []
    after = [_shown(item) for item in field.after] if isinstance(field.after, list) else []
    gone = [item for item in before if item not in after]
    new = [item for item in after if item not in before]
    yield f"{field.field}:" if gone or new else f"{field.field}: {', '.join(before)} → {', '.join(after)}"
    yield from (f"  - {item}" for item in gone)
    yield from (f"  + {item}" for item in new)


def _shown(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, str):
        return value if value.isprintable() and value == value.strip() and value else json.dumps(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(item)}" for key, item in value.items() if item is not None) + "}"
    return json.dumps(value, ensure_ascii=False)
