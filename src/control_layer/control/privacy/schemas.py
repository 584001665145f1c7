"""The redaction rule object and the bodies that make, change and try rules."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import Field

from control_layer.control.schema import Flag, Input, Output
from control_layer.redaction import BUILT_IN
from control_layer.store import tables

__all__ = ["Erased", "NewRedactionRule", "Preview", "Previewed", "RedactionRule", "RedactionRuleChanges"]

_Name = Annotated[
    str, Field(min_length=1, max_length=100, pattern=r"^[a-z0-9][a-z0-9_.-]*$", examples=["employee_ids"])
]
_Pattern = Annotated[str, Field(min_length=1, max_length=4000, examples=[r"\bEMP-[0-9]{6}\b"])]
_Replacement = Annotated[str, Field(max_length=200, examples=["[employee id]"])]


class NewRedactionRule(Input):
    """A rule to be made."""

    name: _Name
    """What counts and metrics call it: lower-case letters, digits, dots, dashes and underscores."""
    pattern: _Pattern
    """A regular expression as RE2 understands it: there are no lookarounds and no backreferences."""
    replacement: _Replacement | None = None
    """What stands in the place of what is found; absent for the name in brackets. It is taken as it is."""
    enabled: Flag = True


class RedactionRuleChanges(Input):
    """What changes in a rule. Absent and null keep; the pattern of a rule that comes with us stays."""

    pattern: _Pattern | None = None
    replacement: _Replacement | None = None
    enabled: Flag | None = None


class RedactionRule(Output):
    """A rule."""

    id: uuid.UUID
    name: str
    pattern: str
    replacement: str
    enabled: bool
    built_in: bool
    """Whether it comes with us: it can be switched off, and cannot be deleted."""
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: tables.RedactionRule) -> RedactionRule:
        """The object of a row."""
        ours = BUILT_IN.get(row.name)
        return cls(
            id=row.id,
            name=row.name,
            pattern=row.pattern or ("" if ours is None else ours.pattern),
            replacement=row.replacement,
            enabled=row.enabled,
            built_in=row.pattern is None,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class Preview(Input):
    """A body to try rules on."""

    text: Annotated[str, Field(max_length=1_000_000, examples=['{"content": "I am jo@example.org"}'])]
    """As it would be kept: JSON, a stream of events, or anything else."""
    rules: list[_Name] | None = None
    """Names of rules, enabled or not; absent for those that are enabled."""


class Previewed(Output):
    """What would be kept."""

    text: str
    found: dict[str, int]
    """How often each rule found something."""


class Erased(Output):
    """What was erased."""

    erased: int
    """Requests whose bodies are gone."""
    more: bool
    """Whether there are more of them: ask again."""
