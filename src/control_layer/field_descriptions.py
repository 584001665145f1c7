"""What stands beneath the fields of a pydantic model, read from its source when somebody asks.

pydantic does the same when it makes a class (`use_attribute_docstrings`), and takes a quarter of the control plane's
start for it, on behalf of documents that few ever open.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any

from pydantic import BaseModel

__all__ = ["describe", "descriptions"]


def descriptions(model: type[BaseModel]) -> dict[str, str]:
    """By the field's name; a field that is inherited is described where it is declared."""
    found: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if issubclass(kind, BaseModel) and kind is not BaseModel:
            found |= _beneath(kind.__pydantic_generic_metadata__["origin"] or kind)
    return {name: text for name, text in found.items() if name in model.model_fields}


def describe(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Completes a JSON schema: what pydantic calls as `json_schema_extra`."""
    properties = schema.get("properties", {})
    for name, text in descriptions(model).items():
        field = model.model_fields[name]
        for key in (field.serialization_alias, field.alias, name):
            if key in properties:
                properties[key].setdefault("description", text)
                break


def _beneath(kind: type[BaseModel]) -> dict[str, str]:
    try:
        source = inspect.getsource(kind)
    except (OSError, TypeError):  # made at run time, or installed without its source: nothing is known
        return {}
    (declared,) = ast.parse(textwrap.dedent(source)).body
    assert isinstance(declared, ast.ClassDef)
    found = {}
    for field, text in zip(declared.body, declared.body[1:], strict=False):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(written))):
                found[name] = inspect.cleandoc(written)
    return found
