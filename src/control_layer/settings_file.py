"""A settings file: YAML whose keys know their lines, and in which no key stands twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

__all__ = ["BadFile", "SettingsFile"]

KeyPath = tuple[str, ...]


class BadFile(Exception):
    """The file cannot be read, or is no YAML of keys and values. The message names it and, where known, the line."""


@dataclass(slots=True)
class SettingsFile:
    """What stands in a file."""

    path: Path
    content: dict[Any, Any] = field(default_factory=dict)
    lines: dict[KeyPath, int] = field(default_factory=dict)
    """By key; items of lists are numbered from 0."""

    @classmethod
    def read(cls, path: Path) -> SettingsFile:
        """Raises FileNotFoundError and `BadFile`."""
        file = cls(path)
        content: Any = None
        try:
            loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
            try:
                node = loader.get_single_node()
                if node is not None:
                    file._walk(node, ())
                    content = loader.construct_document(node)
            finally:
                loader.dispose()
        except FileNotFoundError:
            raise
        except (OSError, UnicodeDecodeError) as error:
            raise BadFile(f"{path}: it cannot be read ({error})") from error
        except yaml.YAMLError as error:
            # The error's own text quotes the line, which may hold a secret.
            mark = getattr(error, "problem_mark", None)
            where = "" if mark is None else f", line {mark.line + 1}"
            problem = getattr(error, "problem", None) or "a character that does not belong there"
            raise BadFile(f"{path}{where}: it is not valid YAML ({problem})") from error
        if content is not None and not isinstance(content, dict):
            raise BadFile(f"{path}: it must hold keys and values, such as 'port: 3001'")
        file.content = content or {}
        return file

    def place(self, key: KeyPath) -> str:
        """Where a key stands, for a message."""
        line = self.lines.get(key)
        return str(self.path) if line is None else f"{self.path}, line {line}"

    def _walk(self, node: yaml.Node, above: KeyPath) -> None:
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self._note((*above, str(number)), item)
        elif isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                name = str(key.value)
                if name in seen:
                    raise BadFile(f"{self.path}, line {key.start_mark.line + 1}: '{name}' is given a second time")
                seen.add(name)
                self._note((*above, name), key)
                self._walk(value, (*above, name))

    def _note(self, key: KeyPath, node: yaml.Node) -> None:
        self.lines[key] = node.start_mark.line + 1
        if not isinstance(node, yaml.ScalarNode):
            self._walk(node, key)
