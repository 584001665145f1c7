"""Credentials of providers and services, from where the state file says they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from control_layer.operator.declarative.plan import Action, Plan
from control_layer.operator.declarative.resources import SECRETS, Kind, Name
from control_layer.operator.errors import NotUnderstood

__all__ = ["credentials_needed", "read_credential"]


def credentials_needed(plan: Plan, environment: Mapping[str, str], directory: Path) -> dict[tuple[Kind, Name], str]:
    """Those that the plan sends, by what they are for; `directory` is where relative paths begin.

    Raises `NotUnderstood` naming every one that cannot be had.
    """
    found: dict[tuple[Kind, Name], str] = {}
    problems = []
    for change in plan.changes:
        if change.action is Action.DELETE:
            continue
        for field in change.fields:
            if field.field in SECRETS:
                assert isinstance(field.after, dict)
                try:
                    found[change.kind, change.name] = read_credential(field.after, environment, directory)
                except ValueError as error:
                    problems.append(f"{change.label}: {error}")
    if problems:
        raise NotUnderstood("credentials are missing; nothing was changed", details=problems)
    return found


def read_credential(place: Mapping[str, str | None], environment: Mapping[str, str], directory: Path) -> str:
    """From a variable or a file. Raises `ValueError` saying what is missing."""
    variable, file = place.get("env"), place.get("file")
    if variable is not None:
        secret = environment.get(variable, "").strip()
        if not secret:
            raise ValueError(f"set {variable} to the credential")
        return secret
    try:
        secret = (directory / str(file)).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"the file {file} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ValueError(f"the file {file} is not text") from None
    if not secret:
        raise ValueError(f"the file {file} is empty")
    return secret
