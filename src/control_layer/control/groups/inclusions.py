"""Groups with members and models, for `GET /groups?include=…`: apart from `schemas`, as both include groups in turn."""

from __future__ import annotations

from collections.abc import Sequence

from control_layer.control.groups.schemas import Group
from control_layer.control.models.views import Model
from control_layer.control.schema import OmitNull
from control_layer.control.users.schemas import User
from control_layer.store import tables

__all__ = ["ListedGroup"]


class ListedGroup(Group):
    """A group with what was asked to be included. A group with nobody in it, or no model, lacks the key."""

    users: OmitNull[list[User]]
    models: OmitNull[list[Model]]

    @classmethod
    def including(cls, row: tables.Group, users: Sequence[tables.User], models: Sequence[Model]) -> ListedGroup:
        """The object of a row."""
        shown = [User.of(user) for user in users]
        return cls(**Group.of(row).model_dump(), users=shown or None, models=list(models) or None)
