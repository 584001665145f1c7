"""What the scripts here have in common: errors, told as the tests compare them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["error_of"]


def error_of(call: Callable[[], Any]) -> list[Any] | None:
    """The name of the class and the status of what it raises."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - which one it is is what the test asks
        return [type(error).__name__, getattr(error, "status_code", None)]
    return None
