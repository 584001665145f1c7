"""Why an operator's command did not do what it was asked for, and with which exit status it ends."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["CHANGES_PENDING", "ApiRefusal", "NotUnderstood", "OperatorError", "Unreachable"]

CHANGES_PENDING = 4
"""The exit status of `apply --dry-run` where there is something to do."""


class OperatorError(Exception):
    """A command ends here. The message says what to do next; `details` are lines of their own below it."""

    exit_status = 1

    def __init__(self, message: str, *, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = tuple(details)


class NotUnderstood(OperatorError):
    """What was typed, or stands in a file, makes no sense: nothing was changed."""

    exit_status = 2


class Unreachable(OperatorError):
    """Nobody answers, or somebody who is no Control Layer."""

    exit_status = 3


class ApiRefusal(OperatorError):
    """The API said no; `status` is the HTTP status, `code` the API's stable name for the reason."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
