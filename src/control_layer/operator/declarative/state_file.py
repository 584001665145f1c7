"""The state as YAML: read with every mistake told by its line, written in one stable form."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from control_layer.operator.declarative.state import State
from control_layer.operator.errors import NotUnderstood
from control_layer.settings_file import BadFile, SettingsFile

__all__ = ["read_state", "written"]

_HEADER = """\
# What this Control Layer should be. 'control-layer apply -f FILE' makes it so; with --dry-run, shows what differs.
# Credentials and keys never stand here: each endpoint says where its credential is found.
"""


def read_state(path: Path) -> State:
    """The state in a file; `-` is standard input. Raises `NotUnderstood` with all that is wrong, line by line."""
    try:
        file = SettingsFile.read(Path("/dev/stdin") if str(path) == "-" else path)
    except FileNotFoundError:
        raise NotUnderstood(f"{path}: there is no such file") from None
    except BadFile as error:
        raise NotUnderstood(str(error)) from None
    try:
        return State.model_validate(file.content)
    except ValidationError as error:
        problems = [_explained(item["type"], item["loc"], item["msg"], file) for item in error.errors()]
        raise NotUnderstood(f"{path} does not describe a state", details=list(dict.fromkeys(problems))) from None


def written(state: State) -> str:
    """The state as text: what has its default is left out, so that every line says something."""
    content = state.model_dump(mode="json", exclude_defaults=True)
    return _HEADER + yaml.dump(
        content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=sys.maxsize, default_flow_style=False
    )


class _Dumper(yaml.SafeDumper):
    """Indents the items of lists, and writes text of several lines as such."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        del indentless
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _explained(kind: str, place: Sequence[int | str], message: str, file: SettingsFile) -> str:
    path = tuple(str(part) for part in place if part != "[key]")
    where = next((path[:length] for length in range(len(path), 0, -1) if path[:length] in file.lines), ())
    name = ".".join(path)
    prefix = f"{file.place(where)}: "
    if kind == "extra_forbidden":
        return f"{prefix}unknown key '{name}'{_meant(path)}"
    message = message.removeprefix("Value error, ")
    if message.startswith("Input should be "):
        message = "it should be " + message.removeprefix("Input should be ")
    return f"{prefix}{name}: {message}" if name and not message.startswith(name) else prefix + message


def _meant(path: Sequence[str]) -> str:
    """The key that was probably meant among those that may stand there."""
    known = list(_fields(path[:-1]))
    close = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else f"; here may stand: {', '.join(known)}"


def _fields(path: Sequence[str]) -> Mapping[str, Any]:
    """The fields of the mapping at `path`."""
    kind: Any = State
    for part in path:
        kind = kind.model_fields[part].annotation if _is_spec(kind) else _inside(kind)
        kind = _inside(kind, optional=True)
    return kind.model_fields if _is_spec(kind) else {}


def _inside(kind: Any, *, optional: bool = False) -> Any:
    """What a list or mapping holds; with `optional`, what it is beside null."""
    arguments = [each for each in get_args(kind) if each is not type(None)]
    if optional:
        return arguments[0] if type(None) in get_args(kind) else kind
    return arguments[-1] if arguments else kind


def _is_spec(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
