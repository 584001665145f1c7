"""The user object built by the database, for answers that hold thousands of people: a fraction of what `User.of` takes.

A test holds the two to the same object.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Label, Text, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import InstrumentedAttribute

from control_layer.store.tables import User

__all__ = ["USER_OBJECT", "users_by_username"]


def _moment(column: InstrumentedAttribute[object]) -> Label[str]:
    """RFC 3339 with `Z` (§1.2): Postgres by itself writes `+00:00`."""
    written = func.to_char(func.timezone("UTC", column), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    return written.label(column.key)


_FIELDS = select(
    User.id,
    User.username,
    User.email,
    User.display_name,
    User.avatar_url,
    User.is_admin,
    User.disabled_at.is_(None).label("is_active"),
    User.roles,
    _moment(User.created_at),
    _moment(User.updated_at),
    _moment(User.last_login),
    User.auth_source,
    User.external_user_id,
    User.payment_provider_id.is_not(None).label("has_payment_provider_id"),
    User.payment_provider_id.is_not(None).label("has_auto_topup_payment_method"),
    User.batch_notifications_enabled,
    User.low_balance_threshold,
    User.auto_topup_amount,
    User.auto_topup_threshold,
    User.auto_topup_monthly_limit,
    User.user_type,
    User.verified,
    User.zero_data_retention,
    User.invoicing_enabled,
)

USER_OBJECT = _FIELDS.correlate(User).lateral("user_object")
"""The user object of a row of `users`, to be joined to it; without what can be included."""


def users_by_username() -> ColumnElement[str]:
    """Aggregates rows of `users`, each joined to its `USER_OBJECT`, to the text of a JSON array."""
    objects = func.json_agg(aggregate_order_by(literal_column(USER_OBJECT.name), User.username, User.id))
    return cast(objects, Text)
