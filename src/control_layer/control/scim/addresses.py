"""Where things are found, for `meta.location` and references."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import Depends

from control_layer.control.request_context import Served
from control_layer.control.scim.errors import PREFIX

__all__ = ["BaseUrl", "id_of"]


def _base_url(services: Served) -> str:
    # From the settings: a `Host` could be anybody's.
    return services.settings.dashboard_url.rstrip("/") + PREFIX


BaseUrl = Annotated[str, Depends(_base_url)]
"""The root of SCIM, without a slash at its end."""


def id_of(text: str) -> uuid.UUID | None:
    """The id in a path; `None` for what cannot be one, which is a resource that does not exist (RFC 7644, 3.12)."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
