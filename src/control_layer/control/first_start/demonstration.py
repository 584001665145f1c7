"""What `--demo` sets up: the simulated provider's endpoint, its models for everyone, and a key to try them with."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from control_layer.control.api_keys.issuing import give_secret
from control_layer.control.api_keys.secret import KeySecret
from control_layer.control.config import Demo
from control_layer.control.first_start.administrator import ensure_administrator
from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.control.simulated.endpoint import connect_simulated
from control_layer.store.authorship import Author
from control_layer.store.tables import ApiKey

__all__ = ["set_up_demonstration"]

_KEY = "demo"


async def set_up_demonstration(services: Services, demo: Demo) -> None:
    """Done at each start: the key's secret is new. Raises as `connect_simulated` does."""
    author = Author.system("demonstration")
    await connect_simulated(services, author, grant_to_everyone=True)
    async with transaction(services, author) as session:
        administrator = await ensure_administrator(session, services)
        mine = ApiKey.user_id == administrator.id
        known = select(ApiKey).where(mine, ApiKey.name == _KEY, ApiKey.deleted_at.is_(None), ~ApiKey.hidden)
        key = (await session.execute(known)).scalar_one_or_none()
        if key is None:
            key = ApiKey(
                id=uuid.uuid4(),
                name=_KEY,
                description="Made by control-layer serve --demo; it gets a new secret at each start.",
                user_id=administrator.id,
                created_by=administrator.id,
            )
            session.add(key)
        secret = KeySecret(demo.api_key)
        give_secret(key, secret, to=administrator.id, seal=services.key_secrets, now=services.now())
