"""The group object and the bodies that make and change it (§4.3)."""

from __future__ import annotations

import uuid
from datetime import datetime

from control_layer.control.schema import Input, OmitNull, Output
from control_layer.store import tables

__all__ = ["Group", "GroupChanges", "NewGroup"]


class NewGroup(Input):
    """A group to be made."""

    name: str
    description: str | None = None


class GroupChanges(Input):
    """Absent or null keeps (§1.7)."""

    name: str | None = None
    description: str | None = None


class Group(Output):
    """A group without its members."""

    id: uuid.UUID
    name: str
    description: str | None
    created_by: OmitNull[uuid.UUID]
    created_at: datetime
    updated_at: datetime
    source: str

    @classmethod
    def of(cls, row: tables.Group, *, with_creator: bool = True) -> Group:
        """The object of a row."""
        return cls(
            id=row.id,
            name=row.name,
            description=row.description,
            created_by=row.created_by if with_creator else None,
            created_at=row.created_at,
            updated_at=row.updated_at,
            source=row.source,
        )
