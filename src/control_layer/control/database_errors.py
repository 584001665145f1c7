"""What the database refuses, in the contract's words: recognised by constraint name and SQLSTATE, in this one place."""

from __future__ import annotations

import asyncpg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from control_layer.control.errors import Conflict, ControlError, TryLater, invalid

__all__ = ["translated"]

_UNIQUE = {
    "uq_users_email": ("An account with this email address already exists", "user"),
    "uq_users_username": ("This username is already taken", "user"),
    "uq_models_alias": ("The specified alias is already in use. Please choose a different alias.", "deployment"),
    "uq_redaction_rules_name": ("A redaction rule with this name already exists", "unknown"),
    "uq_guardrails_name": ("A guardrail with this name already exists", "unknown"),
    "uq_endpoints_name": ("An endpoint with this name already exists", "endpoint"),
}
_AWAY = "The database cannot be reached at the moment; try again shortly. AI requests are not affected."


def translated(error: SQLAlchemyError | OSError) -> ControlError:
    """The answer to a failure of the database."""
    if isinstance(error, OSError | PoolTimeout):
        return TryLater(503, _AWAY)
    cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig is not None else None
    match cause:
        case asyncpg.UniqueViolationError():
            message, resource = _UNIQUE.get(cause.constraint_name or "", ("Resource already exists", "unknown"))
            return Conflict(message, resource=resource)
        case asyncpg.ForeignKeyViolationError():
            return invalid("Invalid reference to related resource", code="invalid_reference")
        case asyncpg.PostgresError() if (cause.sqlstate or "")[:2] in {"22", "23", "54"}:
            # Data exceptions, other integrity rules, and values too large for an index.
            return invalid("Invalid data provided", code="invalid_data")
        case asyncpg.InterfaceError() if isinstance(cause, ValueError):
            # asyncpg could not encode a value, such as an integer that does not fit its column.
            return invalid("Invalid data provided", code="invalid_data")
        case asyncpg.PostgresError() if (cause.sqlstate or "")[:2] in {"08", "40", "53", "57"}:
            # Connection lost, deadlock, out of connections or disk, server going down.
            return TryLater(503, _AWAY)
        case asyncpg.InterfaceError() | asyncpg.InternalClientError() | OSError():
            # "Internal" to asyncpg is also the goodbye of a server that comes between two statements.
            return TryLater(503, _AWAY)
        case _:
            return ControlError(500, "database_error", "Database error occurred")
