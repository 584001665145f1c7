"""Asking before something is deleted."""

from __future__ import annotations

import sys

import typer

from control_layer.operator.errors import NotUnderstood, OperatorError
from control_layer.operator.output import printable

__all__ = ["require_consent"]


def require_consent(question: str, *, given: bool) -> None:
    """Asks on a terminal. Raises `OperatorError` for a no, `NotUnderstood` where nobody can be asked."""
    if given:
        return
    if not sys.stdin.isatty():
        raise NotUnderstood("nobody can be asked here: say --yes to delete")
    if not typer.confirm(printable(question), err=True):
        raise OperatorError("nothing was changed")
