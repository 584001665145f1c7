"""Everything a start sets up, one host at a time."""

from __future__ import annotations

from sqlalchemy import text

from control_layer.control.first_start.administrator import ensure_administrator
from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.control.system_key import ensure_system_key
from control_layer.store.authorship import Author

__all__ = ["seed"]

_LOCK = 0x73656564  # "seed", the key of the advisory lock


async def seed(services: Services) -> None:
    """Starting twice changes nothing but the administrator's password. Raises `ControlError`."""
    async with transaction(services, Author.system("first-start")) as session:
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        await ensure_administrator(session, services)
        await ensure_system_key(session, services.system_key)
