"""The commands a person types. Each imports what it needs when it runs, so that `--help` and `version` are quick.

Exit status: 0 done, 1 something failed while running, 2 the command line or the configuration is wrong, 3 it cannot
start (port taken, database unreachable, data directory not usable) or nobody answers, 4 `apply --dry-run` has found
something to do.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from control_layer import __version__, audit_command, reconcile_command
from control_layer.command_line import CANNOT_START, WRONG_CONFIGURATION, ConfigFile, fail
from control_layer.contract.loading import for_good
from control_layer.operator.commands import add_commands

__all__ = ["app", "main"]

app = typer.Typer(
    name="control-layer",
    help="An AI gateway: one place between a company's people and programs and all the AI models they use.",
    epilog=(
        "Exit status: 0 done, 1 failed while running, 2 wrong command line or configuration, 3 cannot start or nobody "
        "answers, 4 apply --dry-run has found something to do."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.add_typer(audit_command.app)
app.command(epilog=reconcile_command.EPILOG)(reconcile_command.reconcile)

_SERVE_EPILOG = """\b
Examples:
  control-layer serve --demo                      try it, with a simulated provider
  control-layer serve --port 8080 --workers 4
  CONTROL_LAYER_PORT=8080 CONTROL_LAYER_GATEWAY__WORKERS=4 control-layer serve
  DATABASE_URL=postgresql://user:password@host/name control-layer serve -f config.yaml

\b
Every setting can be given in the file and in the environment; check-config shows them all.
Signals: SIGTERM ends in peace (a second one: at once), SIGHUP reads the settings again.
"""


@app.command(epilog=_SERVE_EPILOG)
def serve(
    config: ConfigFile = None,
    host: Annotated[str | None, typer.Option(metavar="H", help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(metavar="P", help="Port to listen on [default: 3001].")] = None,
    data_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="Where state is kept.")] = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Gateway processes [default: one per core].")] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Connect a simulated provider and make a key to try it with.")
    ] = False,
) -> None:
    """Run everything: gateway, control plane and, unless another is configured, Postgres."""
    options: dict[tuple[str, ...], object] = {
        path: value
        for path, value in (
            (("host",), host),
            (("port",), port),
            (("data_dir",), data_dir),
            (("gateway", "workers"), workers),
        )
        if value is not None
    }
    with for_good():
        from control_layer.data_directory import UnusableDirectory
        from control_layer.serving import serve_until_stopped
        from control_layer.settings_sources import SettingsError, Sources
        from control_layer.supervisor.errors import CannotStart

    sources = Sources(file=config, environment=os.environ, options=options)
    try:
        settings = sources.load()
    except SettingsError as error:
        fail("the configuration is not valid:", *error.problems, status=WRONG_CONFIGURATION)
    try:
        serve_until_stopped(sources, settings, demo=demo)
    except (CannotStart, UnusableDirectory) as error:
        fail(str(error), status=CANNOT_START)


@app.command()
def simulate(
    host: Annotated[str, typer.Option(metavar="H", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="P", help="Port to listen on; 0 takes a free one.")] = 4010,
    api_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Refuse requests without this key.", envvar="SIMULATOR_API_KEY")
    ] = None,
    behaviours: Annotated[bool, typer.Option("--behaviours", help="List the model names that do something.")] = False,
) -> None:
    """Run the simulated provider on its own: OpenAI-compatible, deterministic, free."""
    from control_layer.simulator.__main__ import run
    from control_layer.simulator.script import describe

    if behaviours:
        typer.echo(describe())
        return
    try:
        run(host, port, api_key)
    except OSError as error:
        fail(f"the simulated provider cannot listen on {host}:{port}: {error.strerror}", status=CANNOT_START)


@app.command("check-config")
def check_config(config: ConfigFile = None) -> None:
    """Check the settings and print them as they would be used, secrets hidden."""
    from control_layer.settings_sources import SettingsError, Sources

    try:
        settings = Sources(file=config, environment=os.environ, options={}).load()
    except SettingsError as error:
        fail("the configuration is not valid:", *error.problems, status=WRONG_CONFIGURATION)
    import yaml

    typer.echo(yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True), nl=False)


add_commands(app)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """The console script."""
    try:
        app()
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)
