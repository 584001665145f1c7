"""The user object and the bodies that make and change it (§4.1)."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from control_layer.control.groups.schemas import Group
from control_layer.control.permissions import Operation, Resource, Role
from control_layer.control.schema import Flag, Input, Number, OmitNull, Output
from control_layer.store import tables

__all__ = [
    "NewPassword",
    "NewUser",
    "OrganizationMembership",
    "PasswordSet",
    "Permission",
    "User",
    "UserChanges",
]


class NewUser(Input):
    """An account made by an administrator. It has no password: see `POST /users/{user_id}/password`."""

    username: str
    email: str
    roles: list[Role]
    display_name: str | None = None
    avatar_url: str | None = None
    sign_in: Literal["password", "proxy"] = "proxy"
    """`password`: the person signs in with one, as soon as they were given it; `proxy`: a trusted proxy says who they
    are.
    """


class UserChanges(Input):
    """Absent keeps. Null clears the four amounts, and keeps everything else (§1.7)."""

    display_name: str | None = None
    avatar_url: str | None = None
    roles: list[Role] | None = None
    batch_notifications_enabled: Flag | None = None
    low_balance_threshold: Number | None = None
    auto_topup_amount: Number | None = None
    auto_topup_threshold: Number | None = None
    auto_topup_monthly_limit: Number | None = None
    zero_data_retention: Flag | None = None
    is_active: Flag | None = None
    """False stops the person and their keys at once; true brings them back. Takes the right to change everybody."""


class NewPassword(Input):
    """A password chosen by an administrator; absent or null, one is generated."""

    password: SecretStr | None = None


class PasswordSet(Output):
    """The password is in force. `password` is there only where it was generated: this is the only time it is shown."""

    password: Annotated[OmitNull[str], Field(repr=False)]


class OrganizationMembership(Output):
    """An organization that a user belongs to."""

    id: uuid.UUID
    name: str
    role: str
    can_manage_keys: bool
    zero_data_retention: bool
    verified: bool


class Permission(Output):
    """What the caller may do with the objects of one resource."""

    resource: Resource
    all: list[Operation]
    """On everybody's."""
    own: list[Operation]
    """On their own."""


class User(Output):
    """An account as callers see it."""

    id: uuid.UUID
    username: str
    email: str
    display_name: str | None
    avatar_url: str | None
    is_admin: bool
    is_active: bool
    """False for a disabled account: its sessions and keys are refused everywhere."""
    roles: list[str]
    created_at: datetime
    updated_at: datetime
    last_login: datetime | None
    auth_source: str
    external_user_id: str | None
    has_payment_provider_id: bool
    has_auto_topup_payment_method: bool
    batch_notifications_enabled: bool
    low_balance_threshold: float | None
    auto_topup_amount: float | None
    auto_topup_threshold: float | None
    auto_topup_monthly_limit: float | None
    user_type: Literal["individual", "organization"]
    verified: bool
    zero_data_retention: bool
    invoicing_enabled: bool
    groups: OmitNull[list[Group]]
    credit_balance: OmitNull[float]
    organizations: OmitNull[list[OrganizationMembership]]
    permissions: OmitNull[list[Permission]]
    """The caller's own, with `include=permissions`. Resources that they may do nothing with are left out."""
    must_change_password: OmitNull[bool]
    """The caller's password was generated at the first start and should be replaced by one of their own."""

    @classmethod
    def of(
        cls,
        row: tables.User,
        *,
        groups: list[Group] | None = None,
        credit_balance: Decimal | None = None,
        organizations: list[OrganizationMembership] | None = None,
        permissions: list[Permission] | None = None,
        must_change_password: bool = False,
    ) -> User:
        """The object of a row, with what was asked to be included."""
        payable = row.payment_provider_id is not None
        return cls(
            id=row.id,
            username=row.username,
            email=row.email,
            display_name=row.display_name,
            avatar_url=row.avatar_url,
            is_admin=row.is_admin,
            is_active=row.disabled_at is None,
            roles=list(row.roles),
            created_at=row.created_at,
            updated_at=row.updated_at,
            last_login=row.last_login,
            auth_source=row.auth_source,
            external_user_id=row.external_user_id,
            has_payment_provider_id=payable,
            has_auto_topup_payment_method=payable,
            batch_notifications_enabled=row.batch_notifications_enabled,
            low_balance_threshold=row.low_balance_threshold,
            auto_topup_amount=row.auto_topup_amount,
            auto_topup_threshold=row.auto_topup_threshold,
            auto_topup_monthly_limit=row.auto_topup_monthly_limit,
            user_type="organization" if row.user_type == "organization" else "individual",
            verified=row.verified,
            zero_data_retention=row.zero_data_retention,
            invoicing_enabled=row.invoicing_enabled,
            groups=groups,
            credit_balance=None if credit_balance is None else float(credit_balance),
            organizations=organizations,
            permissions=permissions,
            must_change_password=must_change_password or None,
        )
