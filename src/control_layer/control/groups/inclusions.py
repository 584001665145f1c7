"""Groups with their members, for `GET /groups?include=…`: apart from `schemas`, because users include groups too."""

from __future__ import annotations

from collections.abc import Sequence

from control_layer.control.groups.schemas import Group
from control_layer.control.schema import OmitNull
from control_layer.control.users.schemas import User
from control_layer.store import tables

__all__ = ["ListedGroup"]


class ListedGroup(Group):
    """A group with what was asked to be included."""

    users: OmitNull[list[User]]

    @classmethod
    def with_members(cls, row: tables.Group, users: Sequence[tables.User]) -> ListedGroup:
        """The object of a row; a group with nobody in it lacks the key."""
        return cls(**Group.of(row).model_dump(), users=[User.of(user) for user in users] or None)
