"""Where settings come from: the command line, then the environment, then a YAML file, then the defaults.

Unknown names are errors in every one of them, with the name that was probably meant; so our own reading of the
environment rather than a library's, which would pass over what it does not know.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from control_layer.settings import Settings
from control_layer.settings_checks import problems_of
from control_layer.settings_file import BadFile, SettingsFile

__all__ = ["PREFIX", "SettingsError", "Sources"]

PREFIX = "CONTROL_LAYER_"
_CONFIG = "CONTROL_LAYER_CONFIG"
_DEFAULT_FILE = Path("config.yaml")
_UNPREFIXED = {
    "DATABASE_URL": ("database", "url"),
    "DATABASE_REPLICA_URL": ("database", "replica_url"),
    "SECRET_KEY": ("secret_key",),
}
_DATABASE_TYPE = "CONTROL_LAYER_DATABASE__TYPE"
_OPERATORS = {"CONTROL_LAYER_URL", "CONTROL_LAYER_API_KEY"}
"""What the commands for operators read: an address and a key, which are no settings of an instance."""
_SERVICE_LINK = re.compile(r"CONTROL_LAYER_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT_\d+_(TCP|UDP|SCTP)(_.*)?)")
"""What Kubernetes sets in every pod beside a service named `control-layer`, together with `CONTROL_LAYER_PORT`."""
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
        for below in [known for known in self.origins if known[: len(path)] == path]:
            del self.origins[below]
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

    def origins(self) -> dict[str, str]:
        """Where each key that is set stands: a variable's name, a file and its line, or an option."""
        origins = self._read().origins
        return {".".join(path): origin for path, origin in origins.items() if not any(map(str.isdigit, path))}

    def load(self) -> Settings:
        """The settings. Raises `SettingsError`."""
        reading = self._read()
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

    def _read(self) -> _Reading:
        reading = _Reading()
        self._read_file(reading)
        self._read_environment(reading)
        for path, value in self.options.items():
            reading.put(path, value, f"--{'-'.join(path[-1].split('_'))}")
        _imply(reading)
        return reading

    def _read_file(self, reading: _Reading) -> None:
        named = self.file or (Path(self.environment[_CONFIG]) if self.environment.get(_CONFIG) else None)
        path = named or _DEFAULT_FILE
        try:
            file = SettingsFile.read(path)
        except FileNotFoundError:
            if named is not None:
                reading.problems.append(f"{path}: there is no such file")
        except BadFile as error:
            reading.problems.append(str(error))
        else:
            _take(file.content, Settings, (), file, reading)

    def _read_environment(self, reading: _Reading) -> None:
        given = {
            name: value
            for name, value in self.environment.items()
            # Compose files and unit files pass on what is not set as an empty text.
            if value and not _is_service_link(name, value)
        }
        for name, path in _UNPREFIXED.items():
            if name in given and not (name.startswith("DATABASE_") and given.get(_DATABASE_TYPE) == "embedded"):
                reading.put(path, given[name], name)
        if "DATABASE_URL" in given:
            reading.put(("database", "type"), "external", "DATABASE_URL")
        for name, value in sorted(given.items()):
            if not name.startswith(PREFIX) or name == _CONFIG or name in _OPERATORS:
                continue
            path = tuple(name.removeprefix(PREFIX).lower().split("__"))
            found = _field(path)
            if found is None:
                tail = name.removeprefix(PREFIX)
                reading.problems.append(f"{name}: unknown setting{_meant(name, list(_variables()), f'__{tail}')}")
            elif not _is_structured(found):
                reading.put(path, value, name)
            else:
                try:
                    reading.put(path, json.loads(value), name)
                except ValueError as error:
                    reading.problems.append(f"{name}: write it as JSON ({error})")


def _is_service_link(name: str, value: str) -> bool:
    return _SERVICE_LINK.fullmatch(name) is not None or (
        name == "CONTROL_LAYER_PORT" and value.startswith(("tcp://", "udp://", "sctp://"))
    )


def _take(
    content: Mapping[Any, Any], section: type[BaseModel], above: KeyPath, file: SettingsFile, reading: _Reading
) -> None:
    """Takes a mapping of the file in, key by key."""
    _check_names(content, section, above, file, reading)
    for key, value in content.items():
        path = (*above, str(key))
        if key not in section.model_fields:
            continue
        inner = _section(section.model_fields[key])
        item = _item(section.model_fields[key])
        if inner is not None and isinstance(value, dict) and value:
            _take(value, inner, path, file, reading)
        elif inner is None or value is not None:
            reading.put(path, value, file.place(path))
        if item is not None and isinstance(value, list):
            for number, entry in enumerate(value):
                inside = (*path, str(number))
                reading.origins[inside] = file.place(inside)
                if isinstance(entry, dict):
                    _check_names(entry, item, inside, file, reading)
                    for name in entry:
                        reading.origins[(*inside, str(name))] = file.place((*inside, str(name)))


def _check_names(
    content: Mapping[Any, Any], section: type[BaseModel], above: KeyPath, file: SettingsFile, reading: _Reading
) -> None:
    for key in content:
        if key not in section.model_fields:
            path = (*above, str(key))
            meant = _meant(str(key), list(section.model_fields)) or _meant(str(key), list(_keys()), f".{key}")
            reading.problems.append(f"{file.place(path)}: unknown key '{'.'.join(path)}'{meant}")


def _item(info: FieldInfo) -> type[BaseModel] | None:
    """The section that each item of a list is."""
    kinds = [kind for kind in get_args(info.annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return kinds[0] if kinds and get_origin(info.annotation) is tuple else None


def _section(info: FieldInfo) -> type[BaseModel] | None:
    """The section that a key is, or may be where it can be left out."""
    kinds = (info.annotation, *(get_args(info.annotation) if get_origin(info.annotation) is UnionType else ()))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


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
    return _section(info) is not None or get_origin(info.annotation) in (tuple, dict)


def _keys(section: type[BaseModel] = Settings, above: str = "") -> Iterator[str]:
    for name, info in section.model_fields.items():
        yield above + name
        inner = _section(info)
        if inner is not None:
            yield from _keys(inner, f"{above}{name}.")


def _variables() -> Iterator[str]:
    return (PREFIX + key.replace(".", "__").upper() for key in _keys())


def _meant(name: str, known: list[str], ending: str | None = None) -> str:
    """What was probably meant: another level's key of that name, or one that is written nearly alike."""
    same = [each for each in known if ending is not None and each.endswith(ending)]
    close = same or difflib.get_close_matches(name, known, n=1, cutoff=0.6)
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
    origin = reading.origin_of(path)
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
