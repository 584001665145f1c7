"""`control-layer explain`: what would be done with a request, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from control_layer.operator.commands.invocation import AsJson, KeyFile, Url, connected, ending

__all__ = ["add_commands"]

_EPILOG = """\b
Examples:
  control-layer explain ci gpt-4o --user ann@example.org
  control-layer explain ci gpt-4o --request body.json --path /v1/responses --json
Exit status 4 where the request would stay out.
"""
_STAYS_OUT = 4


def add_commands(app: typer.Typer) -> None:
    """Puts the command beside those of `app`."""
    app.command(epilog=_EPILOG)(explain)


@ending
def explain(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Name or id of the key that would ask.")],
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Alias, as a client would send it.")],
    user: Annotated[
        str | None,
        typer.Option(
            "--user", metavar="PERSON", help="Whose key: e-mail, username or id. By default the caller's own."
        ),
    ] = None,
    request: Annotated[
        Path | None, typer.Option("--request", metavar="FILE", help="A sample body, in JSON; - is standard input.")
    ] = None,
    path: Annotated[str, typer.Option(metavar="PATH", help="Under /ai.")] = "/v1/chat/completions",
    url: Url = None,
    api_key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Say what a gateway would do with a request, and why; nothing is sent."""
    from control_layer.operator.names import find_account, find_key
    from control_layer.operator.objects import Account, read_as
    from control_layer.operator.output import Output

    body = _body(request)
    with connected(url, api_key_file) as api:
        owner = find_account(api, user) if user else read_as(Account, api.get("/users/current"))
        question = {"key_id": str(find_key(api, owner, key).id), "model": model, "path": path, "request": body}
        found = api.post("/explain", question)
    output = Output(as_json=as_json)
    output.fields(list(_fields(found)), found)
    if not found["allowed"]:
        raise typer.Exit(_STAYS_OUT)


def _body(file: Path | None) -> dict[str, Any]:
    from control_layer.operator.errors import NotUnderstood

    if file is None:
        return {"messages": [{"role": "user", "content": "Hello"}]}
    try:
        text = typer.get_text_stream("stdin").read() if str(file) == "-" else file.read_text()
        body = json.loads(text)
    except (OSError, ValueError) as error:
        raise NotUnderstood(f"{file} cannot be read as JSON: {error}") from error
    if not isinstance(body, dict):
        raise NotUnderstood(f"{file} holds no JSON object")
    return body


def _fields(found: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """A line for each decision, in the order in which they are taken."""
    yield "allowed", found["allowed"] or f"no: {found['status']} {found['code']}"
    if found["message"]:
        yield "because", found["message"]
    for model in found["passed_over"]:
        yield "passed over", f"{model['model']}: {model['status']} {model['code']}"
    if found["answers"] and found["answers"] != found["model"]:
        yield "answered by", found["answers"]
    for limit in found["limits"]:
        yield f"limit of the {limit['scope']}", _limit(limit)
    for guardrail in found["guardrails"]:
        yield "guardrail", f"{guardrail['name']}: {guardrail['kind']}, looks at {guardrail['stage']}"
    for budget in found["budgets"]:
        enough = "enough" if budget["enough"] else "not enough at hand"
        yield (
            f"budget of the {budget['scope']}",
            f"{budget['name']}: {budget['amount']} ({budget['enforcement']}): {enough}",
        )
    if found["caching"]:
        yield "kept answers", "none" if found["caching"] == "bypass" else f"of the same {found['caching']}"
    if found["price"]:
        yield "costs at most", found["price"]["at_most"]
    if found["strategy"]:
        sticky = f", sticky by {found['sticky']}" if found["sticky"] else ""
        yield "chosen by", f"{found['strategy']}{sticky}, up to {found['attempts']} attempts"
    yield from _further(found)
    for deployment in found["deployments"]:
        place = "would not be asked" if deployment["order"] is None else f"asked as number {deployment['order']}"
        if deployment["full"]:
            place = "passed over, its own limit is reached"
        health = deployment["state"] + (", probe fails" if deployment["failing"] else "")
        name = f"{deployment['alias']} at {deployment['endpoint']}"
        yield (
            "deployment",
            f"{name}: weight {deployment['weight']}, {health}, {deployment['in_flight']} under way: {place}",
        )
        for limit in deployment["limits"]:
            yield f"limit of {deployment['alias']}", _limit(limit)


def _further(found: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """What would follow a slow attempt, or one that failed."""
    if found["hedging"]:
        after = found["hedging"]["after_seconds"]
        begins = "once it is known how long answers take" if after is None else f"after {after:g} s"
        yield "second attempt", f"{begins}, {found['hedging']['at_hand']:g} at hand"
    if found["waste"]:
        another = "another attempt" if found["waste"]["affordable"] else "no other attempt"
        yield "may waste", f"{found['waste']['max_wasted_cost']}: {another} can be afforded"
    if found["alternatives"]:
        yield "then asks", ", ".join(found["alternatives"])


def _limit(limit: dict[str, Any]) -> str:
    state = f"wait {limit['wait_seconds']:g} s" if limit["wait_seconds"] else "free"
    left = f"{limit['remaining']:g} of {limit['amount']:g} {limit['kind']} left, takes {limit['takes']:g}"
    inherited = " (inherited)" if limit["inherited"] else ""
    return f"{limit['name']}{inherited}: {left}: {state}"
