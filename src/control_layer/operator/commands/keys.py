"""`control-layer key`: API keys of one's own and of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from control_layer.operator.commands.invocation import AsJson, KeyFile, Url, command_group, connected, ending

if TYPE_CHECKING:
    from control_layer.operator.api import Api
    from control_layer.operator.objects import Account

__all__ = ["commands"]

commands = command_group("key", "API keys.")
_COLUMNS = ("name", "purpose", "created", "last used", "expires", "models", "id")

Owner = Annotated[
    str | None,
    typer.Option("--user", metavar="PERSON", help="Whose: e-mail, username or id. By default the caller's own."),
]
KeyName = Annotated[str, typer.Argument(metavar="KEY", help="Name or id.")]


@commands.command("list")
@ending
def list_(user: Owner = None, url: Url = None, api_key_file: KeyFile = None, as_json: AsJson = False) -> None:
    """List somebody's keys, newest first; secrets are never shown again."""
    from control_layer.operator.output import Output

    with connected(url, api_key_file) as api:
        keys = list(api.pages(f"/users/{_owner(api, user).id}/api-keys"))
    Output(as_json=as_json).table(_COLUMNS, (_row(key) for key in keys), keys)


@commands.command()
@ending
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The owner's own name for it.")],
    user: Owner = None,
    purpose: Annotated[
        str, typer.Option(metavar="PURPOSE", help="realtime (calls models) or platform (manages this instance).")
    ] = "realtime",
    description: Annotated[str | None, typer.Option(metavar="TEXT", help="What it is for.")] = None,
    model: Annotated[
        list[str] | None, typer.Option(metavar="ALIAS", help="Restrict it to this model; repeatable.")
    ] = None,
    expires_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it dies, such as 2027-01-31T00:00:00Z.")
    ] = None,
    requests_per_second: Annotated[float | None, typer.Option(metavar="N", help="Rate limit.")] = None,
    burst_size: Annotated[int | None, typer.Option(metavar="N", help="Requests at once within the limit.")] = None,
    zero_data_retention: Annotated[
        bool, typer.Option("--zero-data-retention", help="Keep no body of its requests anywhere.")
    ] = False,
    url: Url = None,
    api_key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print its secret, this once."""
    from control_layer.operator.names import find_model
    from control_layer.operator.output import Output

    with connected(url, api_key_file) as api:
        owner = _owner(api, user)
        body = {
            "name": name,
            "purpose": purpose,
            "description": description,
            "models": [find_model(api, alias).alias for alias in model] if model else None,
            "expires_at": expires_at,
            "requests_per_second": requests_per_second,
            "burst_size": burst_size,
            "zero_data_retention": zero_data_retention or None,
        }
        made = api.post(
            f"/users/{owner.id}/api-keys", {field: value for field, value in body.items() if value is not None}
        )
    _show_secret(Output(as_json=as_json), f"The key '{name}' of {owner.email}, shown this once:", made)


@commands.command()
@ending
def rotate(
    key: KeyName, user: Owner = None, url: Url = None, api_key_file: KeyFile = None, as_json: AsJson = False
) -> None:
    """Give a key a new secret and print it, this once."""
    from control_layer.operator.names import find_key
    from control_layer.operator.output import Output

    with connected(url, api_key_file) as api:
        owner = _owner(api, user)
        found = find_key(api, owner, key)
        answer = api.post(f"/users/{owner.id}/api-keys/{found.id}/rotate")
    _show_secret(
        Output(as_json=as_json), f"The new secret of '{found.name}' of {owner.email}, shown this once:", answer
    )


@commands.command()
@ending
def revoke(key: KeyName, user: Owner = None, url: Url = None, api_key_file: KeyFile = None) -> None:
    """Delete a key; it is refused everywhere at once."""
    from control_layer.operator.names import find_key

    with connected(url, api_key_file) as api:
        owner = _owner(api, user)
        api.delete(f"/users/{owner.id}/api-keys/{find_key(api, owner, key).id}")


def _owner(api: Api, person: str | None) -> Account:
    from control_layer.operator.names import find_account
    from control_layer.operator.objects import Account, read_as

    return find_account(api, person) if person is not None else read_as(Account, api.get("/users/current"))


def _row(key: dict[str, Any]) -> tuple[object, ...]:
    fields = ("name", "purpose", "created_at", "last_used", "expires_at", "models", "id")
    return tuple(key.get(field) for field in fields)


def _show_secret(output: Any, words: str, answer: dict[str, Any]) -> None:
    """The secret alone goes to standard output, so that it can be piped to where it belongs."""
    output.said(words)
    if output.as_json:
        output.document(answer)
    else:
        typer.echo(answer["key"])
