"""After a change of `secret_key`: what earlier keys have sealed is sealed anew with the current one.

Runs once at each start, beside everything else and a batch at a time. A value that opens with no known key stays as it
is, and is named in the log: its row can be mended, and costs nobody else anything.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from control_layer.contract.sealing import CannotOpen, Seal
from control_layer.control.errors import ControlError
from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.store.authorship import Author
from control_layer.store.tables import ApiKey, Endpoint, Guardrail, Webhook

__all__ = ["reseal"]

_log = structlog.get_logger(__name__)
_BATCH = 200
"""Opening and sealing takes some 10 µs a value: a batch holds up the event loop for milliseconds."""
_RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A column of sealed values. Their context is the row's id; `name` says to people which row it is."""

    what: str
    table: type[ApiKey] | type[Endpoint] | type[Guardrail] | type[Webhook]
    column: InstrumentedAttribute[bytes | None] | InstrumentedAttribute[bytes]
    name: InstrumentedAttribute[str]
    seal: Seal


def _columns(services: Services) -> tuple[_Sealed, ...]:
    credentials, secrets = services.provider_credentials, services.key_secrets
    return (
        _Sealed("endpoint", Endpoint, Endpoint.sealed_credential, Endpoint.name, credentials),
        _Sealed("api_key", ApiKey, ApiKey.hidden_secret, ApiKey.name, secrets),
        _Sealed("api_key", ApiKey, ApiKey.pending_secret, ApiKey.name, secrets),
        _Sealed("webhook", Webhook, Webhook.sealed_secret, Webhook.scope, services.webhook_secrets),
        _Sealed("guardrail", Guardrail, Guardrail.sealed_secret, Guardrail.name, services.guardrail_secrets),
    )


async def reseal(services: Services, *, batch: int = _BATCH) -> None:
    """Brings every sealed value to the current key. While the database is away it waits and goes on."""
    for sealed in _columns(services):
        resealed, after = 0, uuid.UUID(int=0)
        while True:
            try:
                rows, done = await _batch(services, sealed, after, batch)
            except ControlError as error:
                _log.warning("not_resealed_yet", reason=error.message, retry_seconds=_RETRY_SECONDS)
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            resealed += done
            if not rows:
                break
            after = rows[-1].id
        if resealed:
            _log.info("resealed", what=sealed.what, column=sealed.column.key, values=resealed)


async def _batch(
    services: Services, sealed: _Sealed, after: uuid.UUID, limit: int
) -> tuple[Sequence[Row[*tuple[Any, ...]]], int]:
    """The next rows behind `after` whose value is of an earlier key, and how many of them are of the current one now.

    Raises `ControlError`.
    """
    column, table, done = sealed.column, sealed.table, 0
    async with transaction(services, Author.system("resealing")) as session:
        rows = (await session.execute(_outdated(sealed).where(table.id > after).limit(limit))).all()
        for row in rows:
            try:
                value = sealed.seal.resealed(row.value, str(row.id))
            except CannotOpen as error:
                _log.error("sealed_value_unreadable", **{sealed.what: row.name}, id=str(row.id), reason=str(error))
                continue
            # Only in place of what was read: a value that was set meanwhile is newer.
            statement = update(table).where(table.id == row.id, column == row.value).values({column: value})
            await session.execute(statement, execution_options={"synchronize_session": False})
            done += 1
    return rows, done


def _outdated(sealed: _Sealed) -> Select[*tuple[Any, ...]]:
    column, mark = sealed.column, sealed.seal.mark
    return (
        select(sealed.table.id, sealed.name.label("name"), column.label("value"))
        .where(column.is_not(None), func.substr(column, 1, len(mark)) != mark)
        .order_by(sealed.table.id)
    )
