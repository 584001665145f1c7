"""Work that is done again and again beside everything else, such as erasing what has expired."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from control_layer.control.errors import ControlError
from control_layer.control.services import Services

__all__ = ["periodically"]

_log = structlog.get_logger(__name__)


async def periodically(
    work: Callable[[Services], Awaitable[object]], services: Services, *, every_seconds: float
) -> None:
    """Does `work` at once and then at intervals, until cancelled; a database that is away is waited out."""
    while True:
        try:
            await work(services)
        except ControlError as error:
            _log.warning("periodic_work_failed", work=work.__name__, reason=error.message, retry_seconds=every_seconds)
        await asyncio.sleep(every_seconds)
