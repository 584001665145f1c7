"""`control-layer endpoint`: providers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from control_layer.operator.commands.invocation import AsJson, KeyFile, Url, command_group, connected, ending

__all__ = ["commands"]

commands = command_group("endpoint", "Providers' endpoints.")
_COLUMNS = ("name", "address", "dialect", "credential", "description", "id")


@commands.command("list")
@ending
def list_(url: Url = None, api_key_file: KeyFile = None, as_json: AsJson = False) -> None:
    """List endpoints, newest first. Credentials are never shown."""
    from control_layer.operator.output import Output

    with connected(url, api_key_file) as api:
        endpoints = list(api.pages("/endpoints"))
    Output(as_json=as_json).table(_COLUMNS, (_row(endpoint) for endpoint in endpoints), endpoints)


@commands.command()
@ending
def add(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Base URL, such as https://api.openai.com/v1.")],
    credential_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="Environment variable that holds the credential.")
    ] = None,
    credential_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File that holds the credential.")
    ] = None,
    dialect: Annotated[
        str | None,
        typer.Option(metavar="DIALECT", help="The API that it speaks, such as anthropic; by default by its address."),
    ] = None,
    model: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Import only this model; repeatable.")] = None,
    url: Url = None,
    api_key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Connect a provider and import its models. Nobody can call them before they are granted."""
    from control_layer.operator.declarative.credentials import read_credential
    from control_layer.operator.errors import NotUnderstood
    from control_layer.operator.output import Output

    body: dict[str, object] = {"name": name, "url": address}
    if dialect is not None:
        body["dialect"] = dialect
    if model:
        body["model_filter"] = model
    if credential_env is not None or credential_file is not None:
        place = {"env": credential_env, "file": None if credential_file is None else str(credential_file)}
        try:
            body["api_key"] = read_credential(place, os.environ, Path())
        except ValueError as error:
            raise NotUnderstood(str(error)) from None
    with connected(url, api_key_file) as api:
        made = api.post("/endpoints", body)
    Output(as_json=as_json).fields(list(zip(_COLUMNS, _row(made), strict=True)), made)


@commands.command()
@ending
def sync(
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="Name or id.")],
    url: Url = None,
    api_key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Bring an endpoint's models in step with what its provider lists."""
    from control_layer.operator.names import find_endpoint
    from control_layer.operator.output import Output

    with connected(url, api_key_file) as api:
        result = api.post(f"/endpoints/{find_endpoint(api, endpoint).id}/synchronize")
    rows = [(field.replace("_", " "), value) for field, value in result.items() if field != "endpoint_id"]
    Output(as_json=as_json).fields(rows, result)


def _row(endpoint: dict[str, Any]) -> tuple[object, ...]:
    fields = ("name", "url", "dialect", "requires_api_key", "description", "id")
    return tuple(endpoint[field] for field in fields)
