"""The configuration's `model_sources`: each connected once, at the first start that reaches it, and never again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from control_layer.control.endpoints.dialect import Options
from control_layer.control.endpoints.discovery import DiscoveryFailed
from control_layer.control.endpoints.provider_url import BadProviderUrl
from control_layer.control.errors import ControlError
from control_layer.control.first_start.connected_source import Source, connect_source
from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.settings import ModelSource
from control_layer.store.authorship import Author
from control_layer.store.tables import Seeded

__all__ = ["connect_model_sources"]

_log = structlog.get_logger(__name__)
_RETRY_SECONDS = 15.0


async def connect_model_sources(services: Services) -> None:
    """Connects what has not been connected yet, and goes on trying while a provider does not answer."""
    missing = await _missing(services, services.settings.model_sources)
    while missing:
        missing = [source for source in missing if not await _connected(services, source)]
        if missing:
            await asyncio.sleep(_RETRY_SECONDS)


async def _missing(services: Services, sources: Iterable[ModelSource]) -> list[ModelSource]:
    async with transaction(services) as session:
        done = set((await session.execute(select(Seeded.name))).scalars())
    return [source for source in sources if _mark(source) not in done]


async def _connected(services: Services, source: ModelSource) -> bool:
    try:
        credential = None if source.api_key is None else source.api_key.get_secret_value()
        options = None if source.options is None else Options(**source.options.model_dump())
        found = Source(
            name=source.name,
            url=source.url,
            credential=credential,
            grant_to_everyone=source.grant_to_everyone,
            dialect=source.dialect,
            options=options,
        )
        await connect_source(services, found, Author.system("model-sources"))
        async with transaction(services) as session:
            await session.execute(insert(Seeded).values(name=_mark(source)).on_conflict_do_nothing())
    except (DiscoveryFailed, BadProviderUrl, ControlError) as error:
        _log.warning("model_source_not_connected", source=source.name, reason=str(error), retry_seconds=_RETRY_SECONDS)
        return False
    _log.info("model_source_connected", source=source.name)
    return True


def _mark(source: ModelSource) -> str:
    return f"model_source:{source.name}"
