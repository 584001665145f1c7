"""Why an instance does not start, in words for the person who started it."""

from __future__ import annotations

__all__ = ["CannotStart"]


class CannotStart(Exception):
    """Nothing was left running. The message says why and what to do next."""
