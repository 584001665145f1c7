"""Where somebody goes once they are signed in: a path of ours, never another site (open redirects, CWE-601)."""

from __future__ import annotations

import re

from control_layer.control.errors import invalid

__all__ = ["return_path"]

_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")
"""Printable ASCII without backslashes, which browsers read as slashes; spaces and controls they leave out."""
_MAX_LENGTH = 1024


def return_path(text: str) -> str:
    """`text`. Raises 400 where it is anything but a path."""
    if len(text) > _MAX_LENGTH or _PATH.fullmatch(text) is None:
        raise invalid("return_to must be a path of this site, such as /models", code="invalid_return_to")
    return text
