"""`responses.*`: responses of the Responses API that are stored where their provider does not keep them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from control_layer.settings.section import Duration, Section

__all__ = ["Responses"]


class Responses(Section):
    """Responses that requests may go on from."""

    enabled: bool = True
    """Store those of translated requests, unless a request says `store: false`; if not, none is stored."""
    max_age: Annotated[Duration, Field(ge=timedelta(hours=1))] | None = timedelta(days=30)
    """How long they are kept, an hour at least; `None`: until their owners delete them."""
