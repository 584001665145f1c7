"""The API's ids by the file's names."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from control_layer.operator.declarative.limit_specs import Subject
from control_layer.operator.declarative.resources import Name

__all__ = ["Ids"]


@dataclass(slots=True)
class Ids:
    """Grows with what is created."""

    endpoints: dict[str, uuid.UUID] = field(default_factory=dict)
    models: dict[str, uuid.UUID] = field(default_factory=dict)
    groups: dict[str, uuid.UUID] = field(default_factory=dict)
    users: dict[str, uuid.UUID] = field(default_factory=dict)
    keys: dict[Name, uuid.UUID] = field(default_factory=dict)
    guardrails: dict[Name, uuid.UUID] = field(default_factory=dict)
    rate_limits: dict[Name, uuid.UUID] = field(default_factory=dict)
    budgets: dict[Name, uuid.UUID] = field(default_factory=dict)
    probes: dict[Name, uuid.UUID] = field(default_factory=dict)

    def subject(self, kind: str, subject: Subject) -> uuid.UUID:
        """Whose requests count."""
        if kind == "key":
            return self.keys[subject]
        return {"group": self.groups, "model": self.models, "user": self.users}[kind][subject[0]]

    def subjects(self) -> Mapping[tuple[str, uuid.UUID], Subject]:
        """Everybody whose requests may count, by kind and id."""
        return dict(self._subjects())

    def _subjects(self) -> Iterator[tuple[tuple[str, uuid.UUID], Subject]]:
        for kind, names in (("group", self.groups), ("model", self.models), ("user", self.users)):
            yield from (((kind, each), (name,)) for name, each in names.items())
        yield from ((("key", each), name) for name, each in self.keys.items())
