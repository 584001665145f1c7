"""What commands on the instance itself have in common: the option that names the settings, and how a failure ends."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

__all__ = ["CANNOT_START", "FAILED", "WRONG_CONFIGURATION", "ConfigFile", "fail"]

FAILED = 1
WRONG_CONFIGURATION = 2
CANNOT_START = 3

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-f",
        metavar="FILE",
        help="Settings in YAML. Without it: CONTROL_LAYER_CONFIG, else config.yaml where there is one.",
    ),
]


def fail(*lines: str, status: int) -> NoReturn:
    """Tells the person what is wrong, in one line or with details below, and ends."""
    first, *rest = lines
    typer.echo(f"control-layer: {first}", err=True)
    for line in rest:
        typer.echo(f"  {line}", err=True)
    raise typer.Exit(status)
