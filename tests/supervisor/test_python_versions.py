"""Every Python from 3.11.0 on is supported, though the tests run on one: what older ones do otherwise is not used."""

from __future__ import annotations

import ast
from pathlib import Path

import control_layer

_SOURCES = Path(control_layer.__file__).parent


def test_nothing_is_raised_inside_except_star() -> None:
    """Python before 3.11.4 wraps it in a group, past everybody who would catch it."""
    raised = [
        f"{path.relative_to(_SOURCES)}:{statement.lineno}"
        for path in sorted(_SOURCES.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.TryStar)
        for handler in node.handlers
        for statement in ast.walk(handler)
        if isinstance(statement, ast.Raise)
    ]
    assert raised == []
