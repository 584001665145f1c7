"""What every section of the settings is made of: strict, frozen, documented beside its keys; and durations."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

__all__ = ["Duration", "Section"]

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _duration(value: object) -> object:
    """`"30m"`, `"24h"`, `"1500ms"`, or seconds as a number."""
    if isinstance(value, str):
        text = value.strip()
        for unit in ("ms", "s", "m", "h", "d"):
            number = text.removesuffix(unit)
            if number != text and number.replace(".", "", 1).isdigit():
                return timedelta(seconds=float(number) * _UNITS[unit])
        if not text.replace(".", "", 1).isdigit():
            raise ValueError("write a duration such as 30m, 24h or 1500ms, or seconds as a number")
    return value


def _written(value: timedelta) -> str:
    """The same in the largest unit that fits."""
    milliseconds = round(value.total_seconds() * 1000)
    for unit in ("d", "h", "m", "s", "ms"):
        size = round(_UNITS[unit] * 1000)
        if milliseconds % size == 0 and milliseconds:
            return f"{milliseconds // size}{unit}"
    return "0s"


Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(_written, when_used="json")]


class Section(BaseModel):
    """Unknown keys are errors; what a key means stands beneath it."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
