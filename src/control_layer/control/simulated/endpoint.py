"""The endpoint of this host's simulated provider: the one that has its key, whatever it is called."""

from __future__ import annotations

import uuid
from contextlib import suppress

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.contract.sealing import CannotOpen
from control_layer.control.endpoints.dialect import Options
from control_layer.control.endpoints.provider_url import origin_of
from control_layer.control.first_start.connected_source import Source, connect_source
from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.store.authorship import Author
from control_layer.store.tables import NIL, Endpoint

__all__ = ["connect_simulated", "settle"]

_NAME = "Simulated provider"


async def connect_simulated(
    services: Services, author: Author, *, grant_to_everyone: bool, created_by: uuid.UUID = NIL
) -> uuid.UUID:
    """Makes its endpoint with its models, or brings both up to date; the endpoint's id. It must run.

    Raises as `connect_source` does.
    """
    here = services.simulation.here
    if here is None:
        raise ValueError("there is no simulated provider to connect")
    async with transaction(services) as session:
        known = await _endpoint_with(session, services, here.key)
    source = Source(
        name=_NAME if known is None else known.name,
        url=here.url,
        credential=here.key,
        grant_to_everyone=grant_to_everyone,
        options=Options(native_apis=["chat_completions", "messages", "responses"]),
        created_by=created_by,
    )
    return await connect_source(services, source, author)


async def settle(services: Services) -> None:
    """Tells its endpoint where it is after a start; where there is no such endpoint any more, ends it.

    Raises `ControlError` while the database is away.
    """
    simulation = services.simulation
    async with simulation.changing:
        here = simulation.here
        if here is None:
            return
        async with transaction(services, Author.system("simulated-provider")) as session:
            endpoint = await _endpoint_with(session, services, here.key)
            if endpoint is not None and origin_of(endpoint.url) != origin_of(here.url):
                # The rest of it is the endpoint's own: it may be connected in another provider's dialect.
                endpoint.url = origin_of(here.url) + endpoint.url.removeprefix(origin_of(endpoint.url))
        if endpoint is None and not simulation.pinned:
            await simulation.end()


async def _endpoint_with(session: AsyncSession, services: Services, key: str) -> Endpoint | None:
    # A credential goes to its origin only: who takes the endpoint elsewhere takes the key out of it.
    for endpoint in await session.scalars(select(Endpoint).where(Endpoint.sealed_credential.is_not(None))):
        assert endpoint.sealed_credential is not None
        with suppress(CannotOpen):
            if services.provider_credentials.open(endpoint.sealed_credential, str(endpoint.id)) == key:
                return endpoint
    return None
