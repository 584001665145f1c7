"""Where settings come from: the command line, then the environment, then a YAML file, then the defaults.

Unknown names are errors in every one of them, with the name that was probably meant; so our own reading of the
environment rather than a library's, which would pass over what it does not know.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from control_layer.settings import Settings
from control_layer.settings_checks import problems_of

__all__ = ["PREFIX", "SettingsError", "Sources"]

PREFIX = "CONTROL_LAYER_"
_CONFIG = "CONTROL_LAYER_CONFIG"
_DEFAULT_FILE = Path("config.yaml")
_UNPREFIXED = {"DATABASE_URL": ("database", "url"), "SECRET_KEY": ("secret_key",)}
_SHOWN = 60

Tree = dict[str, Any]
KeyPath = tuple[str, ...]


class SettingsError(Exception):
    """The configuration cannot be used. Each problem is one line that names the key and where it stands."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(slots=True)
class _Reading:
    """What has been read so far: values, where each came from, and what is wrong with them."""

    tree: Tree = field(default_factory=dict)
    origins: dict[KeyPath, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def put(self, path: KeyPath, value: object, origin: str) -> None:
        """Sets one value; a later source wins over an earlier one."""
        here = self.tree
        for part in path[:-1]:
            inner = here.get(part)
            if not isinstance(inner, dict):
                inner = here[part] = {}
            here = inner
        here[path[-1]] = value
        self.origins[path] = origin

    def origin_of(self, path: KeyPath) -> str:
        """The source of a value, or of the nearest one around it."""
        for length in range(len(path), 0, -1):
            found = self.origins.get(path[:length])
            if found is not None:
                return found
        return "the defaults"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The places to look. `load` may be called again, to see what has changed."""

    file: Path | None
    """As asked for; `None`: `CONTROL_LAYER_CONFIG`, else `config.yaml` where there is one."""
    environment: Mapping[str, str]
    options: Mapping[KeyPath, object]
    """What the command line says, by key."""

    def load(self) -> Settings:
        """The settings. Raises `SettingsError`."""
        reading = _Reading()
        self._read_file(reading)
        self._read_environment(reading)
        for path, value in self.options.items():
            reading.put(path, value, f"--{'-'.join(path[-1].split('_'))}")
        _imply(reading)
        if reading.problems:
            raise SettingsError(reading.problems)
        try:
            settings = Settings.model_validate(reading.tree)
        except ValidationError as error:
            raise SettingsError([_explained(dict(item), reading) for item in error.errors()]) from None
        problems = list(problems_of(settings))
        if problems:
            raise SettingsError(problems)
        return settings

    def _read_file(self, reading: _Reading) -> None:
        named = self.file or (Path(self.environment[_CONFIG]) if self.environment.get(_CONFIG) else None)
        path = named or _DEFAULT_FILE
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            if named is not None:
                reading.problems.append(f"{path}: there is no such file")
            return
        except (OSError, UnicodeDecodeError) as error:
            reading.problems.append(f"{path}: it cannot be read ({error})")
            return
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f", line {mark.line + 1}" if mark is not None else ""
            reading.problems.append(f"{path}{where}: it is not valid YAML ({getattr(error, 'problem', None) or error})")
            return
        if content is None:
            return
        if not isinstance(content, dict):
            reading.problems.append(f"{path}: it must hold keys and values, such as 'port: 3001'")
            return
        _take(content, Settings, (), str(path), reading)

    def _read_environment(self, reading: _Reading) -> None:
        for name, path in _UNPREFIXED.items():
            if self.environment.get(name):
                reading.put(path, self.environment[name], name)
        for name, value in sorted(self.environment.items()):
            if not name.startswith(PREFIX) or name == _CONFIG:
                continue
            path = tuple(name.removeprefix(PREFIX).lower().split("__"))
            found = _field(path)
            if found is None:
                reading.problems.append(f"{name}: unknown setting{_meant(name, list(_variables()))}")
            elif not _is_structured(found):
                reading.put(path, value, name)
            else:
                try:
                    reading.put(path, json.loads(value), name)
                except ValueError as error:
                    reading.problems.append(f"{name}: write it as JSON ({error})")


def _take(content: Mapping[Any, Any], section: type[BaseModel], above: KeyPath, origin: str, reading: _Reading) -> None:
    """Takes a mapping of the file in, key by key."""
    _check_names(content, section, above, origin, reading)
    for key, value in content.items():
        path = (*above, str(key))
        if key not in section.model_fields:
            continue
        inner = _section(section.model_fields[key])
        item = _item(section.model_fields[key])
        if item is not None and isinstance(value, list):
            for number, entry in enumerate(value):
                if isinstance(entry, dict):
                    _check_names(entry, item, (*path, str(number)), origin, reading)
        if inner is not None and isinstance(value, dict):
            _take(value, inner, path, origin, reading)
        elif inner is None or value is not None:
            reading.put(path, value, origin)


def _check_names(
    content: Mapping[Any, Any], section: type[BaseModel], above: KeyPath, origin: str, reading: _Reading
) -> None:
    for key in content:
        if key not in section.model_fields:
            path = ".".join((*above, str(key)))
            reading.problems.append(f"{origin}: unknown key '{path}'{_meant(str(key), list(section.model_fields))}")


def _item(info: FieldInfo) -> type[BaseModel] | None:
    """The section that each item of a list is."""
    kinds = [kind for kind in get_args(info.annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return kinds[0] if kinds and get_origin(info.annotation) is tuple else None


def _section(info: FieldInfo) -> type[BaseModel] | None:
    kind = info.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _field(path: KeyPath) -> FieldInfo | None:
    section: type[BaseModel] | None = Settings
    info: FieldInfo | None = None
    for part in path:
        info = section.model_fields.get(part) if section is not None else None
        if info is None:
            return None
        section = _section(info)
    return info


def _is_structured(info: FieldInfo) -> bool:
    return _section(info) is not None or get_origin(info.annotation) is tuple


def _variables(section: type[BaseModel] = Settings, above: str = PREFIX) -> Iterator[str]:
    for name, info in section.model_fields.items():
        yield above + name.upper()
        inner = _section(info)
        if inner is not None:
            yield from _variables(inner, f"{above}{name.upper()}__")


def _meant(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""


def _imply(reading: _Reading) -> None:
    """A database's address means an external database."""
    database = reading.tree.get("database")
    if isinstance(database, dict) and database.get("url") and "type" not in database:
        reading.put(("database", "type"), "external", reading.origin_of(("database", "url")))


def _explained(error: Mapping[str, Any], reading: _Reading) -> str:
    """One of pydantic's findings for a person; a secret's value is not shown."""
    path = tuple(str(part) for part in error["loc"])
    plain = tuple(part for part in path if not part.isdigit())
    origin = reading.origin_of(plain)
    if error["type"] == "extra_forbidden":
        return f"{origin}: unknown key '{'.'.join(path)}'"
    message = str(error["msg"]).removeprefix("Value error, ")
    if message.startswith("Input should be "):
        message = "it should be " + message.removeprefix("Input should be ")
    value = error.get("input")
    shown = "" if _is_secret(plain) or isinstance(value, dict | list) or value is None else f" '{str(value)[:_SHOWN]}'"
    return f"{origin}: {'.'.join(path)}{shown}: {message}"


def _is_secret(path: KeyPath) -> bool:
    info = _field(path)
    if info is None:
        return True  # a key of a list's item, such as a model source's
    return info.annotation is SecretStr or SecretStr in get_args(info.annotation)
