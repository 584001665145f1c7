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
    member_count: OmitNull[int]
    """With `include=counts`, where the caller may read users. Everybody is in Everyone."""
    model_count: OmitNull[int]
    """With `include=counts`."""

    @classmethod
    def including(
        cls, row: tables.Group, models: Sequence[Model], *, member_count: int | None, model_count: int | None
    ) -> ListedGroup:
        """The object of a row, but for the people."""
        return cls(
            **Group.of(row).model_dump(),
            users=None,
            models=list(models) or None,
            member_count=member_count,
            model_count=model_count,
        )

    def json_with(self, people: Sequence[bytes]) -> list[bytes]:
        """This object as JSON, in pieces, with `people` as its users: there may be tens of thousands."""
        written = self.model_dump_json().encode()
        if not people:
            return [written]
        return [written[:-1], b',"users":[', *_separated(people), b"]}"]


def _separated(people: Sequence[bytes]) -> list[bytes]:
    pieces = [b","] * (2 * len(people) - 1)
    pieces[::2] = people
    return pieces
