"""`control-layer user`: people's accounts."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from control_layer.operator.commands.invocation import AsJson, KeyFile, Url, command_group, connected, ending

__all__ = ["commands"]

commands = command_group("user", "People's accounts.")
_COLUMNS = ("email", "username", "name", "roles", "source", "last login")

Person = Annotated[str, typer.Argument(metavar="PERSON", help="E-mail address, username or id.")]


@commands.command("list")
@ending
def list_(
    search: Annotated[str, typer.Option("--search", metavar="TEXT", help="Part of a name or an address.")] = "",
    url: Url = None,
    api_key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """List accounts, newest first."""
    from control_layer.operator.output import Output

    with connected(url, api_key_file) as api:
        people = list(api.pages("/users", search=search))
    Output(as_json=as_json).table(_COLUMNS, (_row(person) for person in people), people)


@commands.command()
@ending
def show(person: Person, url: Url = None, api_key_file: KeyFile = None, as_json: AsJson = False) -> None:
    """Show an account and its groups."""
    from control_layer.operator.names import find_account
    from control_layer.operator.output import Output

    with connected(url, api_key_file) as api:
        account = find_account(api, person)
        content = api.get(f"/users/{account.id}")
        content["groups"] = api.get(f"/users/{account.id}/groups")
    groups = [group["name"] for group in content["groups"]]
    rows = [*zip(_COLUMNS, _row(content), strict=True), ("groups", groups), ("id", content["id"])]
    Output(as_json=as_json).fields(rows, content)


@commands.command()
@ending
def create(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The person's e-mail address.")],
    username: Annotated[str | None, typer.Option(metavar="NAME", help="By default the e-mail address.")] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Name to show.")] = None,
    role: Annotated[
        list[str] | None, typer.Option(metavar="ROLE", help="A role beside StandardUser; repeatable.")
    ] = None,
    group: Annotated[list[str] | None, typer.Option(metavar="GROUP", help="A group to join; repeatable.")] = None,
    url: Url = None,
    api_key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Open an account. It signs in through a trusted proxy or single sign-on, or uses keys that are made for it."""
    from control_layer.operator.names import find_group
    from control_layer.operator.output import Output

    output = Output(as_json=as_json)
    with connected(url, api_key_file) as api:
        groups = [find_group(api, each) for each in group or ()]
        body = {"email": email, "username": username or email, "display_name": name, "roles": role or []}
        made = api.post("/users", body)
        for each in groups:
            api.post(f"/groups/{each.id}/users/{made['id']}")
    output.fields([*zip(_COLUMNS, _row(made), strict=True), ("id", made["id"])], made)


@commands.command("reset-password")
@ending
def reset_password(person: Person, url: Url = None, api_key_file: KeyFile = None, as_json: AsJson = False) -> None:
    """Give an account that signs in with a password a new one. It is shown this once; sessions end."""
    from control_layer.operator.names import find_account
    from control_layer.operator.output import Output

    output = Output(as_json=as_json)
    with connected(url, api_key_file) as api:
        account = find_account(api, person)
        answer = api.post(f"/users/{account.id}/password", {})
    output.said(f"The new password of {account.email}, shown this once:")
    if as_json:
        output.document({"id": str(account.id), "email": account.email, "password": answer["password"]})
    else:
        typer.echo(answer["password"])


@commands.command()
@ending
def delete(
    person: Person,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    url: Url = None,
    api_key_file: KeyFile = None,
) -> None:
    """Delete an account for good, with its keys and memberships. Records of use stay."""
    from control_layer.operator.commands.consent import require_consent
    from control_layer.operator.names import find_account

    with connected(url, api_key_file) as api:
        account = find_account(api, person)
        require_consent(f"Delete the account {account.email} ('{account.username}') with all its keys?", given=yes)
        api.delete(f"/users/{account.id}")


def _row(person: dict[str, Any]) -> tuple[object, ...]:
    fields = ("email", "username", "display_name", "roles", "auth_source", "last_login")
    return tuple(person[field] for field in fields)
