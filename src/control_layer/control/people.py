"""Whose account a path speaks of: a user's id, or `current` where the contract lets a caller say it (§1.2)."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import Depends, Path

from control_layer.control.request_context import Caller

__all__ = ["Owner"]


def _owner(user_id: Annotated[uuid.UUID | Literal["current"], Path()], caller: Caller) -> uuid.UUID:
    return caller.id if user_id == "current" else user_id


Owner = Annotated[uuid.UUID, Depends(_owner)]
"""The path parameter `user_id`, with `current` resolved to the caller."""
