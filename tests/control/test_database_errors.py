"""What the database refuses, and that it is away, as a client is told."""

from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError, InternalError

from control_layer.control.database_errors import translated


def _wrapped(cause: Exception, kind: type[DBAPIError]) -> DBAPIError:
    """As SQLAlchemy's dialect hands on what asyncpg raised."""
    original = Exception(str(cause))
    original.__cause__ = cause
    return kind("SELECT 1", None, original)


@pytest.mark.parametrize(
    "cause",
    [
        asyncpg.CannotConnectNowError("the database system is shutting down"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
        ConnectionResetError("Connection reset by peer"),
    ],
    ids=lambda cause: type(cause).__name__,
)
def test_a_database_that_goes_away_is_one_to_try_again(cause: Exception) -> None:
    """A server's goodbye may come between two statements: the driver calls that an internal error."""
    assert translated(_wrapped(cause, InternalError)).status == 503


def test_a_statement_that_cannot_be_is_our_fault() -> None:
    assert translated(_wrapped(asyncpg.UndefinedColumnError("no such column"), DBAPIError)).status == 500
