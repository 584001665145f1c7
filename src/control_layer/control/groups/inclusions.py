"""Groups with what is in them, for `GET /groups?include=…`; apart from `schemas`: users include groups too."""

from __future__ import annotations

from collections.abc import Sequence

from control_layer.control.groups.schemas import Group
from control_layer.control.models.views import Model
from control_layer.control.schema import OmitNull
from control_layer.control.users.schemas import User
from control_layer.store import tables

__all__ = ["ListedGroup"]


class ListedGroup(Group):
    """A group with what was asked to be included."""

    users: OmitNull[list[User]]
    models: OmitNull[list[Model]]

    @classmethod
    def holding(cls, row: tables.Group, users: Sequence[User], models: Sequence[Model]) -> ListedGroup:
        """The object of a row; where there is nothing to include the key is left out."""
        return cls(**Group.of(row).model_dump(), users=list(users) or None, models=list(models) or None)
