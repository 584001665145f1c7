"""Which models a caller sees, and what of them (§3.3, §4.5.1). Decided here and nowhere else."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select, true

from control_layer.control.permissions import Operation, Resource
from control_layer.control.principal import Principal
from control_layer.store import tables

__all__ = ["Sight", "accessible_to", "grants_of"]


def grants_of(users: Collection[uuid.UUID]) -> ColumnElement[bool]:
    """The grants by which any of these users can use models: to Everyone, or to a group that one of them is in. Roles
    do not matter."""
    member_of = select(tables.GroupMember.group_id).where(tables.GroupMember.user_id.in_(users))
    return or_(tables.GroupModel.group_id == tables.NIL, tables.GroupModel.group_id.in_(member_of))


def accessible_to(user_id: uuid.UUID) -> ColumnElement[bool]:
    """The models a user can use."""
    return tables.Model.id.in_(select(tables.GroupModel.model_id).where(grants_of([user_id])))


@dataclass(frozen=True, slots=True)
class Sight:
    """A caller's rights, as far as they decide what is shown."""

    user_id: uuid.UUID
    every_model: bool
    deleted_and_inactive: bool
    creators: bool
    rate_limits: bool
    groups: bool
    metrics: bool
    pricing: bool

    @classmethod
    def of(cls, caller: Principal) -> Sight:
        """What the caller's roles permit."""

        def reads(resource: Resource) -> bool:
            return caller.may(Operation.READ, resource)

        return cls(
            user_id=caller.id,
            every_model=reads(Resource.MODELS),
            deleted_and_inactive=reads(Resource.SYSTEM_ACCESS),
            creators=reads(Resource.USERS),
            rate_limits=reads(Resource.MODEL_RATE_LIMITS),
            groups=reads(Resource.GROUPS),
            metrics=reads(Resource.ANALYTICS),
            pricing=reads(Resource.PRICING),
        )

    def reachable(self) -> ColumnElement[bool]:
        """The models that exist for the caller, whatever their state."""
        return true() if self.every_model else accessible_to(self.user_id)

    def usable(self) -> ColumnElement[bool]:
        """The models the caller could call."""
        return accessible_to(self.user_id)

    def listed(self, *, deleted: bool, inactive: bool) -> ColumnElement[bool]:
        """The models of the list. `deleted` adds the deleted ones, `inactive` leaves only inactive ones."""
        deleted, inactive = deleted and self.deleted_and_inactive, inactive and self.deleted_and_inactive
        alive = true() if deleted else tables.Model.deleted_at.is_(None)
        return self.reachable() & alive & (tables.Model.status == ("inactive" if inactive else "active"))

    def opened(self, *, deleted: bool, inactive: bool) -> ColumnElement[bool]:
        """The models that can be looked at one by one: each flag adds its kind."""
        deleted, inactive = deleted and self.deleted_and_inactive, inactive and self.deleted_and_inactive
        alive = true() if deleted else tables.Model.deleted_at.is_(None)
        return self.reachable() & alive & (true() if inactive else tables.Model.status == "active")
