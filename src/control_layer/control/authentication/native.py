"""Whether e-mail and password are a way in at all."""

from __future__ import annotations

from control_layer.control.errors import invalid
from control_layer.control.services import Services

__all__ = ["require_native"]


def require_native(services: Services) -> None:
    """Raises 400 where it is switched off."""
    if not services.settings.auth.native.enabled:
        raise invalid("Native authentication is disabled", code="native_disabled")
