"""How JSON bodies are read and written: unknown input is ignored, output has no defaults, some keys are left out."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from control_layer.field_descriptions import describe

__all__ = ["Flag", "Input", "Int", "Number", "OmitNull", "Output"]

_Value = TypeVar("_Value")

Flag = StrictBool
"""true or false, nothing that could be read as such."""

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A JSON number."""

Int = Annotated[int, Field(strict=True, ge=-(2**31), le=2**31 - 1)]
"""A JSON integer that fits Postgres's `integer`."""


def _is_null(value: object) -> bool:
    return value is None


OmitNull = Annotated[_Value | None, Field(exclude_if=_is_null)]
"""A response field whose key is left out when there is no value ("omit-null" in the contract)."""


class Input(BaseModel):
    """A request body. `model_fields_set` tells absent from null. What stands beneath a field is its description."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, json_schema_extra=describe)


class Output(BaseModel):
    """A response body. No field has a default, so that generated clients have no false optionals."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, json_schema_extra=describe)
