"""What all commands for operators have in common: which instance, in whose name, and how they end."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from control_layer.operator.api import Api

__all__ = ["AsJson", "KeyFile", "Url", "command_group", "connected", "ending"]

_DEFAULT_URL = "http://127.0.0.1:3001"

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        envvar="CONTROL_LAYER_URL",
        show_envvar=False,
        help=f"Address of the instance. Without it: CONTROL_LAYER_URL, else {_DEFAULT_URL}.",
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--api-key-file",
        metavar="FILE",
        help="File with a platform key. Without it: CONTROL_LAYER_API_KEY, else the local instance's administrator.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, with the names of the API.")]

_Command = TypeVar("_Command", bound=Callable[..., None])


def command_group(name: str, purpose: str) -> typer.Typer:
    """Commands about one resource."""
    return typer.Typer(name=name, help=purpose, no_args_is_help=True, rich_markup_mode=None)


@contextmanager
def connected(url: str | None, key_file: Path | None) -> Iterator[Api]:
    """A signed-in client. Raises `OperatorError`."""
    from control_layer.operator.api import Api
    from control_layer.operator.credential import credential_for

    address = _checked(url or _DEFAULT_URL)
    with Api(address, credential_for(address, key_file, os.environ)) as api:
        yield api


def ending(command: _Command) -> _Command:
    """Turns an `OperatorError` into lines on standard error and its exit status."""

    @functools.wraps(command)
    def run(*arguments: object, **options: object) -> None:
        from control_layer.operator.errors import OperatorError
        from control_layer.operator.output import printable

        try:
            command(*arguments, **options)
        except OperatorError as error:
            typer.echo(f"control-layer: {printable(error.message)}", err=True)
            for line in error.details:
                typer.echo(f"  {printable(line)}", err=True)
            raise typer.Exit(error.exit_status) from None

    return run  # type: ignore[return-value]


def _checked(url: str) -> str:
    import httpx

    from control_layer.operator.errors import NotUnderstood

    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL("")
    if address.scheme not in ("http", "https") or not address.host:
        raise NotUnderstood(f"'{url}' is no address of an instance; it looks like {_DEFAULT_URL}")
    if address.userinfo:
        raise NotUnderstood("the address must not hold a password; put a platform key into CONTROL_LAYER_API_KEY")
    return url
