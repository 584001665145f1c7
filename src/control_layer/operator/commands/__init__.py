"""The commands for operators. Like all commands they import what they need when they run."""

from __future__ import annotations

import typer

from control_layer.operator.commands import endpoints, explain, groups, keys, models, state, users

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Puts them beside the commands of `app`."""
    for resource in (users, keys, models, groups, endpoints):
        app.add_typer(resource.commands)
    state.add_commands(app)
    explain.add_commands(app)
