"""Many grants at once."""

from __future__ import annotations

import uuid
from typing import Annotated

from pydantic import Field

from control_layer.control.schema import Flag, Input, Output

__all__ = ["GrantsChanged", "ManyGrants"]


class ManyGrants(Input):
    """Every one of the groups, with every one of the models."""

    groups: Annotated[list[uuid.UUID], Field(min_length=1)]
    models: Annotated[list[uuid.UUID], Field(min_length=1)]
    granted: Flag
    """Whether their members may use them from now on."""


class GrantsChanged(Output):
    """It is in force."""

    changed: int
    """How many grants came, or went; what was so before is not counted."""
