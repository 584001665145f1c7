"""What one request carries: its transaction and its caller. Handlers take them by type."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import Depends
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from control_layer.control.database_errors import translated
from control_layer.control.errors import TryLater, not_authenticated
from control_layer.control.principal import Principal
from control_layer.control.services import Services
from control_layer.store.authorship import Author, sign

__all__ = ["Caller", "Database", "RequestContext", "Served", "context_of", "services_of", "transaction"]

_log = structlog.get_logger(__name__)
_SCOPE_KEY = "control_layer"


@dataclass(slots=True)
class RequestContext:
    """One request's own."""

    session: AsyncSession
    principal: Principal | None = None

    def attach(self, request: HTTPConnection) -> None:
        """Makes it what `context_of` finds."""
        request.scope[_SCOPE_KEY] = self


def context_of(request: HTTPConnection) -> RequestContext:
    """The context that `route` made."""
    context = request.scope[_SCOPE_KEY]
    assert isinstance(context, RequestContext)
    return context


def services_of(request: HTTPConnection) -> Services:
    """The parts the application was built with."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


@asynccontextmanager
async def transaction(services: Services, author: Author | None = None) -> AsyncIterator[AsyncSession]:
    """A session whose work is committed at the end of the block. A database failure leaves it as a `ControlError`.

    No connection is held before the first statement. Changes are `author`'s, or of whoever signs the session.
    """
    async with services.database() as session:
        if author is not None:
            sign(session, author)
        try:
            yield session
            await session.commit()
        except (SQLAlchemyError, ConnectionError) as error:
            answer = translated(error)
            if isinstance(answer, TryLater):
                _log.warning("database_unavailable", error=type(error).__name__)
            elif answer.status >= 500:
                _log.error("database_failure", exc_info=True)
            raise answer from error


def _session(request: HTTPConnection) -> AsyncSession:
    return context_of(request).session


def _principal(request: HTTPConnection) -> Principal:
    principal = context_of(request).principal
    if principal is None:
        raise not_authenticated()
    return principal


Database = Annotated[AsyncSession, Depends(_session)]
"""The request's transaction: committed by `route` when the handler has returned."""

Caller = Annotated[Principal, Depends(_principal)]
"""Who is calling. Only on routes that are not public."""

Served = Annotated[Services, Depends(services_of)]
"""The long-lived parts."""
