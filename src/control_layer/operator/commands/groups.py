"""`control-layer group`: groups and who is in them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from control_layer.operator.commands.invocation import AsJson, KeyFile, Url, command_group, connected, ending

__all__ = ["commands"]

commands = command_group("group", "Groups, and who is in them.")
_COLUMNS = ("name", "description", "source", "id")

GroupName = Annotated[str, typer.Argument(metavar="GROUP", help="Name or id.")]
Person = Annotated[str, typer.Argument(metavar="PERSON", help="E-mail address, username or id.")]


@commands.command("list")
@ending
def list_(url: Url = None, api_key_file: KeyFile = None, as_json: AsJson = False) -> None:
    """List groups by name."""
    from control_layer.operator.output import Output

    with connected(url, api_key_file) as api:
        groups = list(api.pages("/groups"))
    Output(as_json=as_json).table(_COLUMNS, (_row(group) for group in groups), groups)


@commands.command()
@ending
def create(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    description: Annotated[str | None, typer.Option(metavar="TEXT", help="What it is for.")] = None,
    url: Url = None,
    api_key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Make an empty group."""
    from control_layer.operator.output import Output

    with connected(url, api_key_file) as api:
        made = api.post("/groups", {"name": name, "description": description})
    Output(as_json=as_json).fields(list(zip(_COLUMNS, _row(made), strict=True)), made)


@commands.command()
@ending
def add(group: GroupName, person: Person, url: Url = None, api_key_file: KeyFile = None) -> None:
    """Put somebody into a group."""
    from control_layer.operator.names import find_account, find_group

    with connected(url, api_key_file) as api:
        api.post(f"/groups/{find_group(api, group).id}/users/{find_account(api, person).id}")


@commands.command()
@ending
def remove(group: GroupName, person: Person, url: Url = None, api_key_file: KeyFile = None) -> None:
    """Take somebody out of a group."""
    from control_layer.operator.names import find_account, find_group

    with connected(url, api_key_file) as api:
        api.delete(f"/groups/{find_group(api, group).id}/users/{find_account(api, person).id}")


def _row(group: dict[str, Any]) -> tuple[object, ...]:
    return tuple(group[field] for field in _COLUMNS)
