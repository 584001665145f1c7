"""`control-layer model`: models and who may call them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from control_layer.operator.commands.invocation import AsJson, KeyFile, Url, command_group, connected, ending

__all__ = ["commands"]

commands = command_group("model", "Models, and who may call them.")
_COLUMNS = ("alias", "kind", "type", "endpoint", "model name", "granted to")

Alias = Annotated[str, typer.Argument(metavar="MODEL", help="Alias or id.")]
GroupName = Annotated[str, typer.Argument(metavar="GROUP", help="Name or id; Everyone is everybody.")]


@commands.command("list")
@ending
def list_(
    search: Annotated[str, typer.Option("--search", metavar="TEXT", help="Part of an alias or a name.")] = "",
    url: Url = None,
    api_key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """List models by alias."""
    from control_layer.operator.output import Output

    with connected(url, api_key_file) as api:
        models = list(api.pages("/models", search=search, include="groups,endpoints", sort="alias"))
    Output(as_json=as_json).table(_COLUMNS, (_row(model) for model in models), models)


@commands.command()
@ending
def grant(model: Alias, group: GroupName, url: Url = None, api_key_file: KeyFile = None) -> None:
    """Let the members of a group call a model."""
    from control_layer.operator.names import find_group, find_model

    with connected(url, api_key_file) as api:
        api.post(f"/groups/{find_group(api, group).id}/models/{find_model(api, model).id}")


@commands.command()
@ending
def revoke(model: Alias, group: GroupName, url: Url = None, api_key_file: KeyFile = None) -> None:
    """Take it back."""
    from control_layer.operator.names import find_group, find_model

    with connected(url, api_key_file) as api:
        api.delete(f"/groups/{find_group(api, group).id}/models/{find_model(api, model).id}")


def _row(model: dict[str, Any]) -> tuple[object, ...]:
    composite = model.get("is_composite")
    endpoint = (model.get("endpoint") or {}).get("name")
    groups = [group["name"] for group in model.get("groups") or ()]
    kind = "composite" if composite else "standard"
    return model["alias"], kind, model["model_type"], endpoint, model["model_name"], groups
