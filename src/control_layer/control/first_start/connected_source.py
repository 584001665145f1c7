"""A model source that a start connects: its endpoint's row, its models, and Everyone's grants of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.contract.dialects import DialectName
from control_layer.control.endpoints import queries
from control_layer.control.endpoints.connection import new_endpoint, provider_of, speak
from control_layer.control.endpoints.dialect import Options, checked_dialect, checked_options
from control_layer.control.endpoints.discovery import discover
from control_layer.control.endpoints.provider_url import normalised
from control_layer.control.endpoints.synchronisation import synchronise
from control_layer.control.grants.queries import add_grant
from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.store.authorship import Author
from control_layer.store.tables import NIL, Endpoint

__all__ = ["Source", "connect_source"]

_DISCOVER_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is known of it beforehand."""

    name: str
    url: str
    credential: str | None = field(repr=False)
    grant_to_everyone: bool
    dialect: DialectName | None = None
    """`None`: what its address is known for."""
    options: Options | None = None
    created_by: uuid.UUID = NIL


async def connect_source(services: Services, source: Source, author: Author) -> uuid.UUID:
    """Makes or renews the endpoint of that name and brings its models in, past aliases that others have; its id.

    Raises `DiscoveryFailed` and `BadProviderUrl`, which leave nothing behind, and `ControlError`.
    """
    endpoint = new_endpoint(source.name, created_by=source.created_by)
    endpoint.url = normalised(source.url)
    _set_dialect(endpoint, source)
    _set_credential(endpoint, source.credential, services)
    provider = provider_of(endpoint, services.provider_credentials)
    listed = await discover(provider, timeout_seconds=_DISCOVER_SECONDS, ca_file=services.settings.gateway.ca_bundle)
    async with transaction(services, author) as session:
        known = await _endpoint_named(session, source.name)
        if known is not None:
            known.url = endpoint.url
            _set_dialect(known, source)
            _set_credential(known, source.credential, services)
            endpoint = known
        else:
            session.add(endpoint)
        await session.flush()
        await synchronise(session, endpoint, [model.id for model in listed])
        endpoint.synced_at = services.now()
        if source.grant_to_everyone:
            for model in await queries.hosted_models(session, endpoint.id):
                if not model.deleted:
                    await add_grant(session, NIL, model.id)
    return endpoint.id


def _set_dialect(endpoint: Endpoint, source: Source) -> None:
    speak(endpoint, checked_dialect(source.dialect, endpoint.url))
    endpoint.options = checked_options(endpoint.dialect, source.options)


def _set_credential(endpoint: Endpoint, credential: str | None, services: Services) -> None:
    sealed = None if credential is None else services.provider_credentials.seal(credential, str(endpoint.id))
    endpoint.sealed_credential = sealed


async def _endpoint_named(session: AsyncSession, name: str) -> Endpoint | None:
    return (await session.execute(select(Endpoint).where(Endpoint.name == name).with_for_update())).scalar_one_or_none()
