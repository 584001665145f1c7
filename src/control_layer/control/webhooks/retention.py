"""Erases messages that are older than they are kept, a thousand at a time, on every host."""

from __future__ import annotations

from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.control.webhooks.queries import delete_deliveries

__all__ = ["erase_old_deliveries"]

_BATCH = 1000


async def erase_old_deliveries(services: Services) -> None:
    """Erases what is too old at this moment, delivered or not. Raises `ControlError`."""
    before = services.now() - services.settings.background_services.notifications.webhooks.delivery_retention
    gone = _BATCH
    while gone == _BATCH:
        async with transaction(services) as session:
            gone = await delete_deliveries(session, before=before, limit=_BATCH)
