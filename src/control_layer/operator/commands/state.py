"""`control-layer apply` and `export`: a gateway kept in a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from control_layer.operator.commands.invocation import AsJson, KeyFile, Url, connected, ending

if TYPE_CHECKING:
    from control_layer.operator.declarative.application import Application
    from control_layer.operator.declarative.plan import Change, Plan
    from control_layer.operator.output import Output

__all__ = ["add_commands"]

_APPLY_EPILOG = """\b
Examples:
  control-layer apply -f state.yaml --dry-run     what would change; exit status 4 if anything would
  control-layer apply -f state.yaml
  control-layer apply -f state.yaml --prune       also delete what the file does not have
  control-layer apply --schema                    JSON Schema of the file, for editors
"""


def add_commands(app: typer.Typer) -> None:
    """Puts both beside the commands of `app`."""
    app.command(epilog=_APPLY_EPILOG)(apply)
    app.command()(export)


@ending
def apply(
    file: Annotated[
        Path | None, typer.Option("--file", "-f", metavar="FILE", help="The state, in YAML; - is standard input.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change; exit status 4 if anything.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete what is not in the file, of the kinds that the file has.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    renew_credentials: Annotated[
        bool, typer.Option("--renew-credentials", help="Send every endpoint's credential again.")
    ] = False,
    secrets_file: Annotated[
        Path | None,
        typer.Option(
            "--secrets-file", metavar="FILE", help="Append new keys' secrets to this file instead of printing them."
        ),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of the file, and do nothing.")
    ] = False,
    url: Url = None,
    api_key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Make an instance what a file says: who may call which models, where they are, and what holds for requests."""
    from control_layer.operator.declarative.application import Application
    from control_layer.operator.declarative.state import State
    from control_layer.operator.declarative.state_file import read_state
    from control_layer.operator.errors import CHANGES_PENDING, NotUnderstood
    from control_layer.operator.output import Output

    output = Output(as_json=as_json)
    if schema:
        output.document(State.model_json_schema())
        return
    if file is None:
        raise NotUnderstood("name the file that says what the instance should be: -f FILE")
    state = read_state(file)
    with connected(url, api_key_file) as api:
        application = Application.planned(api, state, prune=prune, renew_credentials=renew_credentials)
        plan = application.plan
        _show(output, plan, dry_run=dry_run)
        if dry_run:
            raise typer.Exit(CHANGES_PENDING if plan.changes else 0)
        directory = Path() if str(file) == "-" else file.parent
        _carry_out(output, application, directory, secrets_file, consent=yes)


@ending
def export(
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="KIND", help="A section of the file, such as models or keys; repeatable."),
    ] = None,
    url: Url = None,
    api_key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Write what an instance is as a file for apply. It holds no secret."""
    from control_layer.operator.declarative.current import SECTIONS, exported
    from control_layer.operator.declarative.state_file import written
    from control_layer.operator.errors import NotUnderstood
    from control_layer.operator.output import Output

    unknown = sorted(set(only or ()) - set(SECTIONS))
    if unknown:
        raise NotUnderstood(f"--only {unknown[0]}: it is one of {', '.join(SECTIONS)}")
    with connected(url, api_key_file) as api:
        state = exported(api, only or SECTIONS)
    if as_json:
        Output(as_json=True).document(state.model_dump(mode="json", exclude_defaults=True))
    else:
        typer.echo(written(state), nl=False)


def _show(output: Output, plan: Plan, *, dry_run: bool) -> None:
    from control_layer.operator.declarative.plan_text import plan_lines, plan_object, summary
    from control_layer.operator.output import printable

    if output.as_json:
        if dry_run:
            output.document({"changes": plan_object(plan), "remarks": list(plan.remarks)})
        return
    for line in plan_lines(plan):
        typer.echo(printable(line))
    typer.echo(summary(plan))


def _carry_out(
    output: Output, application: Application, directory: Path, secrets_file: Path | None, *, consent: bool
) -> None:
    from control_layer.operator.commands.consent import require_consent
    from control_layer.operator.declarative.credentials import credentials_needed
    from control_layer.operator.declarative.plan_text import plan_object
    from control_layer.operator.declarative.secrets_file import SecretsFile

    plan = application.plan
    credentials = credentials_needed(plan, os.environ, directory)
    if plan.deletions:
        require_consent(f"Delete {plan.deletions} of them for good?", given=consent)
    keeper = SecretsFile(secrets_file) if secrets_file is not None else None
    secrets: list[dict[str, str]] = []

    def made_key(owner: str, name: str, secret: str) -> None:
        if keeper is not None:
            keeper.add(owner, name, secret)
        elif output.as_json:
            secrets.append({"owner": owner, "name": name, "key": secret})
        else:
            typer.echo(f"key {owner}/{name}, shown this once: {secret}")

    def done(change: Change) -> None:
        output.said(f"done  {change.action} {change.label}")

    completed = False
    try:
        application.run(credentials, made_key, done)
        completed = True
    finally:
        if keeper is not None:
            keeper.close()
        if output.as_json:
            document = {"changes": plan_object(plan), "remarks": list(plan.remarks), "completed": completed}
            output.document({**document, "keys": secrets})
