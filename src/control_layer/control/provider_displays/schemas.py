"""The display of a provider (§4.20)."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import Field

from control_layer.control.schema import Output

__all__ = ["ProviderDisplay"]


class ProviderDisplay(Output):
    """A provider that models name in their metadata."""

    provider_key: str = Field(description="The provider's name, trimmed and in lower case.")
    display_name: str
    icon: str | None
    model_count: int
    configured: bool = Field(description="Whether somebody said how to show it; in this release nobody can.")
    created_by: uuid.UUID | None
    created_at: datetime | None
    updated_at: datetime | None

    @classmethod
    def found(cls, provider_key: str, display_name: str, model_count: int) -> ProviderDisplay:
        """Of a provider known from models only."""
        return cls(
            provider_key=provider_key,
            display_name=display_name,
            icon=None,
            model_count=model_count,
            configured=False,
            created_by=None,
            created_at=None,
            updated_at=None,
        )
